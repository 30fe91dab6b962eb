"""``mimamori search-index`` and ``mimamori bench search``."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from typer.testing import CliRunner

from app.cli.main import cli
from app.db import open_database
from app.settings import Settings
from tests.app.search.said import Talk, found, ids_of, keep


@pytest.fixture
def data_dir(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIMAMORI_DATA_DIR", str(settings.data_dir))
    return settings.data_dir


def test_the_index_is_filled_and_rebuilt_by_a_command(data_dir: Path, settings: Settings) -> None:
    async def keep_some() -> None:
        async with open_database(settings.async_database_url) as database:
            await keep(database, [Talk(f"c{n}", ["税金"], n) for n in range(30)])

    async def those() -> list[str]:
        async with open_database(settings.async_database_url) as database:
            return ids_of(await found(database, "税金"))

    anyio.run(keep_some)
    runner = CliRunner()

    first = runner.invoke(cli, ["search-index", "--json"])
    again = runner.invoke(cli, ["search-index"])
    anew = runner.invoke(cli, ["search-index", "--rebuild", "--json"])

    assert [json.loads(one.stdout) for one in (first, anew)] == [{"calls": 30, "waiting": 0}] * 2
    assert again.stdout == "0 件の通話を検索できるようにしました。\n"
    assert len(anyio.run(those)) == 30


def test_the_figures_of_the_search_hold_what_is_promised() -> None:
    asked = ["bench", "search", "--utterances", "1000", "--rounds", "1", "--json"]

    result = json.loads(CliRunner().invoke(cli, asked).stdout)

    assert result["utterances"] == 1_000
    assert len(result["queries"]) >= 30
    assert {"p50", "p95", "max"} <= result["latency_ms"].keys()
    assert result["build"]["write_ms"]["max"] > 0
    assert next(row for row in result["queries"] if row["kind"] == "まれな言葉")["count"] == 1
