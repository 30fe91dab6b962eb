"""Glue: ``mimamori token``: what telephone exchanges and other systems connect with."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from app.auth.administration import NewToken
from app.auth.identity import Role
from app.auth.names import LARGEST_ID
from app.auth.schemas import TokenOut
from app.cli.options import (
    JsonOption,
    load_settings,
    open_administration,
    print_json,
    print_table,
    run,
)
from app.japan import JAPAN
from app.models import AccessToken

token_app = typer.Typer(
    name="token",
    help="電話交換機やほかのシステムが接続するためのトークンを発行し、失効させます。",
    no_args_is_help=True,
)


@token_app.command("create")
def create(
    role: Annotated[
        Role,
        typer.Option(
            "--role",
            help="役割。",
            show_default=False,
        ),
    ],
    name: Annotated[
        str,
        typer.Option("--name", help="名前。", show_default=False),
    ],
    section: Annotated[
        str,
        typer.Option("--section", help="課。"),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """トークンを発行し、一度だけ表示します。サーバーの動作中でも使えます。

    名前は、どこで使うかが分かるように付けます。

    役割が stream のトークンは通話の音声を送ることだけができ、届いた通話はそのトークンの課のものになります。
    supervisor は課の通話、auditor は終了した通話(課を省くとすべての課)を読むことができ、
    administrator は利用者とトークンを管理します。operator はトークン自身の通話だけを読みます。
    """
    settings = load_settings()

    async def work() -> NewToken:
        async with open_administration(settings) as administration:
            return await administration.create_token(name=name, role=role, section=section)

    made = run(work)
    if as_json:
        print_json({"token": made.secret, **_shown(made.token)})
        return
    typer.echo(f"{made.token.name} のトークン(表示は一度だけです): {made.secret}")


@token_app.command("list")
def list_tokens(as_json: JsonOption = False) -> None:
    """トークンの一覧を表示します。

    トークンそのものは保存していないため表示できません。
    """
    settings = load_settings()

    async def work() -> list[AccessToken]:
        async with open_administration(settings) as administration:
            return list(await administration.tokens())

    tokens = run(work)
    if as_json:
        print_json({"tokens": [_shown(token) for token in tokens]})
        return
    table = Table("番号", "名前", "役割", "課", "最後に使われた時刻", "状態")
    for token in tokens:
        used = token.last_used_at
        table.add_row(
            str(token.id),
            token.name,
            token.role,
            token.section,
            used.astimezone(JAPAN).strftime("%Y-%m-%d %H:%M") if used is not None else "未使用",
            "失効" if token.revoked_at is not None else "有効",
        )
    print_table(table)


@token_app.command("revoke")
def revoke(
    token_id: Annotated[
        int, typer.Argument(help="番号(token list で確かめます)。", min=1, max=LARGEST_ID)
    ],
    as_json: JsonOption = False,
) -> None:
    """トークンを失効させます。元には戻せません。"""
    settings = load_settings()

    async def work() -> AccessToken:
        async with open_administration(settings) as administration:
            return await administration.revoke_token(token_id)

    token = run(work)
    if as_json:
        print_json(_shown(token))
        return
    typer.echo(f"{token.name} のトークンを失効させました。")


def _shown(token: AccessToken) -> dict[str, object]:
    return TokenOut.model_validate(token).model_dump(mode="json")
