"""``mimamori purge --dry-run`` and ``mimamori person``, as somebody types them."""

from __future__ import annotations

import json
import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from app.callers.keys import open_caller_keys
from app.cli.main import cli
from app.db import open_database
from app.models import Call
from app.recordings.models import Recording
from app.settings import Settings
from tests.app.retention.filling import fill_call

NUMBER = "011-382-4141"


@pytest.fixture
def installed(settings: Settings) -> Settings:
    """An installation with one old call of a known number."""
    stored = open_caller_keys(settings.data_dir).hash_of_caller(NUMBER)
    assert stored is not None

    async def fill() -> None:
        async with (
            open_database(settings.async_database_url) as database,
            database.transaction() as session,
        ):
            ended_at = datetime.now(UTC) - timedelta(days=400)
            await fill_call(
                session,
                "old",
                ended_at=ended_at,
                caller_hash=stored.hash,
                caller_key_id=stored.key_id,
                caller_number="",
            )

    anyio.run(fill)
    return settings


def type_in(settings: Settings, *words: str, typed: str | None = None, preset: str = "") -> Result:
    environment = {
        "MIMAMORI_DATA_DIR": str(settings.data_dir),
        "MIMAMORI_RETENTION__PRESET": preset,
    }
    return CliRunner().invoke(cli, list(words), input=typed, env=dict(os.environ) | environment)


def calls_left(settings: Settings) -> list[str]:
    async def ask() -> list[str]:
        async with (
            open_database(settings.async_database_url) as database,
            database.transaction() as session,
        ):
            return list(await session.scalars(select(Call.id)))

    return anyio.run(ask)


def without_recordings(settings: Settings) -> None:
    """Take the recording away that was filled in: no key opens it."""

    async def forget() -> None:
        async with (
            open_database(settings.async_database_url) as database,
            database.transaction() as session,
        ):
            for row in await session.scalars(select(Recording)):
                await session.delete(row)

    anyio.run(forget)


def test_a_dry_run_tells_and_deletes_nothing(installed: Settings) -> None:
    undecided = type_in(installed, "purge", "--dry-run")
    told = type_in(installed, "purge", "--dry-run", "--json", preset="30days")

    assert "保存期間が決められていない" in undecided.stdout
    assert json.loads(told.stdout)["counts"] == [{"what": "call", "kind": "incident", "calls": 1}]
    assert calls_left(installed) == ["old"]


def test_without_a_yes_it_asks_and_takes_no_for_no(installed: Settings) -> None:
    refused = type_in(installed, "purge", preset="30days", typed="n\n")
    agreed = type_in(installed, "purge", preset="30days", typed="y\n")

    assert refused.exit_code != 0
    assert agreed.exit_code == 0
    assert "何も見つかりませんでした" in agreed.stdout
    assert calls_left(installed) == []


def test_an_export_lands_in_the_folder_for_its_owner_alone(
    installed: Settings, tmp_path: Path
) -> None:
    without_recordings(installed)
    (tmp_path / "out").mkdir()

    made = type_in(installed, "person", "export", NUMBER, "--to", str(tmp_path / "out"), "--json")

    file = Path(json.loads(made.stdout)["file"])
    assert file.stat().st_mode & 0o077 == 0
    assert "summary.html" in zipfile.ZipFile(file).namelist()


def test_the_number_can_be_asked_for_so_that_no_history_keeps_it(installed: Settings) -> None:
    erased = type_in(installed, "person", "erase", "--yes", typed=f"{NUMBER}\n")

    assert erased.exit_code == 0, erased.output
    assert NUMBER not in erased.output
    assert calls_left(installed) == []


def test_a_number_nobody_called_from_and_one_that_is_none_are_told_apart(
    installed: Settings,
) -> None:
    nobody = type_in(installed, "person", "erase", "090-0000-0000", "--yes")
    no_number = type_in(installed, "person", "erase", "内線", "--yes")

    assert (nobody.exit_code, no_number.exit_code) == (2, 2)
    assert "この番号からの通話はありません" in nobody.output
    assert "電話番号として読めません" in no_number.output
