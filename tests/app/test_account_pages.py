"""Accounts as administrators and people meet them: on pages and over REST."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.auth.identity import Role
from app.db import Database
from app.errors import NotSignedIn
from app.models import User
from tests.app.small_office import PASSWORD, Office

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


async def test_the_only_administrator_saves_their_own_name_and_section(office: Office) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)
    (me,) = await office.administration.users()

    saved = await administrator.post(
        f"/admin/users/{me.id}",
        {"display_name": "鈴木　一郎", "role": "administrator", "section": "総務課　情報係"},
    )

    (now,) = await office.administration.users()
    assert saved.status_code == 303
    assert (now.display_name, now.section) == ("鈴木　一郎", "総務課　情報係")
    assert now.role == Role.ADMINISTRATOR.value


async def test_saving_a_name_does_not_take_back_what_a_colleague_changed_meanwhile(
    office: Office,
) -> None:
    one = await office.signed_in("suzuki", Role.ADMINISTRATOR)
    tanaka = await office.person("tanaka", Role.OPERATOR)
    page = await one.get("/admin")
    on_page = _fields_on(page.text, f"/admin/users/{tanaka}")
    await office.administration.change_user(tanaka, role=Role.AUDITOR, section="総務課")

    refused = await one.post(f"/admin/users/{tanaka}", {**on_page, "display_name": ""})
    again = _fields_on(refused.text, f"/admin/users/{tanaka}")
    await one.post(f"/admin/users/{tanaka}", {**again, "display_name": "田中 主査"})

    now = await office.administration.user_named("tanaka")
    assert (on_page["role"], on_page["section"]) == ("operator", "市民課")
    assert refused.status_code == 400
    assert (now.display_name, now.role, now.section) == ("田中 主査", "auditor", "総務課")


async def test_half_a_character_in_a_form_breaks_nothing(office: Office) -> None:
    await office.person("tanaka", Role.OPERATOR)
    head = "multipart/form-data; boundary=x; charset=utf-7"
    parts = (("login", "tanaka"), ("password", "+2AA-"), ("csrf_token", "+2AA-"))
    form = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts
    )
    browser = await office.signed_in("suzuki", Role.ADMINISTRATOR)

    for client, path, status in (
        (office.browser().client, "/login", 401),
        (browser.client, "/password", 403),
    ):
        answer = await client.post(
            path,
            content=f"{form}--x--\r\n",
            headers={"Content-Type": head, "Origin": browser.origin},
        )
        assert answer.status_code == status


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


def _fields_on(page: str, action: str) -> dict[str, str]:
    """Return what the form would send as it stands."""
    form = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    values = dict(re.findall(r'<input [^>]*?name="(\w+)"[^>]*? value="([^"]*)"', form))
    (chosen,) = re.findall(r'<option value="(\w+)" selected>', form)
    return {**values, "role": chosen}


def _secret_on(page: str) -> str:
    found = re.search(r'id="secret">([^<]+)<', page)
    assert found is not None
    return found[1]


async def _password_hash(database: Database, login: str) -> str:
    async with database.transaction() as session:
        return (await session.scalars(select(User.password_hash).where(User.login == login))).one()
