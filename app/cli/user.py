"""Glue: ``mimamori user``: the people who sign in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

import typer
from rich.table import Table

from app.auth.administration import Administration, NewPassword
from app.auth.identity import Role
from app.auth.schemas import UserOut
from app.cli.options import (
    JsonOption,
    load_settings,
    open_administration,
    print_json,
    print_table,
    run,
)
from app.models import User

T = TypeVar("T")

user_app = typer.Typer(
    name="user",
    help="利用者(サインインする職員)を登録し、停止し、仮パスワードを発行します。",
    no_args_is_help=True,
)


class PersonRole(StrEnum):
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


LoginArgument = Annotated[str, typer.Argument(help="ログイン名。", show_default=False)]
_SIGNED_OUT: Final = "開いている画面はすぐにサインアウトされます。"


@user_app.command("create")
def create(
    login: Annotated[
        str,
        typer.Argument(
            help="ログイン名。",
            show_default=False,
        ),
    ],
    role: Annotated[
        PersonRole,
        typer.Option(
            "--role",
            help="役割。",
            show_default=False,
        ),
    ],
    name: Annotated[str, typer.Option("--name", help="表示名。", show_default=False)] = "",
    section: Annotated[str, typer.Option("--section", help="課。")] = "",
    as_json: JsonOption = False,
) -> None:
    """利用者を登録し、仮パスワードを一度だけ表示します。最初のサインインで変更が必要です。

    ログイン名には半角の英数字と . _ - @ が使えます(64文字以内)。電話機から届く職員の識別名と同じにします。
    表示名を省くとログイン名になります。

    役割により見える通話が変わります。operator は自分の通話、supervisor は自分の課の通話、
    auditor は終了した通話(課を省くとすべての課)です。administrator は利用者とトークンを管理し、通話は見えません。
    """
    settings = load_settings()

    async def work() -> NewPassword:
        async with open_administration(settings) as administration:
            return await administration.create_user(
                login=login, display_name=name or login, role=Role(role.value), section=section
            )

    _show_password(run(work), as_json=as_json)


@user_app.command("list")
def list_users(as_json: JsonOption = False) -> None:
    """利用者の一覧を表示します。"""
    settings = load_settings()

    async def work() -> list[User]:
        async with open_administration(settings) as administration:
            return list(await administration.users())

    users = run(work)
    if as_json:
        print_json({"users": [_shown(user) for user in users]})
        return
    table = Table("ログイン名", "表示名", "役割", "課", "状態")
    for user in users:
        table.add_row(user.login, user.display_name, user.role, user.section, _state(user))
    print_table(table)


@user_app.command("disable")
def disable(login: LoginArgument, as_json: JsonOption = False) -> None:
    """利用を停止します。開いている画面はすぐにサインアウトされます。"""

    async def change(administration: Administration, user: User) -> User:
        return await administration.disable_user(user.id)

    _show_user(_change(login, change), f"利用を停止しました。{_SIGNED_OUT}", as_json=as_json)


@user_app.command("enable")
def enable(login: LoginArgument, as_json: JsonOption = False) -> None:
    """停止した利用者の利用を再開します。パスワードは以前のままです。"""

    async def change(administration: Administration, user: User) -> User:
        return await administration.enable_user(user.id)

    _show_user(_change(login, change), "利用を再開しました。", as_json=as_json)


@user_app.command("reset-password")
def reset_password(login: LoginArgument, as_json: JsonOption = False) -> None:
    """仮パスワードを発行し、一度だけ表示します。開いている画面はすぐにサインアウトされます。"""

    async def change(administration: Administration, user: User) -> NewPassword:
        return await administration.reset_password(user.id)

    _show_password(_change(login, change), as_json=as_json)


def _change(login: str, change: Callable[[Administration, User], Coroutine[Any, Any, T]]) -> T:
    settings = load_settings()

    async def work() -> T:
        async with open_administration(settings) as administration:
            return await change(administration, await administration.user_named(login))

    return run(work)


def _show_password(made: NewPassword, *, as_json: bool) -> None:
    if as_json:
        print_json({"user": _shown(made.user), "one_time_password": made.one_time_password})
        return
    typer.echo(f"{made.user.login} の仮パスワード(表示は一度だけです): {made.one_time_password}")


def _show_user(user: User, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"user": _shown(user)})
        return
    typer.echo(f"{user.login} の{sentence}")


def _shown(user: User) -> dict[str, object]:
    return UserOut.model_validate(user).model_dump(mode="json")


def _state(user: User) -> str:
    if user.disabled_at is not None:
        return "停止中"
    return "仮パスワード" if user.must_change_password else "有効"
