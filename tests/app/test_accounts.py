"""Users: passwords, the one-time password, what administrators may and may not do, whose calls are seen."""

from __future__ import annotations

import re
import string
from collections.abc import AsyncIterator

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from app.auth.administration import FIRST_ADMINISTRATOR
from app.auth.credentials import new_one_time_password
from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.auth.names import is_login, normal_login
from app.auth.password_rules import LONGEST, SHORTEST, normal_password, problem_with
from app.auth.passwords import PasswordHashing
from app.auth.visibility import may_see
from app.db import Database, open_database
from app.errors import Conflict, NotFound, NotSignedIn
from app.models import User
from app.settings import Settings
from tests.app.small_office import PASSWORD, Office, open_office
from tests.fakes_clock import FakeClock


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def either_office(
    request: pytest.FixtureRequest, settings: Settings, clock: FakeClock
) -> AsyncIterator[Office]:
    """The same office on each of the two databases."""
    if request.param == "postgres":
        plain: str = request.getfixturevalue("postgres_url")
        settings = settings.model_copy(update={"database_url": SecretStr(plain)})
    async with open_database(settings.async_database_url) as database:
        yield open_office(settings, database, clock)


# Passwords


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "12文字以上"),
        ("elevenchars", "12文字以上"),
        ("x1" * 65, "128文字以内"),
        ("tanaka-no-himitsu", "ログイン名"),
        ("TANAKAの好きな食べ物いろいろ", "ログイン名"),
        ("aaaaaaaaaaaa", "繰り返し"),
        ("abcdeabcdeabcde", "繰り返し"),
        ("abcdefghijklm", "並び順"),
        ("321098765432", "並び順"),
        ("qwertyuiopas", "並び順"),
        ("password1234", "よく使われる"),
        ("Administrator!2026", "よく使われる"),
        ("201904012026", "よく使われる"),
        ("twelve\nletters", "使えない文字"),
    ],
)
def test_a_password_that_guessers_try_first_is_refused_in_words(password: str, said: str) -> None:
    problem = problem_with(password, login="tanaka")

    assert problem is not None
    assert said in problem


@pytest.mark.parametrize(
    "password", ["fields of green barley", "雪の朝に市役所まで歩いて通う", "k7mq-x3pd-9wva"]
)
def test_a_long_phrase_in_any_language_will_do(password: str) -> None:
    assert problem_with(password, login="tanaka") is None


@given(st.text(max_size=LONGEST + 20))
def test_no_password_that_passes_is_short_or_holds_control_characters(password: str) -> None:
    problem = problem_with(password, login="tanaka")

    text = normal_password(password)
    assert problem is not None or (SHORTEST <= len(text) <= LONGEST and text.isprintable())


def test_one_time_passwords_pass_the_rules_and_differ() -> None:
    made = [new_one_time_password() for _ in range(200)]

    assert [problem_with(password, login="tanaka") for password in made] == [None] * 200
    assert len(set(made)) == 200


async def test_a_password_is_the_same_typed_in_full_width() -> None:
    hashing = PasswordHashing(memory_kib=8)
    stored = await hashing.hash("fields of green barley")

    check = await hashing.check("ｆｉｅｌｄｓ　ｏｆ　ｇｒｅｅｎ　ｂａｒｌｅｙ", stored)

    assert check.correct


async def test_a_hash_made_now_needs_no_better_one_and_an_old_one_does() -> None:
    hashing, weaker = PasswordHashing(memory_kib=16), PasswordHashing(memory_kib=8)
    fresh, old = await hashing.hash(PASSWORD), await weaker.hash(PASSWORD)

    fresh_check, old_check = (
        await hashing.check(PASSWORD, fresh),
        await hashing.check(PASSWORD, old),
    )

    assert fresh_check.correct
    assert fresh_check.better_hash is None
    assert old_check.correct
    assert old_check.better_hash is not None
    assert "m=16," in old_check.better_hash


async def test_nobody_and_a_broken_hash_are_simply_wrong() -> None:
    hashing = PasswordHashing(memory_kib=8)

    nobody, broken = await hashing.check(PASSWORD, None), await hashing.check(PASSWORD, "plain")

    assert not nobody.correct
    assert not broken.correct


async def test_a_hash_made_with_weaker_parameters_is_replaced_at_sign_in(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)
    weak = await PasswordHashing(memory_kib=16).hash(PASSWORD)
    async with office.database.transaction() as session:
        user = (await session.scalars(select(User).where(User.login == "tanaka"))).one()
        user.password_hash = weak

    await office.accounts.sign_in("tanaka", PASSWORD, address="")

    stored = await _password_hash(office.database, "tanaka")
    assert stored != weak
    assert "m=8," in stored


# Names


@given(st.text(alphabet=string.printable + "ＡＢＣ１２３ 田中", max_size=80))
def test_a_login_name_is_normal_once_and_for_all(text: str) -> None:
    once = normal_login(text)

    assert normal_login(once) == once


@pytest.mark.parametrize("login", ["", "token:x", "-tanaka", "田中", "ta naka", "x" * 65, "a/b"])
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


# On the pages


async def test_an_administrator_registers_somebody_who_chooses_a_password_and_works(
    office: Office,
) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)
    shown = await administrator.post(
        "/admin/users",
        {"login": "tanaka", "display_name": "田中 花子", "role": "operator", "section": "市民課"},
    )
    password = _secret_on(shown.text)

    newcomer = office.browser()
    arrival = await newcomer.sign_in("tanaka", password)
    turned_away = await newcomer.get("/calls")
    refused = await newcomer.get("/v1/me", Accept="application/json")
    changed = await newcomer.post(
        "/password", {"current": password, "new": PASSWORD, "again": PASSWORD}
    )
    working = await newcomer.get("/calls")

    assert arrival.headers["location"] == "/password"
    assert turned_away.headers["location"] == "/password"
    assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    assert (changed.status_code, changed.headers["location"]) == (303, "/calls")
    assert working.json() == {"login": "tanaka"}
    assert password not in (await administrator.get("/admin")).text
    with pytest.raises(NotSignedIn):
        await office.accounts.sign_in("tanaka", password, address="")


async def test_what_is_wrong_with_a_form_is_said_at_its_field_and_what_was_written_stays(
    office: Office,
) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)

    answer = await administrator.post(
        "/admin/users",
        {"login": "suzuki", "display_name": "鈴木 <二郎>", "role": "auditor", "section": ""},
    )

    assert answer.status_code == 409
    assert 'id="user-login-error">このログイン名はすでに使われています。' in answer.text
    assert 'aria-describedby="user-login-hint user-login-error"' in answer.text
    assert "鈴木 &lt;二郎&gt;" in answer.text


async def test_a_form_without_a_role_is_told_to_choose_one(office: Office) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)

    answer = await administrator.post("/admin/tokens", {"name": "交換機"})

    assert answer.status_code == 400
    assert "役割を選んでください。" in answer.text
    assert await office.administration.tokens() == []


async def test_disabling_the_last_administrator_is_refused_on_the_page(office: Office) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)
    (me,) = await office.administration.users()

    answer = await administrator.post(f"/admin/users/{me.id}/disable")

    assert answer.status_code == 409
    assert "有効な管理者がいなくなる" in answer.text


async def test_a_changed_person_is_shown_changed(office: Office) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)
    tanaka = await office.person("tanaka", Role.OPERATOR)

    moved = await administrator.post(
        f"/admin/users/{tanaka}",
        {"display_name": "田中 主査", "role": "supervisor", "section": "税務課"},
    )
    page = await administrator.get("/admin")

    assert moved.headers["location"] == "/admin#users"
    assert "田中 主査" in page.text
    assert (await office.administration.user_named("tanaka")).section == "税務課"


async def test_a_wrong_or_weak_new_password_changes_nothing(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    before = await _password_hash(office.database, "tanaka")
    good = "a quite different phrase"

    weak = await browser.post("/password", {"current": PASSWORD, "new": "short", "again": "short"})
    unequal = await browser.post("/password", {"current": PASSWORD, "new": good, "again": "x"})
    wrong = await browser.post("/password", {"current": "wrong", "new": good, "again": good})
    unchanged = await browser.post(
        "/password", {"current": PASSWORD, "new": PASSWORD, "again": PASSWORD}
    )

    assert 'id="new-error">パスワードは12文字以上' in weak.text
    assert 'id="again-error">新しいパスワードと一致しません。' in unequal.text
    assert 'id="current-error">現在のパスワードが違います。' in wrong.text
    assert 'id="new-error">今と異なる' in unchanged.text
    assert await _password_hash(office.database, "tanaka") == before


# Over REST


async def test_an_administrator_keeps_users_over_rest(office: Office) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)
    headers = {"X-CSRF-Token": administrator.csrf_token}
    client = administrator.client

    made = await client.post(
        "/v1/users",
        json={"login": "tanaka", "display_name": "田中", "role": "operator", "section": "市民課"},
        headers=headers,
    )
    path = f"/v1/users/{made.json()['user']['id']}"
    changed = await client.patch(
        path, json={"section": "税務課", "disabled": True}, headers=headers
    )
    enabled = await client.patch(path, json={"disabled": False}, headers=headers)
    reset = await client.post(f"{path}/reset-password", headers=headers)
    missing = await client.patch("/v1/users/999", json={}, headers=headers)
    listed = await client.get("/v1/users")

    assert made.status_code == 201
    assert changed.json()["section"] == "税務課"
    assert changed.json()["disabled_at"] is not None
    assert enabled.json()["disabled_at"] is None
    assert reset.json()["one_time_password"] != made.json()["one_time_password"]
    assert missing.status_code == 404
    assert [user["login"] for user in listed.json()["users"]] == ["suzuki", "tanaka"]
    assert "password_hash" not in listed.text


@pytest.mark.parametrize("role", sorted({Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR}))
async def test_only_administrators_reach_accounts(office: Office, role: Role) -> None:
    browser = await office.signed_in("tanaka", role)

    answers = [await browser.get(path) for path in ("/admin", "/v1/users", "/v1/tokens")]
    me = await browser.get("/v1/me")

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert me.json()["role"] == role.value


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


def _secret_on(page: str) -> str:
    found = re.search(r'id="secret">([^<]+)<', page)
    assert found is not None
    return found[1]


async def _password_hash(database: Database, login: str) -> str:
    async with database.transaction() as session:
        return (await session.scalars(select(User.password_hash).where(User.login == login))).one()
