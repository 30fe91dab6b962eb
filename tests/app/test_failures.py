"""What a person at the command line reads when something outside the program is wrong."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.util.exc import CommandError
from sqlalchemy.exc import OperationalError

from app.bootstrap import prepare_model
from app.cli.failures import explain
from app.db import open_database
from app.errors import Unavailable
from app.settings import Settings
from asr.errors import ModelNotFound
from detection.corpus_files import Kind, read_lines
from detection.errors import CorpusInvalid, DetectionError
from detection.policy_files import load_policy


async def why_not_opened(url: str) -> str | None:
    try:
        async with open_database(url):
            return "opened"
    except Exception as broken:  # noqa: BLE001 - whatever it is, it has to be explained
        return explain(broken)


async def test_a_file_that_is_no_database_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "mimamori.db").write_bytes(b"no database at all " * 500)

    said = await why_not_opened(f"sqlite+aiosqlite:///{tmp_path / 'mimamori.db'}")

    assert said is not None
    assert "バックアップから戻して" in said


async def test_a_database_that_newer_tables_are_in_is_told_apart(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.data_dir / "mimamori.db")) as direct:
        direct.execute("UPDATE alembic_version SET version_num = '9999'")
        direct.commit()

    said = await why_not_opened(settings.async_database_url)

    assert said is not None
    assert "新しい版" in said


async def test_a_server_out_of_reach_is_told_without_its_password() -> None:
    said = await why_not_opened("postgresql+asyncpg://mimamori:hush-hush@127.0.0.1:1/mimamori")

    assert said is not None
    assert "MIMAMORI_DATABASE_URL" in said
    assert "hush" not in said


@pytest.mark.parametrize("mode", ["disable", "require", "verify-full"])
async def test_tls_to_the_database_is_asked_for_in_its_own_words(mode: str) -> None:
    nobody = f"postgresql://mimamori:hush-hush@127.0.0.1:1/mimamori?sslmode={mode}"

    said = await why_not_opened(
        Settings.model_validate({"database_url": nobody}).async_database_url
    )

    assert said is not None
    assert "データベースに接続できません" in said


def test_a_locked_file_asks_whether_two_programs_run() -> None:
    locked = OperationalError("BEGIN", {}, sqlite3.OperationalError("database is locked"))

    said = explain(locked)

    assert said is not None
    assert "二重に起動" in said


def test_a_wrong_line_of_the_corpus_is_named_to_who_trains() -> None:
    with pytest.raises(CorpusInvalid) as wrong:
        list(read_lines(Kind.HARASSMENT, "apology", ["謝れ"]))

    said = explain(wrong.value)

    assert said is not None
    assert "例文を読み込めません" in said
    assert "harassment/apology.tsv, line 1" in said


def test_a_missing_model_names_the_setting(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "asr": {"model": str(tmp_path / "nothing")}}
    )
    with pytest.raises(ModelNotFound) as missing:
        prepare_model(settings)

    said = explain(missing.value)

    assert said is not None
    assert "MIMAMORI_ASR__MODEL" in said


def test_an_unknown_policy_names_those_that_exist() -> None:
    with pytest.raises(DetectionError) as unknown:
        load_policy("nowhere")

    said = explain(unknown.value)

    assert said is not None
    assert "ebetsu" in said
    assert "MIMAMORI_DETECTION__POLICY" in said


def test_a_broken_policy_is_told_in_one_line_with_its_first_faults(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('name = "x"\n[minutes]\nheld = 0\nhold = 3\n', encoding="utf-8")
    with pytest.raises(DetectionError) as invalid:
        load_policy(own)

    said = explain(invalid.value)

    assert said is not None
    assert "\n" not in said
    assert "own.toml 3行目: minutes.held は 1〜600 の間で書いてください" in said
    assert "ほか1件は mimamori policy check で" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module named 'asyncpg'", name="asyncpg"), "mimamori[postgres]"),
        (PermissionError(13, "Permission denied", "/var/lib/x"), "/var/lib/x を読み書きできません"),
        (CommandError("Can't locate revision"), "データベースの版"),
        (ConnectionRefusedError(111, "refused"), "データベースに接続できません"),
        (ExceptionGroup("", [Unavailable("x", "一つ"), Unavailable("y", "二つ")]), "一つ / 二つ"),
    ],
)
def test_each_is_one_line_in_japanese(error: BaseException, said: str) -> None:
    line = explain(error)

    assert line is not None
    assert said in line
    assert "\n" not in line


@pytest.mark.parametrize(
    "defect",
    [
        ValueError("x"),
        ModuleNotFoundError("No module named 'app.x'", name="app.x"),
        ExceptionGroup("", [Unavailable("x", "一つ"), KeyError("x")]),
    ],
)
def test_a_defect_of_the_program_is_not_explained_away(defect: BaseException) -> None:
    assert explain(defect) is None
