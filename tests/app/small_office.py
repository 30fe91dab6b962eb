"""Glue: a small application with the real accounts in it, and browsers to visit it with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Final

import httpx
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from app.auth import endpoints, pages
from app.auth.access import public, requires
from app.auth.administration import Administration
from app.auth.identity import Identity, Role
from app.auth.passwords import PasswordHashing
from app.auth.service import Accounts
from app.db import Database
from app.errors import AppError, NotSignedIn
from app.settings import Settings
from tests.fakes_clock import FakeClock

HOST: Final = "mimamori.test"
PASSWORD: Final = "fields of green barley"

Operator = Annotated[Identity, Depends(requires(Role.OPERATOR))]


@dataclass(frozen=True, slots=True)
class Office:
    app: FastAPI
    settings: Settings
    database: Database
    clock: FakeClock
    accounts: Accounts
    administration: Administration

    def browser(self, *, address: str = "192.0.2.10", scheme: str = "http") -> Browser:
        return Browser(self.app, address=address, scheme=scheme)

    async def person(self, login: str, role: Role, section: str = "市民課") -> int:
        """Register somebody who has already chosen their password; return their id."""
        made = await self.administration.create_user(
            login=login, display_name=f"{login}さん", role=role, section=section
        )
        signed_in = await self.accounts.sign_in(
            login, made.one_time_password, address="192.0.2.250"
        )
        await self.accounts.change_password(
            signed_in.identity,
            secret=signed_in.secret,
            current=made.one_time_password,
            new=PASSWORD,
            address="192.0.2.250",
        )
        await self.accounts.sign_out(signed_in.secret)
        return made.user.id

    async def signed_in(self, login: str, role: Role, section: str = "市民課") -> Browser:
        await self.person(login, role, section)
        browser = self.browser()
        await browser.sign_in(login, PASSWORD)
        return browser


class Browser:
    """Keeps cookies, says where its forms come from, reads the CSRF token off the page; follows no redirect."""

    def __init__(self, app: FastAPI, *, address: str, scheme: str) -> None:
        self.origin = f"{scheme}://{HOST}"
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=(address, 50_000)),
            base_url=self.origin,
            headers={"Accept": "text/html"},
        )
        self.csrf_token = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return self._read(await self.client.get(path, headers=headers))

    async def post(
        self, path: str, fields: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        sent = {"csrf_token": self.csrf_token, **(fields or {})}
        return self._read(
            await self.client.post(path, data=sent, headers={"Origin": self.origin, **headers})
        )

    async def sign_in(self, login: str, password: str, **headers: str) -> httpx.Response:
        answer = await self.post("/login", {"login": login, "password": password}, **headers)
        if answer.status_code == 303:
            await self.get("/password")
        return answer

    def _read(self, answer: httpx.Response) -> httpx.Response:
        token = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
        if token is not None:
            self.csrf_token = token[1]
        return answer


def open_office(settings: Settings, database: Database, clock: FakeClock) -> Office:
    app = FastAPI()
    app.state.services = SimpleNamespace(settings=settings, database=database, clock=clock)
    # The least that Argon2 takes: nobody guesses here.
    hashing = PasswordHashing(memory_kib=8)
    accounts = Accounts(database, clock, settings.auth, hashing=hashing)
    app.state.accounts = accounts
    app.include_router(endpoints.router)
    app.include_router(pages.router)
    app.add_exception_handler(AppError, _render)

    @app.get("/calls")
    async def calls(identity: Operator) -> dict[str, str]:
        return {"login": identity.login}

    @app.post("/v1/notes")
    async def note(identity: Operator, body: dict[str, Any]) -> dict[str, Any]:
        return body

    @app.get("/healthz", dependencies=[Depends(public("it says nothing about anybody"))])
    async def health() -> str:
        return "ok"

    return Office(
        app=app,
        settings=settings,
        database=database,
        clock=clock,
        accounts=accounts,
        administration=Administration(database, clock, hashing=hashing),
    )


async def _render(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1"):
        if isinstance(error, NotSignedIn):
            return RedirectResponse("/login", 303)
        if error.code == "password_change_required":
            return RedirectResponse("/password", 303)
    return JSONResponse({"code": error.code, "message": error.message}, error.status)
