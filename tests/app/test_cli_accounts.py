"""The command line: users and tokens on the database of a running server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import anyio.to_thread
import pytest
import typer
from typer.testing import CliRunner, Result

from app.auth.identity import Role
from app.cli.token import token_app
from app.cli.user import user_app
from app.settings import Settings
from tests.app.small_office import Office

commands = typer.Typer()
commands.add_typer(user_app, name="user")
commands.add_typer(token_app, name="token")


@pytest.fixture
def environment(settings: Settings) -> dict[str, str | None]:
    """The variables that a server on *settings* would be started with."""
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith("MIMAMORI")}
    return {**ours, "MIMAMORI_DATA_DIR": str(settings.data_dir)}


@pytest.fixture
def call(environment: dict[str, str | None]) -> Call:
    return Call(environment)


class Call:
    def __init__(self, environment: dict[str, str | None]) -> None:
        self._environment = environment

    def __call__(self, *words: str, **more: str) -> Result:
        return CliRunner().invoke(commands, words, env={**self._environment, **more})


def test_user_create_prints_a_one_time_password_and_nothing_else(call: Call) -> None:
    result = call("user", "create", "Tanaka", "--role", "operator", "--section", "市民課", "--json")

    made = json.loads(result.stdout)
    assert result.exit_code == 0
    assert result.stderr == ""
    assert len(made["one_time_password"]) == 19
    assert (made["user"]["login"], made["user"]["section"]) == ("tanaka", "市民課")
    assert made["user"]["display_name"] == "Tanaka"


def test_users_are_listed_disabled_enabled_and_reset(call: Call) -> None:
    call("user", "create", "tanaka", "--role", "operator")

    disabled = json.loads(call("user", "disable", "tanaka", "--json").stdout)
    listed = json.loads(call("user", "list", "--json").stdout)
    enabled = json.loads(call("user", "enable", "tanaka", "--json").stdout)
    reset = call("user", "reset-password", "tanaka")

    assert disabled["user"]["disabled_at"] is not None
    assert listed == {"users": [disabled["user"]]}
    assert enabled["user"]["disabled_at"] is None
    assert reset.stdout.startswith("tanaka の仮パスワード(表示は一度だけです): ")


def test_people_read_tables(call: Call) -> None:
    call("user", "create", "tanaka", "--role", "operator", "--section", "市民課")
    call("token", "create", "--role", "stream", "--name", "交換機")
    call("token", "revoke", "1")

    users, tokens = call("user", "list").stdout, call("token", "list").stdout

    assert "市民課" in users
    assert "仮パスワード" in users
    assert "交換機" in tokens
    assert "失効" in tokens


def test_what_stands_in_a_table_is_a_name_and_no_markup(call: Call) -> None:
    call("user", "create", "tanaka", "--role", "operator", "--name", "田中 [/b]")
    call("token", "create", "--role", "stream", "--name", "[main] :phone:")

    users, tokens = call("user", "list"), call("token", "list")

    assert (users.exit_code, tokens.exit_code) == (0, 0)
    assert "田中 [/b]" in users.stdout
    assert "[main] :phone:" in tokens.stdout


async def test_when_a_token_was_used_is_told_in_japans_time(office: Office, call: Call) -> None:
    made = await office.administration.create_token(name="x", role=Role.AUDITOR)
    await office.browser().get("/v1/me", Authorization=f"Bearer {made.secret}")

    listed = await anyio.to_thread.run_sync(lambda: call("token", "list", COLUMNS="200"))

    assert "2026-04-06 18:00" in listed.stdout  # 09:00 in UTC


def test_token_create_prints_one_json_object(call: Call) -> None:
    result = call(
        "token", "create", "--role", "stream", "--name", "交換機", "--section", "市民課", "--json"
    )

    made = json.loads(result.stdout)
    assert result.exit_code == 0
    assert made["token"].startswith("mim_")
    assert (made["role"], made["section"], made["name"]) == ("stream", "市民課", "交換機")


def test_tokens_are_listed_without_their_secret_and_revoked(call: Call) -> None:
    made = json.loads(call("token", "create", "--role", "stream", "--name", "x", "--json").stdout)

    revoked = json.loads(call("token", "revoke", str(made["id"]), "--json").stdout)
    listed = call("token", "list", "--json").stdout

    assert revoked["revoked_at"] is not None
    assert json.loads(listed) == {"tokens": [revoked]}
    assert made["token"] not in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "disable", "nobody"), "この利用者は登録されていません。"),
        (("user", "create", "田中", "--role", "operator"), "ログイン名は、半角"),
        (("user", "create", "root", "--role", "administrator"), "すでに使われています。"),
        (("user", "disable", "root"), "有効な管理者がいなくなる"),
        (("token", "create", "--role", "stream", "--name", " "), "名前を入力してください。"),
        (("token", "revoke", "99"), "このトークンはありません。"),
        (("token", "revoke", "9999999999"), "2147483647"),
        (("token", "create", "--role", "king", "--name", "x"), "--role"),
        (("user", "create", "x", "--role", "stream"), "--role"),
        (("token", "create", "--role", "stream"), "--name"),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error_with_code_2(
    call: Call, words: tuple[str, ...], said: str
) -> None:
    call("user", "create", "root", "--role", "administrator")

    result = call(*words)

    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_wrong_setting_is_named_and_its_value_is_not(call: Call) -> None:
    result = call("user", "list", MIMAMORI_AUTH__SESSION_HOURS="5000")

    assert result.exit_code == 2
    assert "MIMAMORI_AUTH__SESSION_HOURS" in result.stderr
    assert "5000" not in result.stderr


def test_a_database_out_of_reach_is_named_without_its_password(call: Call) -> None:
    address = "postgresql://mimamori:hush-hush@127.0.0.1:1/mimamori"

    result = call("user", "list", MIMAMORI_DATABASE_URL=address)

    assert result.exit_code == 2
    assert "MIMAMORI_DATABASE_URL" in result.stderr
    assert "hush" not in result.stderr


async def test_a_token_made_beside_a_running_server_works_at_once(
    office: Office, environment: dict[str, str | None]
) -> None:
    settings = {name: value for name, value in environment.items() if value is not None}
    code = "from app.cli.token import token_app; token_app()"

    made = subprocess.run(  # noqa: ASYNC221 - nothing else runs in this test
        [sys.executable, "-c", code, "create", "--role", "auditor", "--name", "監査", "--json"],
        env={**os.environ, **settings, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
        text=True,
    )
    token = json.loads(made.stdout)["token"]
    answer = await office.browser().get(
        "/v1/me", Authorization=f"Bearer {token}", Accept="application/json"
    )

    assert answer.json()["role"] == Role.AUDITOR.value
