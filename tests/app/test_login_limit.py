"""Failed sign-ins: how many, from where, for how long, and what is remembered of them."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.identity import Role
from app.auth.login_limit import LoginLimit
from app.errors import NotSignedIn, TooMany
from app.settings import Settings
from tests.app.small_office import PASSWORD, Office

ATTEMPTS = Settings().auth.login_attempts
WINDOW_MS = 300_000


def _limit(keys: int = 100) -> LoginLimit:
    return LoginLimit(attempts=3, window_ms=WINDOW_MS, keys=keys)


def _fail(limit: LoginLimit, name: str, address: str, *at_ms: int) -> None:
    for now_ms in at_ms:
        limit.failed(name, address, now_ms)


# The count


def test_failures_of_one_name_add_up_whatever_the_address() -> None:
    limit = _limit()
    for last in range(3):
        limit.failed("tanaka", f"192.0.2.{last}", 0)

    assert limit.wait_ms("tanaka", "198.51.100.1", 1) == WINDOW_MS - 1
    assert limit.wait_ms("sato", "192.0.2.1", 1) == 0


def test_failures_of_one_address_add_up_whatever_the_name() -> None:
    limit = _limit()
    for name in ("a", "b", "c"):
        limit.failed(name, "192.0.2.1", 0)

    assert limit.wait_ms("tanaka", "192.0.2.1", 1) == WINDOW_MS - 1
    assert limit.wait_ms("tanaka", "192.0.2.2", 1) == 0


def test_an_office_behind_one_address_is_not_shut_out_by_one_forgetful_person() -> None:
    limit = LoginLimit(attempts=3, address_attempts=10, window_ms=WINDOW_MS)
    for _ in range(9):
        limit.failed("forgetful", "192.0.2.1", 0)
    others = limit.wait_ms("tanaka", "192.0.2.1", 1)
    limit.failed("guessed", "192.0.2.1", 0)

    assert limit.wait_ms("forgetful", "198.51.100.1", 1) == WINDOW_MS - 1
    assert others == 0
    assert limit.wait_ms("tanaka", "192.0.2.1", 1) == WINDOW_MS - 1


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_an_ipv6_line_counts_as_one_address(one: str, other: str, *, together: bool) -> None:
    limit = _limit()
    _fail(limit, "tanaka", one, 0, 0, 0)

    assert (limit.wait_ms("sato", other, 1) > 0) is together


def test_without_an_address_only_the_name_counts() -> None:
    limit = _limit()
    _fail(limit, "tanaka", "", 0, 0, 0)

    assert limit.wait_ms("tanaka", "", 1) > 0
    assert limit.wait_ms("sato", "", 1) == 0


def test_the_window_slides_with_the_oldest_failure() -> None:
    limit = _limit()
    _fail(limit, "tanaka", "", 0, 100_000, 200_000)

    assert limit.wait_ms("tanaka", "", 200_000) == 100_000
    assert limit.wait_ms("tanaka", "", 300_000) == 0
    limit.failed("tanaka", "", 300_000)
    assert limit.wait_ms("tanaka", "", 300_000) == 100_000


def test_success_clears_the_name_and_not_the_address() -> None:
    limit = _limit()
    _fail(limit, "tanaka", "192.0.2.1", 0, 0, 0)

    limit.succeeded("tanaka")

    assert limit.wait_ms("tanaka", "198.51.100.1", 1) == 0
    assert limit.wait_ms("tanaka", "192.0.2.1", 1) > 0


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 10_000)), max_size=200
    )
)
def test_memory_is_bounded_and_waiting_always_ends(failures: list[tuple[int, int, int]]) -> None:
    limit = _limit(keys=20)
    now_ms = 0

    for name, address, passed_ms in failures:
        now_ms += passed_ms
        limit.failed(f"name-{name}", f"192.0.2.{address}", now_ms)

    assert len(limit) <= 20
    assert all(
        0 <= limit.wait_ms(f"name-{name}", f"192.0.2.{address}", now_ms) <= WINDOW_MS
        and limit.wait_ms(f"name-{name}", f"192.0.2.{address}", now_ms + WINDOW_MS) == 0
        for name, address, _ in failures
    )


@given(st.lists(st.integers(0, 2 * WINDOW_MS), min_size=1, max_size=60))
def test_no_window_ever_sees_more_failures_than_attempts(at_ms: list[int]) -> None:
    limit = _limit()
    let_through: list[int] = []

    for now_ms in sorted(at_ms):
        if limit.wait_ms("tanaka", "192.0.2.1", now_ms) == 0:
            limit.failed("tanaka", "192.0.2.1", now_ms)
            let_through.append(now_ms)

    assert let_through
    assert all(
        later - earlier >= WINDOW_MS
        for earlier, later in zip(let_through, let_through[3:], strict=False)
    )


# At the door


@pytest.mark.parametrize("login", ["tanaka", "nobody"])
async def test_after_the_last_attempt_even_the_right_password_waits(
    office: Office, login: str
) -> None:
    await office.person("tanaka", Role.OPERATOR)
    answers = [
        (await office.browser(address=f"198.51.100.{n}").sign_in(login, "wrong")).status_code
        for n in range(ATTEMPTS)
    ]

    refused = await office.browser().sign_in(login, PASSWORD)

    assert answers == [401] * ATTEMPTS
    assert refused.status_code == 429
    assert "5分ほど待ってから" in refused.text


async def test_the_limit_does_not_tell_who_exists(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)
    pages = []

    for login in ("tanaka", "nobody"):
        for n in range(ATTEMPTS + 1):
            # Each from elsewhere: the address is not to run out first.
            browser = office.browser(address=f"203.0.113.{n}")
            answer = await browser.sign_in(login, "wrong")
        pages.append(answer.text.replace(login, "login"))

    assert pages[0] == pages[1]
    assert "受付を止めています" in pages[0]


async def test_the_right_password_of_a_closed_account_is_a_failure_like_any_other(
    office: Office,
) -> None:
    await office.administration.disable_user(await office.person("tanaka", Role.OPERATOR))

    answers = [
        (await office.browser(address=f"198.51.100.{n}").sign_in("tanaka", PASSWORD)).status_code
        for n in range(ATTEMPTS + 1)
    ]

    assert answers == [401] * ATTEMPTS + [429]


async def test_waiting_opens_the_door_again(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)
    for _ in range(ATTEMPTS):
        await office.browser().sign_in("tanaka", "wrong")

    office.clock.advance(minutes=4, seconds=59)
    too_early = await office.browser().sign_in("tanaka", PASSWORD)
    office.clock.advance(seconds=1)
    in_time = await office.browser().sign_in("tanaka", PASSWORD)

    assert (too_early.status_code, in_time.status_code) == (429, 303)


async def test_a_hundred_guesses_at_once_get_no_more_tries_than_one_after_another(
    office: Office,
) -> None:
    await office.person("tanaka", Role.OPERATOR)
    checked: list[NotSignedIn] = []
    turned_away: list[TooMany] = []

    async def guess(number: int) -> None:
        try:
            await office.accounts.sign_in("tanaka", f"guess {number}", address="")
        except NotSignedIn as wrong:
            checked.append(wrong)
        except TooMany as refused:
            turned_away.append(refused)

    async with anyio.create_task_group() as guesses:
        for number in range(100):
            guesses.start_soon(guess, number)

    assert (len(checked), len(turned_away)) == (ATTEMPTS, 100 - ATTEMPTS)


async def test_guessing_the_present_password_of_an_open_screen_is_limited_too(
    office: Office,
) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    new = "a quite different phrase"

    answers = [
        await browser.post("/password", {"current": f"guess {n}", "new": new, "again": new})
        for n in range(ATTEMPTS + 1)
    ]

    assert [answer.status_code for answer in answers] == [400] * ATTEMPTS + [429]
