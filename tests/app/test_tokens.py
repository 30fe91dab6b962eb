"""Tokens: shown once, kept as a hash, refused when revoked, and what a reader of the database file finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.auth.access import COOKIE
from app.auth.credentials import TOKEN_PREFIX
from app.auth.identity import Role
from app.settings import Settings
from tests.app.small_office import PASSWORD, Office


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


@pytest.mark.parametrize("role", list(Role))
async def test_a_token_stands_for_its_role_and_section(office: Office, role: Role) -> None:
    made = await office.administration.create_token(name="交換機", role=role, section="市民課")

    answer = await office.browser().get("/v1/me", **_bearer(made.secret))

    assert answer.json() == {
        "login": "token:交換機",
        "display_name": "交換機",
        "role": role.value,
        "section": "市民課",
        "csrf_token": "",
    }


async def test_a_revoked_token_is_refused_and_stays_in_the_list(office: Office) -> None:
    made = await office.administration.create_token(name="交換機", role=Role.OPERATOR)
    before = await office.browser().get("/v1/me", **_bearer(made.secret))

    revoked = await office.administration.revoke_token(made.token.id)
    office.clock.advance(hours=1)
    again = await office.administration.revoke_token(made.token.id)
    after = await office.browser().get("/v1/me", **_bearer(made.secret))

    assert (before.status_code, after.status_code) == (200, 401)
    assert after.json()["code"] == "sign_in_required"
    assert revoked.revoked_at == again.revoked_at
    assert len(await office.administration.tokens()) == 1


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer mim_",
        "Bearer mim_made-up",
        "Bearer " + TOKEN_PREFIX + "x" * 5_000,
        "Basic bWltOm1pbQ==",
    ],
)
async def test_what_is_no_token_is_refused(office: Office, authorization: str) -> None:
    answer = await office.browser().get(
        "/v1/me", Authorization=authorization, Accept="application/json"
    )

    assert answer.status_code == 401


async def test_a_bad_token_is_not_made_good_by_a_cookie(office: Office) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)

    answer = await browser.get("/v1/me", **_bearer("mim_made-up"))

    assert answer.status_code == 401


async def test_a_token_needs_no_csrf_token(office: Office) -> None:
    made = await office.administration.create_token(name="番号表", role=Role.OPERATOR)

    answer = await office.browser().client.post(
        "/v1/notes",
        json={"text": "x"},
        headers={**_bearer(made.secret), "Origin": "https://evil.example"},
    )

    assert answer.json() == {"text": "x"}


async def test_last_use_is_written_once_a_minute(office: Office) -> None:
    made = await office.administration.create_token(name="交換機", role=Role.OPERATOR)
    first = office.clock.now()
    seen = []

    for seconds in (0, 59, 1):
        office.clock.advance(seconds=seconds)
        await office.browser().get("/v1/me", **_bearer(made.secret))
        seen.append((await office.administration.tokens())[0].last_used_at)

    assert made.token.last_used_at is None
    assert seen == [first, first, office.clock.now()]


async def test_a_token_has_no_password_to_change(office: Office) -> None:
    made = await office.administration.create_token(name="交換機", role=Role.OPERATOR)

    answer = await office.browser().get("/password", **_bearer(made.secret))

    assert (answer.status_code, answer.json()["code"]) == (403, "person_required")


async def test_a_token_is_shown_once_on_the_page_and_can_be_revoked_there(office: Office) -> None:
    administrator = await office.signed_in("suzuki", Role.ADMINISTRATOR)

    shown = await administrator.post(
        "/admin/tokens", {"name": "電話交換機 本庁舎", "role": "stream", "section": "市民課"}
    )
    later = await administrator.get("/admin")
    (token,) = await office.administration.tokens()
    revoked = await administrator.post(f"/admin/tokens/{token.id}/revoke")
    at_last = await administrator.get("/admin")

    assert f'id="secret">{TOKEN_PREFIX}' in shown.text
    assert TOKEN_PREFIX not in later.text
    assert "2026年4月6日 18:00" in later.text  # 09:00 in UTC is evening in Japan
    assert revoked.headers["location"] == "/admin#tokens"
    assert "失効(2026年4月6日 18:00)" in at_last.text


async def test_an_administrator_keeps_tokens_over_rest(office: Office) -> None:
    key = await office.administration.create_token(name="運用", role=Role.ADMINISTRATOR)
    client, headers = office.browser().client, _bearer(key.secret)

    made = await client.post(
        "/v1/tokens", json={"name": "交換機", "role": "stream"}, headers=headers
    )
    nameless = await client.post(
        "/v1/tokens", json={"name": " ", "role": "stream"}, headers=headers
    )
    listed = await client.get("/v1/tokens", headers=headers)
    revoked = await client.delete(f"/v1/tokens/{made.json()['id']}", headers=headers)
    missing = await client.delete("/v1/tokens/999", headers=headers)

    assert made.status_code == 201
    assert made.json()["token"].startswith(TOKEN_PREFIX)
    assert (nameless.status_code, nameless.json()["code"]) == (400, "name_missing")
    assert [token["name"] for token in listed.json()["tokens"]] == ["運用", "交換機"]
    assert made.json()["token"] not in listed.text
    assert revoked.json()["revoked_at"] is not None
    assert missing.status_code == 404


async def test_the_database_file_holds_no_secret_in_clear(
    office: Office, settings: Settings
) -> None:
    browser = await office.signed_in("tanaka", Role.OPERATOR)
    token = await office.administration.create_token(name="交換機", role=Role.STREAM)
    reset = await office.administration.reset_password(
        (await office.administration.user_named("tanaka")).id
    )
    secrets = [PASSWORD, browser.client.cookies[COOKIE], token.secret, reset.one_time_password]

    # The write-ahead log beside the file counts too.
    written = b"".join(file.read_bytes() for file in _files_of(settings))

    assert "token:交換機".removeprefix("token:").encode() in written
    assert [secret for secret in secrets if secret.encode() in written] == []


def _files_of(settings: Settings) -> list[Path]:
    return sorted(settings.data_dir.glob("mimamori.db*"))
