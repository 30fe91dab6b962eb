"""Browsers: the cookie, how long it holds, what ends it, and what other sites cannot do with it."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import Depends, WebSocket
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
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
from app.auth.credentials import hash_of
from app.auth.identity import Role
from app.auth.names import PEOPLE
from app.auth.origins import from_own_pages, local_path
from app.db import Database
from app.errors import NotAllowed
from app.models import BrowserSession
from app.settings import Settings
from tests.app.small_office import HOST, PASSWORD, Office, open_office
from tests.fakes_clock import FakeClock

# The cookie


async def test_the_cookie_is_for_this_server_alone_and_for_no_script(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)

    answer = await office.browser().sign_in("tanaka", PASSWORD)

    name_and_value, *attributes = answer.headers["set-cookie"].split("; ")
    assert answer.status_code == 303
    assert name_and_value.startswith(f"{COOKIE}=")
    # Neither age nor domain: it goes with the browser and to nobody else.
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=lax"]


async def test_behind_tls_the_cookie_travels_over_tls_only(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    behind_tls = settings.model_copy(update={"public_url": f"https://{HOST}"})
    office = open_office(behind_tls, database, clock)
    await office.person("tanaka", Role.OPERATOR)
    browser = office.browser(scheme="https")

    signed_in = await browser.sign_in("tanaka", PASSWORD)
    signed_out = await browser.post("/logout")

    assert "Secure" in signed_in.headers["set-cookie"].split("; ")
    assert "Secure" in signed_out.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(
    ("role", "page"),
    [
        (Role.OPERATOR, "/calls"),
        (Role.SUPERVISOR, "/calls"),
        (Role.AUDITOR, "/calls"),
        (Role.ADMINISTRATOR, "/admin"),
    ],
)
async def test_everybody_arrives_where_they_work(office: Office, role: Role, page: str) -> None:
    browser = await office.signed_in("tanaka", role)

    again = await browser.get("/login")

    assert (again.status_code, again.headers["location"]) == (303, page)


async def test_a_link_leads_on_after_signing_in_but_never_to_another_site(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)
    fields = {"login": "tanaka", "password": PASSWORD}

    asked = await office.browser().get("/login?next=/calls/c-1")
    here = await office.browser().post("/login", {**fields, "next": "/calls/c-1"})
    away = await office.browser().post("/login", {**fields, "next": "//evil.example/"})

    assert 'name="next" value="/calls/c-1"' in asked.text
    assert here.headers["location"] == "/calls/c-1"
    assert away.headers["location"] == "/calls"


async def test_unknown_wrong_and_disabled_are_told_the_same(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)
    gone = await office.person("yamada", Role.OPERATOR)
    await office.administration.disable_user(gone)

    answers = [
        await office.browser().sign_in(login, password)
        for login, password in (
            ("nobody", PASSWORD),
            ("tanaka", "wrong"),
            ("yamada", PASSWORD),
            ("tanaka", "x" * 5_000),
            ("", ""),
        )
    ]

    assert {answer.status_code for answer in answers} == {401}
    pages = {
        answer.text.replace(f'value="{login}"', "value")
        for answer, login in zip(answers, ("nobody", "tanaka", "yamada", "tanaka", ""), strict=True)
    }
    assert len(pages) == 1
    assert "ログイン名またはパスワードが違います。" in pages.pop()


# How long it holds


async def test_a_session_lives_from_use_to_use_and_ends_when_it_is_left_alone(
    office: Office,
) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    answers = []

    for hours in (11, 11, 12):
        office.clock.advance(hours=hours)
        answers.append((await browser.get("/calls")).status_code)

    assert answers == [200, 200, 303]


async def test_use_is_written_once_a_minute(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    seen = []

    for seconds in (0, 30, 29, 1, 30):
        office.clock.advance(seconds=seconds)
        await browser.get("/calls")
        seen.append((await _sessions(office))[0].last_seen_at)

    assert seen[0] == seen[1] == seen[2] != seen[3] == seen[4]


async def test_sessions_that_are_over_are_not_kept(office: Office) -> None:
    await office.signed_in("tanaka", Role.OPERATOR)
    office.clock.advance(hours=12)

    await office.signed_in("sato", Role.OPERATOR)

    assert len(await _sessions(office)) == 1


async def test_signing_in_again_ends_the_session_before(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    before = browser.client.cookies[COOKIE]

    await browser.sign_in("tanaka", PASSWORD)

    assert browser.client.cookies[COOKIE] != before
    assert [one.secret_hash for one in await _sessions(office)] == [
        hash_of(browser.client.cookies[COOKIE])
    ]


# What ends it


async def test_after_signing_out_a_kept_cookie_is_worth_nothing(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    kept = browser.client.cookies[COOKIE]

    left = await browser.post("/logout")
    thief = office.browser()
    thief.client.cookies.set(COOKIE, kept)
    answer = await thief.get("/calls")

    assert left.headers["location"] == "/login"
    assert COOKIE not in browser.client.cookies
    assert answer.headers["location"] == "/login"


async def test_disabling_somebody_ends_their_session_at_once(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    user = await office.administration.user_named("tanaka")

    await office.administration.disable_user(user.id)
    turned_away = await browser.get("/calls")
    await office.administration.enable_user(user.id)
    still = await browser.get("/calls")

    assert turned_away.headers["location"] == "/login"
    assert still.headers["location"] == "/login"


async def test_resetting_a_password_ends_its_sessions(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    user = await office.administration.user_named("tanaka")

    await office.administration.reset_password(user.id)

    assert (await browser.get("/calls")).headers["location"] == "/login"


async def test_changing_the_password_ends_the_other_sessions_only(office: Office) -> None:
    here = await office.signed_in("tanaka", Role.OPERATOR)
    elsewhere = office.browser()
    await elsewhere.sign_in("tanaka", PASSWORD)
    new = "a quite different phrase"

    changed = await here.post("/password", {"current": PASSWORD, "new": new, "again": new})

    assert "パスワードを変更しました。" in changed.text
    assert (await here.get("/calls")).status_code == 200
    assert (await elsewhere.get("/calls")).headers["location"] == "/login"


async def test_another_role_counts_from_the_next_request_on(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    user = await office.administration.user_named("tanaka")

    await office.administration.change_user(user.id, role=Role.AUDITOR)

    assert (await browser.get("/calls")).status_code == 403
    assert (await browser.get("/v1/me")).json()["role"] == "auditor"


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


async def _sessions(office: Office) -> list[BrowserSession]:
    async with office.database.transaction() as session:
        return list(await session.scalars(select(BrowserSession)))


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

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
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
    await office.app(scope, receive, send)
    return next(str(message["text"]) for message in sent if message["type"] == "websocket.send")
