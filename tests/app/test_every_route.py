"""Every route names who may use it, and lets nobody else in."""

from __future__ import annotations

import re

import httpx

from app.auth.access import every_route, public_reason, roles_of
from app.auth.identity import Role
from app.main import create_app
from app.settings import Settings
from tests.app.running import RunningServer

DOORS = ("native", "twilio", "asterisk", "freeswitch", "jambonz", "audiohook")
SOCKETS = {"/v1/events", "/v1/calls/{call_id}/sound", *(f"/v1/stream/{door}" for door in DOORS)}
"""Accepted first and refused with a code of their own: test_stream.py, test_events.py and test_doors.py hold them."""
UNMARKED = {"/static"}
"""Files without contents of calls."""


def routes() -> list[tuple[str, str, frozenset[Role] | None, str | None]]:
    """Return (method, path, roles, reason to be open) of every route."""
    app = create_app(Settings())
    return [
        (method, route.path or "", roles_of(route), public_reason(route))
        for route in every_route(app.routes)
        if route.path not in UNMARKED | SOCKETS
        for method in sorted(set(route.methods or {"GET"}) - {"HEAD", "OPTIONS"})
    ]


def test_every_route_names_its_roles_or_says_why_it_is_open() -> None:
    silent = [(method, path) for method, path, roles, reason in routes() if not (roles or reason)]

    assert silent == []
    assert len(routes()) >= 15


def test_no_route_of_calls_is_open_to_administrators_or_telephones() -> None:
    about_calls = [
        (path, roles)
        for _, path, roles, _ in routes()
        if path.startswith(("/v1/calls", "/v1/alerts", "/calls"))
    ]

    assert about_calls
    for path, roles in about_calls:
        assert roles is not None, path
        assert not roles & {Role.ADMINISTRATOR, Role.STREAM}, path


async def ask(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    filled = re.sub(r"\{[a-z_]*id[^}]*\}", "1", path)
    return await client.request(method, filled, headers={"Accept": "application/json"})


async def test_every_role_is_let_in_where_it_is_named_and_nowhere_else(
    server: RunningServer,
) -> None:
    wrong = []
    for role in Role:
        async with server.client(await server.token(role)) as client:
            for method, path, roles, reason in routes():
                if reason is not None:
                    continue
                answer = await ask(client, method, path)
                refused = "role_not_allowed" in answer.text
                if refused is (role in (roles or ())):
                    wrong.append((role.value, method, path, answer.status_code))

    assert wrong == []


async def test_nobody_is_let_in_without_signing_in(server: RunningServer) -> None:
    open_doors = []
    async with httpx.AsyncClient(base_url=server.url) as client:
        for method, path, _, reason in routes():
            if reason is not None:
                continue
            answer = await ask(client, method, path)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                open_doors.append((method, path, answer.status_code))

    assert open_doors == []


async def test_whoever_signs_in_anew_is_led_back_to_a_page_and_never_to_where_a_form_went(
    server: RunningServer,
) -> None:
    async with httpx.AsyncClient(base_url=server.url, headers={"Accept": "text/html"}) as client:
        page = await client.get("/measures")
        form = await client.post("/measures/3/approve")

    assert page.headers["location"] == "/login?next=%2Fmeasures"
    assert form.headers["location"] == "/login"


async def test_no_page_names_what_broke_inside(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answers = [
            await client.get("/nowhere", headers={"Accept": "text/html"}),
            await client.get("/v1/nowhere"),
            await client.delete("/login"),
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 405]
    assert all("Traceback" not in answer.text for answer in answers)
