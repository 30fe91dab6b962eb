"""Glue: ``mimamori database-roles``: a PostgreSQL role for the server that cannot change the trail."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import text

from app.cli.options import JsonOption, fail, load_settings, print_json, run
from app.db import open_database
from app.trail.roles import DEFAULT_ROLE, statements


def database_roles(
    role: Annotated[
        str, typer.Option("--role", metavar="名前", help="サーバーが使う役割の名前。")
    ] = DEFAULT_ROLE,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="表示するだけでなく、設定のデータベースで実行します。"),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """操作の記録を変えられない、サーバー用のPostgreSQLの役割を作るSQLを示します。

    表の持ち主の接続(MIMAMORI_DATABASE_URL)で --apply を付けて実行し、その後、サーバーの
    MIMAMORI_DATABASE_URL をこの役割のものに変えてください。パスワードは ALTER ROLE で付けます。
    Mimamori を更新したときは、持ち主の接続で起動して表を新しくしてから、もう一度実行してください。
    """
    settings = load_settings()

    async def work() -> tuple[str, ...]:
        wanted = statements(role)
        if not apply:
            return wanted
        async with open_database(settings.async_database_url) as database:
            if not database.is_postgresql:
                fail("役割があるのはPostgreSQLだけです。SQLiteでは、ファイルを守ってください。")
            async with database.transaction() as session:
                for statement in wanted:
                    await session.execute(text(statement))
        return wanted

    done = run(work)
    if as_json:
        print_json({"role": role, "applied": apply, "statements": list(done)})
    elif apply:
        typer.echo(f"{role} を用意しました。パスワードを付け、サーバーの接続先を変えてください。")
    else:
        typer.echo("\n".join(f"{statement};" for statement in done))
