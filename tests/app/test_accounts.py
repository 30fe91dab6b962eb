"""Users: their names, what administrators may and may not do, whose calls are seen."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.auth.administration import FIRST_ADMINISTRATOR
from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.auth.names import is_login, normal_login
from app.auth.repository import AccountRepository
from app.auth.visibility import may_see
from app.db import open_database
from app.errors import Conflict, NotFound, NotSignedIn
from app.settings import Settings
from tests.app.small_office import PASSWORD, Office, open_office
from tests.fakes_clock import FakeClock


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_settings(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings of an office on each of the two databases."""
    if request.param != "postgres":
        return settings
    # Asked for outside an event loop, because making the database runs one.
    plain: str = request.getfixturevalue("postgres_url")
    return settings.model_copy(update={"database_url": SecretStr(plain)})


@pytest.fixture
async def either_office(either_settings: Settings, clock: FakeClock) -> AsyncIterator[Office]:
    """The same office on each of the two databases."""
    async with open_database(either_settings.async_database_url) as database:
        yield open_office(either_settings, database, clock)


# Names


@given(st.text(alphabet=string.printable + "ＡＢＣ１２３ 田中", max_size=80))
def test_a_login_name_is_normal_once_and_for_all(text: str) -> None:
    once = normal_login(text)

    assert normal_login(once) == once


@pytest.mark.parametrize(
    "login", ["", "token:x", "-tanaka", "田中", "ta naka", "x" * 65, "a/b", "command-line"]
)
async def test_a_login_name_that_will_not_do_is_refused_at_its_field(
    office: Office, login: str
) -> None:
    assert not is_login(normal_login(login))

    with pytest.raises(FieldRefused) as refused:
        await office.administration.create_user(
            login=login, display_name="田中", role=Role.OPERATOR
        )

    assert refused.value.field == "login"


async def test_a_login_name_is_found_in_full_width_and_capitals(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)

    signed_in = await office.accounts.sign_in(" ＴＡＮＡＫＡ ", PASSWORD, address="")

    assert signed_in.identity.login == "tanaka"


# Administrators


async def test_the_first_start_makes_an_administrator_and_no_later_one_does(
    either_office: Office,
) -> None:
    first = await either_office.administration.ensure_first_administrator()
    second = await either_office.administration.ensure_first_administrator()

    assert first is not None
    assert second is None
    signed_in = await either_office.accounts.sign_in(FIRST_ADMINISTRATOR, first, address="")
    assert signed_in.identity.role is Role.ADMINISTRATOR
    assert signed_in.identity.must_change_password


async def test_servers_that_start_together_make_one_administrator(either_office: Office) -> None:
    passwords: list[str | None] = []

    async def start() -> None:
        passwords.append(await either_office.administration.ensure_first_administrator())

    async with anyio.create_task_group() as servers:
        for _ in range(3):
            servers.start_soon(start)

    assert len([password for password in passwords if password is not None]) == 1
    assert len(await either_office.administration.users()) == 1


async def test_a_name_can_be_taken_once(either_office: Office) -> None:
    await either_office.person("tanaka", Role.OPERATOR)

    with pytest.raises(Conflict) as refused:
        await either_office.administration.create_user(
            login="Tanaka", display_name="田中", role=Role.OPERATOR
        )

    assert refused.value.code == "login_taken"


async def test_the_last_administrator_stays(either_office: Office) -> None:
    administration = either_office.administration
    only = await either_office.person("suzuki", Role.ADMINISTRATOR)

    with pytest.raises(Conflict) as disabling:
        await administration.disable_user(only)
    with pytest.raises(Conflict) as moving:
        await administration.change_user(only, role=Role.OPERATOR)

    assert {disabling.value.code, moving.value.code} == {"last_administrator"}
    assert (await administration.user_named("suzuki")).role == Role.ADMINISTRATOR.value


async def test_two_administrators_cannot_disable_each_other(either_office: Office) -> None:
    both = [
        await either_office.person(login, Role.ADMINISTRATOR) for login in ("suzuki", "watanabe")
    ]
    refused: list[Conflict] = []

    async def disable(user_id: int) -> None:
        try:
            await either_office.administration.disable_user(user_id)
        except Conflict as conflict:
            refused.append(conflict)

    async with anyio.create_task_group() as tasks:
        for user_id in both:
            tasks.start_soon(disable, user_id)

    users = await either_office.administration.users()
    assert len(refused) == 1
    assert len([user for user in users if user.disabled_at is None]) == 1


async def test_an_administrator_among_others_can_be_disabled_and_enabled(
    either_office: Office,
) -> None:
    administration = either_office.administration
    await either_office.person("suzuki", Role.ADMINISTRATOR)
    other = await either_office.person("watanabe", Role.ADMINISTRATOR)

    disabled = await administration.disable_user(other)
    with pytest.raises(NotSignedIn):
        await either_office.accounts.sign_in("watanabe", PASSWORD, address="")
    enabled = await administration.enable_user(other)

    assert disabled.disabled_at == either_office.clock.now()
    assert enabled.disabled_at is None
    assert (await either_office.accounts.sign_in("watanabe", PASSWORD, address="")).secret


async def test_a_change_leaves_alone_what_is_not_named(either_office: Office) -> None:
    tanaka = await either_office.person("tanaka", Role.OPERATOR, "市民課")

    moved = await either_office.administration.change_user(tanaka, section="税務課")
    promoted = await either_office.administration.change_user(tanaka, role=Role.SUPERVISOR)

    assert (moved.role, moved.section, moved.display_name) == ("operator", "税務課", "tanakaさん")
    assert (promoted.role, promoted.section) == ("supervisor", "税務課")


async def test_who_stays_administrator_can_be_changed_though_they_are_the_last(
    either_office: Office,
) -> None:
    only = await either_office.person("suzuki", Role.ADMINISTRATOR, "総務課")

    changed = await either_office.administration.change_user(
        only, display_name="鈴木　一郎", role=Role.ADMINISTRATOR, section="総務課　情報係"
    )

    assert (changed.display_name, changed.section) == ("鈴木　一郎", "総務課　情報係")
    assert changed.role == Role.ADMINISTRATOR.value


async def test_a_person_cannot_have_the_role_of_an_exchange(office: Office) -> None:
    with pytest.raises(FieldRefused) as refused:
        await office.administration.create_user(
            login="tanaka", display_name="田中", role=Role.STREAM
        )

    assert refused.value.field == "role"


async def test_what_does_not_exist_is_not_found(office: Office) -> None:
    for question in (
        office.administration.disable_user(7),
        office.administration.enable_user(7),
        office.administration.reset_password(7),
        office.administration.change_user(7, section="市民課"),
        office.administration.user_named("nobody"),
    ):
        with pytest.raises(NotFound):
            await question


async def test_a_password_that_was_reset_meanwhile_is_not_replaced(either_office: Office) -> None:
    tanaka = await either_office.person("tanaka", Role.OPERATOR)
    async with either_office.database.transaction() as session:
        rows = AccountRepository(session)
        before = await rows.user_named("tanaka")
        assert before is not None
        known = before.password_hash
    reset = await either_office.administration.reset_password(tanaka)

    async with either_office.database.transaction() as session:
        replaced = await AccountRepository(session).replace_password(
            tanaka, known_hash=known, new_hash="another"
        )

    assert not replaced
    assert (
        await either_office.accounts.sign_in("tanaka", reset.one_time_password, address="")
    ).identity.must_change_password


# Whose calls


@given(
    role=st.sampled_from(Role),
    login=st.sampled_from(["tanaka", "sato"]),
    section=st.sampled_from(["", "市民課", "税務課"]),
    call_operator=st.sampled_from(["", "tanaka", "sato"]),
    call_section=st.sampled_from(["", "市民課", "税務課"]),
    live=st.booleans(),
)
def test_nobody_sees_more_than_their_role_says(
    role: Role, login: str, section: str, call_operator: str, call_section: str, *, live: bool
) -> None:
    identity = Identity(login=login, display_name=login, role=role, section=section)

    seen = may_see(identity, operator=call_operator, section=call_section, live=live)

    if role is Role.OPERATOR:
        assert seen == (call_operator == login)
    elif role is Role.SUPERVISOR:
        assert seen == (call_section == section)
    elif role is Role.AUDITOR:
        assert seen == (not live and (not section or call_section == section))
    else:
        assert not seen


# Names that no database takes


@pytest.mark.parametrize("name", ["a\x00", "\ud800", "a" * 5_000, "'; --", ""])
async def test_a_name_that_nobody_can_have_is_refused_like_any_other(
    either_office: Office, name: str
) -> None:
    with pytest.raises(NotSignedIn):
        await either_office.accounts.sign_in(name, PASSWORD, address="192.0.2.1")

    with pytest.raises(NotFound):
        await either_office.administration.user_named(name)
