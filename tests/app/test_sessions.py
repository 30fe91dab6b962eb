"""Browsers: the cookie, how long it holds and what ends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import select, update

from app.auth.access import (
    COOKIE,
)
from app.auth.credentials import hash_of
from app.auth.identity import Role
from app.auth.passwords import PasswordCheck, PasswordHashing
from app.auth.service import Accounts
from app.db import Database
from app.errors import NotSignedIn
from app.models import BrowserSession, User
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


async def test_a_name_that_nobody_has_costs_the_same_check(office: Office) -> None:
    asked = Interrupted()
    accounts = Accounts(office.database, office.clock, office.settings.auth, hashing=asked)
    await office.person("tanaka", Role.OPERATOR)

    for login in ("tanaka", "nobody"):
        with pytest.raises(NotSignedIn):
            await accounts.sign_in(login, "wrong", address="")

    assert asked.checks == 2


async def test_an_account_that_is_closed_while_its_password_is_checked_stays_closed(
    office: Office,
) -> None:
    tanaka = await office.person("tanaka", Role.OPERATOR)

    async def close() -> None:
        await office.administration.disable_user(tanaka)

    accounts = Accounts(
        office.database, office.clock, office.settings.auth, hashing=Interrupted(close)
    )
    with pytest.raises(NotSignedIn):
        await accounts.sign_in("tanaka", PASSWORD, address="")

    assert await _sessions(office) == []


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


async def test_a_session_that_outlived_its_account_opens_nothing(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    async with office.database.transaction() as session:
        await session.execute(update(User).values(disabled_at=office.clock.now()))

    answer = await browser.get("/calls")

    assert len(await _sessions(office)) == 1
    assert answer.headers["location"] == "/login"


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


class Interrupted(PasswordHashing):
    """Counts the checks and lets something happen during each."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(memory_kib=8)
        self.checks = 0
        self._meanwhile = meanwhile

    async def check(self, password: str, stored: str | None) -> PasswordCheck:
        self.checks += 1
        if self._meanwhile is not None:
            await self._meanwhile()
        return await super().check(password, stored)


async def _sessions(office: Office) -> list[BrowserSession]:
    async with office.database.transaction() as session:
        return list(await session.scalars(select(BrowserSession)))
