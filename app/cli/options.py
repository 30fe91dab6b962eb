"""Glue: what the commands share: settings, one JSON object on standard output, refusals with exit code 2."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import anyio
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from app.auth.administration import Administration
from app.cli.failures import explain
from app.clock import SystemClock
from app.settings import Settings
from app.trail.acting import COMMAND_LINE, Acting, acting
from app.trail.opening import open_trailed_database

T = TypeVar("T")

REFUSED: Final = 2
"""Exit code of a command that was asked something that it cannot do."""

JsonOption = Annotated[
    bool,
    typer.Option("--json", help="結果をJSONで書きます。"),
]


def load_settings() -> Settings:
    """Read the settings; end with a clear message where they are wrong."""
    config = os.environ.get("MIMAMORI_CONFIG")
    if config and not Path(config).is_file():
        fail(f"MIMAMORI_CONFIG のファイル {config} がありません。")
    for name in unknown_variables(os.environ):
        typer.echo(f"mimamori: 環境変数 {name} という設定はありません。無視します。", err=True)
    try:
        return Settings()
    except ValidationError as invalid:
        # Where and why, never the value: it may be a password in an address.
        lines = [
            f"  MIMAMORI_{'__'.join(str(part) for part in error['loc']).upper()}: {error['msg']}"
            for error in invalid.errors(include_input=False, include_url=False)
        ]
        fail("設定に誤りがあります。\n" + "\n".join(lines))
    except (OSError, ValueError):
        fail("MIMAMORI_CONFIG のファイルを読み込めません。読み取りの権限と書式を確認してください。")


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that look like settings and are none: a slip of the pen changes nothing."""
    known = {f"MIMAMORI_{name}".upper() for name in Settings.model_fields} | {"MIMAMORI_CONFIG"}
    return sorted(
        name
        for name in environment
        if name.startswith("MIMAMORI_") and name.split("__")[0] not in known
    )


def print_json(result: Mapping[str, object]) -> None:
    typer.echo(json.dumps(result, ensure_ascii=False))


def print_table(table: Table) -> None:
    """Print *table* with its cells as they are: 「[本館]」 in a name is no markup, 「:phone:」 no picture."""
    Console(markup=False, emoji=False, highlight=False).print(table)


def fail(message: str, code: int = REFUSED) -> NoReturn:
    """Say on standard error what is wrong and end with exit code *code*."""
    typer.echo(f"mimamori: {message}", err=True)
    raise typer.Exit(code)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run *work* to its end; what an office can mend ends the command with one line."""
    with refusals():
        return anyio.run(work)


@contextmanager
def refusals(code: int = REFUSED) -> Iterator[None]:
    """End the command with *code* and one line for what an office can mend; the rest goes on as it is."""
    line: str | None = None
    try:
        yield
    except Exception as broken:
        line = explain(broken)
        if line is None:
            raise
    if line is not None:
        fail(line, code)


@asynccontextmanager
async def open_administration(settings: Settings) -> AsyncIterator[Administration]:
    """Open the database that a server on the same settings uses, which may be running."""
    clock = SystemClock()
    async with open_trailed_database(settings, clock) as database:
        acting.set(Acting(COMMAND_LINE))
        yield Administration(database, clock)
