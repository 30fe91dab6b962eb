"""The people of a demonstration can sign in while it lasts, and no longer, however it ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.auth.identity import Role
from app.demo.people import (
    OPERATOR,
    SECTION,
    SUPERVISOR,
    TOKEN_NAME,
    end_demonstration,
    open_demo_people,
)
from app.demo.presence import demonstration_on, is_demonstration_on
from app.errors import NotSignedIn
from tests.app.small_office import Office


async def enabled_in(office: Office) -> list[str]:
    return [user.login for user in await office.administration.users() if not user.disabled_at]


async def killed_demonstration(office: Office) -> tuple[str, str]:
    """Leave behind what a killed demonstration leaves; return a password and a token of it."""
    made = await office.administration.create_user(
        login=OPERATOR, display_name="デモ職員", role=Role.OPERATOR, section=SECTION
    )
    token = await office.administration.create_token(
        name=TOKEN_NAME, role=Role.STREAM, section=SECTION
    )
    return made.one_time_password, token.secret


async def test_they_sign_in_without_choosing_a_password_and_only_meanwhile(office: Office) -> None:
    async with open_demo_people(office.administration, SECTION) as people:
        signed_in = await office.accounts.sign_in(
            OPERATOR, people.operator_password, address="192.0.2.1"
        )
        during = await enabled_in(office)

    assert not signed_in.identity.must_change_password
    assert during == [OPERATOR, SUPERVISOR]
    assert await enabled_in(office) == []
    assert await office.accounts.identity_of_token(people.stream_token) is None


async def test_a_second_demonstration_lets_the_same_two_in_again(office: Office) -> None:
    async with open_demo_people(office.administration, SECTION) as first:
        pass
    async with open_demo_people(office.administration, SECTION) as second:
        signed_in = await office.accounts.sign_in(
            SUPERVISOR, second.supervisor_password, address="192.0.2.1"
        )

    assert signed_in.identity.section == SECTION
    assert first.supervisor_password != second.supervisor_password


async def test_what_a_killed_demonstration_left_is_ended(office: Office) -> None:
    password, token = await killed_demonstration(office)
    others = await office.administration.create_token(
        name="demo", role=Role.STREAM, section="市民課"
    )

    ended = await end_demonstration(office.administration, SECTION)

    assert ended
    assert await office.accounts.identity_of_token(token) is None
    assert await office.accounts.identity_of_token(others.secret) is not None
    with pytest.raises(NotSignedIn):
        await office.accounts.sign_in(OPERATOR, password, address="192.0.2.1")


async def test_there_is_nothing_to_end_twice(office: Office) -> None:
    await killed_demonstration(office)
    await end_demonstration(office.administration, SECTION)

    assert not await end_demonstration(office.administration, SECTION)


def test_a_demonstration_is_seen_until_its_last_one_ends(tmp_path: Path) -> None:
    before = is_demonstration_on(tmp_path)
    with demonstration_on(tmp_path):
        with demonstration_on(tmp_path):
            during = is_demonstration_on(tmp_path)
        still = is_demonstration_on(tmp_path)

    assert (before, during, still) == (False, True, True)
    assert not is_demonstration_on(tmp_path)
