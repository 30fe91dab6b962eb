"""``mimamori rules`` on the database of an office."""

from __future__ import annotations

import json
import os

import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli.rules import rules
from app.clock import SystemClock
from app.db import Database
from app.settings import Settings
from tests.app.rule_cases import CATEGORY, QUOTE, RULE, Raised, keep

commands = typer.Typer()
commands.command("rules")(rules)


@pytest.fixture
def call(settings: Settings) -> Call:
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith("MIMAMORI")}
    return Call({**ours, "MIMAMORI_DATA_DIR": str(settings.data_dir), "COLUMNS": "160"})


class Call:
    def __init__(self, environment: dict[str, str | None]) -> None:
        self._environment = environment

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(commands, words, env=self._environment)


@pytest.fixture
async def counted(database: Database) -> None:
    now = SystemClock().now()
    doubtful = [Raised(false=place < 14, at=now) for place in range(30)]
    await keep(database, [*doubtful, Raised(rule="mental.die", at=now)])


@pytest.mark.usefixtures("counted")
def test_the_doubtful_rule_is_named_first_with_its_reason_and_no_words_of_a_call(
    call: Call,
) -> None:
    result = call()

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == (
        f"{RULE}: 30件のうち14件が誤検知でした。ルールの見直しを検討してください。"
    )
    assert "見直しをお勧め" in result.stdout
    assert "53%(36〜69%)" in result.stdout
    assert result.stdout.index(RULE) < result.stdout.index("mental.die")
    assert QUOTE not in result.stdout


@pytest.mark.usefixtures("counted")
def test_json_is_one_object_as_over_rest(call: Call) -> None:
    printed = json.loads(call("--days", "7", "--json").stdout)

    first, second = printed["rules"]
    assert (printed["days"], printed["review_below"], printed["review_from"]) == (7, 0.7, 10)
    assert (first["rule"], first["category"]) == (RULE, CATEGORY)
    assert first["count"]["marked_false"] == 14
    assert first["proposal"]["reason"].startswith("30件のうち14件")
    assert second["proposal"] is None


def test_an_office_without_alerts_is_told_so(call: Call) -> None:
    result = call("--days", "30")

    assert result.exit_code == 0
    assert result.stdout == "この30日間に、お知らせのあった通話はありません。\n"


def test_no_days_are_refused_with_code_2(call: Call) -> None:
    result = call("--days", "0")

    assert result.exit_code == 2
    assert "--days" in result.stderr
