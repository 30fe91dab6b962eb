"""What other sites cannot do with a visitor's browser, and what routes say about who may use them."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from app.auth.access import (
    COOKIE,
    admits,
    every_route,
    identify,
    public_reason,
    requires,
    roles_of,
)
from app.auth.identity import Role
from app.auth.names import PEOPLE
from app.auth.origins import from_own_pages, local_path
from app.errors import NotAllowed
from app.screens.screen_ws import Screen
from tests.app.small_office import HOST, PASSWORD, Browser, Office

# What other sites cannot do


@pytest.mark.parametrize(
    "sent", [{"csrf_token": ""}, {"csrf_token": "made-up"}, {"csrf_token": "鍵"}]
)
async def test_a_form_without_the_right_csrf_token_changes_nothing(
    office: Office, sent: dict[str, str]
) -> None:
    browser = await office.signed_in("suzuki", Role.ADMINISTRATOR)

    answer = await browser.post("/admin/tokens", {"name": "x", "role": "stream", **sent})

    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")
    assert await office.administration.tokens() == []


async def test_the_csrf_token_of_somebody_else_will_not_do(office: Office) -> None:
    mine = await office.signed_in("suzuki", Role.ADMINISTRATOR)
    theirs = await office.signed_in("tanaka", Role.OPERATOR)

    answer = await mine.post("/logout", {"csrf_token": theirs.csrf_token})

    assert answer.json()["code"] == "csrf_refused"


async def test_a_script_of_ours_sends_the_csrf_token_in_a_header(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)

    without = await browser.client.post("/v1/notes", json={"text": "x"})
    with_it = await browser.client.post(
        "/v1/notes", json={"text": "x"}, headers={"X-CSRF-Token": browser.csrf_token}
    )

    assert without.json()["code"] == "csrf_refused"
    assert with_it.json() == {"text": "x"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{HOST}:8080"},
        {"Origin": f"http://{HOST}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_sites_form_is_refused_whatever_it_knows(
    office: Office, headers: dict[str, str]
) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    stranger = office.browser()

    action = await browser.post("/logout", None, **headers)
    sign_in = await stranger.sign_in("tanaka", PASSWORD, **headers)

    assert (action.status_code, action.json()["code"]) == (403, "cross_site")
    assert (sign_in.status_code, sign_in.json()["code"]) == (403, "cross_site")
    assert COOKIE not in stranger.client.cookies


async def test_a_form_larger_than_any_of_ours_is_not_read(office: Office) -> None:
    answer = await office.browser().post("/login", {"login": "x", "password": "x" * 70_000})

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("origin", "fetch_site", "host", "ours"),
    [
        ("https://mimamori.city.example", None, "internal:8000", True),
        ("http://mimamori.city.example", None, "internal:8000", False),
        ("http://127.0.0.1:8000", None, "127.0.0.1:8000", True),
        ("http://localhost:8000", None, "127.0.0.1:8000", False),
        ("https://proxy.example", None, "proxy.example", True),
        ("https://proxy.example", None, "proxy.example:443", True),
        ("http://[::1]:8000", None, "[::1]:8000", True),
        ("https://other.example", "same-origin", "internal:8000", True),
        ("https://mimamori.city.example", "cross-site", "mimamori.city.example", False),
        (None, "none", "internal:8000", True),
        (None, None, "internal:8000", True),
        ("null", None, "internal:8000", False),
        ("file://", None, "internal:8000", False),
        ("http://a@internal:8000", None, "internal:8000", False),
        ("http://internal:99999", None, "internal:8000", False),
        ("http://internal:8000", None, None, False),
    ],
)
def test_a_request_is_ours_by_public_address_or_by_the_host_it_went_to(
    origin: str | None, fetch_site: str | None, host: str | None, *, ours: bool
) -> None:
    verdict = from_own_pages(
        origin=origin,
        fetch_site=fetch_site,
        host=host,
        public_url="https://mimamori.city.example",
    )

    assert verdict is ours


@given(st.text(max_size=60))
def test_no_text_makes_a_foreign_origin_ours(text: str) -> None:
    ours = from_own_pages(
        origin=text, fetch_site=None, host="mimamori.example", public_url="http://127.0.0.1:8000"
    )

    assert not ours


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[/\\]{1,3}[a-z.:@]{0,20}")))
def test_a_path_to_go_on_to_stays_on_this_server(text: str) -> None:
    path = local_path(text)

    assert path is None or (path.startswith("/") and path[1:2] not in ("/", "\\"))


# WebSockets


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"origin": f"http://{HOST}"}, "tanaka"),
        ({"origin": "https://evil.example"}, "cross_site"),
        ({}, "cross_site"),
        ({"origin": f"http://{HOST}", "sec-fetch-site": "cross-site"}, "cross_site"),
    ],
)
async def test_a_socket_with_a_cookie_opens_from_our_own_pages_only(
    office: Office, headers: dict[str, str], answer: str
) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    _add_socket(office)
    cookie = f"{COOKIE}={browser.client.cookies[COOKIE]}"

    told = await _open_socket(office, {**headers, "cookie": cookie})

    assert told == answer


async def test_a_socket_that_asks_again_learns_that_its_session_has_ended(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    _add_socket(office)
    headers = {"origin": f"http://{HOST}", "cookie": f"{COOKIE}={browser.client.cookies[COOKIE]}"}
    before = await _open_socket(office, headers)

    await browser.post("/logout")
    after = await _open_socket(office, headers)

    assert (before, after) == ("tanaka", "nobody")


@pytest.mark.parametrize("change", ["section", "role", "disabled", "password", "signed out"])
async def test_an_open_screen_may_show_nothing_more_once_its_person_is_another(
    office: Office, change: str
) -> None:
    browser = await office.signed_in("tanaka", Role.SUPERVISOR, "市民課")
    user = await office.administration.user_named("tanaka")
    websocket = WebSocket(_scope_of(office, browser), _nothing, _to_nobody)
    identity = await identify(websocket)
    assert identity is not None
    screen = Screen(websocket, office.app.state.services, identity, None)
    before = await screen._still_allowed()

    match change:
        case "section":
            await office.administration.change_user(user.id, section="税務課")
        case "role":
            await office.administration.change_user(user.id, role=Role.AUDITOR)
        case "disabled":
            await office.person("suzuki", Role.ADMINISTRATOR)
            await office.administration.disable_user(user.id)
        case "password":
            await office.administration.reset_password(user.id)
        case _:
            await browser.post("/logout")

    assert (before, await screen._still_allowed()) == (True, False)


# What routes say about themselves


def test_every_route_names_its_roles_or_why_it_has_none(office: Office) -> None:
    @office.app.websocket("/v1/asks-inside", dependencies=[Depends(admits(Role.STREAM))])
    async def asks_inside(websocket: WebSocket) -> None:
        await websocket.accept()

    named = {
        (method, route.path): roles_of(route)
        for route in every_route(office.app.routes)
        for method in route.methods or {"WEBSOCKET"}
    }

    assert named["GET", "/admin"] == frozenset({Role.ADMINISTRATOR})
    assert named["DELETE", "/v1/tokens/{token_id}"] == frozenset({Role.ADMINISTRATOR})
    assert named["POST", "/logout"] == PEOPLE
    assert named["GET", "/v1/me"] == frozenset(Role)
    assert named["WEBSOCKET", "/v1/asks-inside"] == frozenset({Role.STREAM})
    assert {
        route.path
        for route in every_route(office.app.routes)
        if roles_of(route) is None and public_reason(route) is None
    } == {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc"}


def test_an_endpoint_cannot_forget_to_name_a_role() -> None:
    with pytest.raises(ValueError, match="roles"):
        requires()


def _add_socket(office: Office) -> None:
    @office.app.websocket("/v1/who")
    async def who(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            identity = await identify(websocket)
        except NotAllowed as refused:
            await websocket.send_text(refused.code)
        else:
            await websocket.send_text(identity.login if identity is not None else "nobody")
        await websocket.close()


async def _open_socket(office: Office, headers: dict[str, str]) -> str:
    """Open ``/v1/who`` as a server would, without one, and return what it says."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await office.app(_scope(headers), _nothing, send)
    return next(str(message["text"]) for message in sent if message["type"] == "websocket.send")


def _scope_of(office: Office, browser: Browser) -> dict[str, Any]:
    cookie = f"{COOKIE}={browser.client.cookies[COOKIE]}"
    return {**_scope({"origin": browser.origin, "cookie": cookie}), "app": office.app}


async def _nothing() -> Message:
    return {"type": "websocket.connect"}


async def _to_nobody(_message: Message) -> None:
    return None


def _scope(headers: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "websocket",
        "path": "/v1/who",
        "raw_path": b"/v1/who",
        "root_path": "",
        "query_string": b"",
        "scheme": "ws",
        "subprotocols": [],
        "client": ("192.0.2.10", 50_000),
        "headers": [
            (name.encode(), value.encode()) for name, value in {"host": HOST, **headers}.items()
        ],
    }
