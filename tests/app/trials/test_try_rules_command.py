"""``mimamori try-rules`` on the database of an office, with the real detector."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli.try_rules import try_rules
from app.db import Database
from app.settings import Settings
from tests.app.past_calls import RUDE, RULE, Past, keep_calls

commands = typer.Typer()
commands.command("try-rules")(try_rules)

LOOSER = ("--set", "levels.first_severe_level=1", "--set", "levels.points_for_warning=20")


@pytest.fixture
async def call(settings: Settings, database: Database) -> Call:
    await keep_calls(
        database,
        [
            Past("c1", said=(RUDE,), found=(0,)),
            Past("c2", said=("ごみの日はいつですか",), top_level=0, found=()),
        ],
    )
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith("MIMAMORI")}
    return Call({**ours, "MIMAMORI_DATA_DIR": str(settings.data_dir), "COLUMNS": "160"})


class Call:
    def __init__(self, environment: dict[str, str | None]) -> None:
        self._environment = environment

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(commands, words, env=self._environment)


def test_it_counts_what_would_change_and_names_the_calls_without_their_words(call: Call) -> None:
    told = call(*LOOSER)
    as_json = json.loads(call(*LOOSER, "--json").stdout)

    assert told.exit_code == 0
    assert "2件の通話で試しました" in told.stdout
    assert "c1: 警告 → 注意" in told.stdout
    assert RUDE not in told.stdout
    assert as_json["tally"]["down"] == 1
    assert [one["call_id"] for one in as_json["differing"]] == ["c1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_rule_that_is_left_out_and_a_word_that_is_added_are_tried(
    call: Call, tmp_path: Path, encoding: str
) -> None:
    words = tmp_path / "words.toml"
    words.write_text(
        'kind = "findings"\ncategory = "intimidation"\nclause = "威圧的な言動"\n[[entry]]\n'
        'id = "office.bins"\nseverity = 2\npatterns = ["馬鹿か"]\ncatches = ["馬鹿か"]\n'
        'spares = ["はい"]\nreason = "試し"\n',
        encoding=encoding,
    )

    told = json.loads(call("--without", RULE, "--words", str(words), "--json").stdout)

    assert [one["call_id"] for one in told["differing"]] == ["c1"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--policy", "nowhere"), "基本方針が見つかりません"),
        (("--set", "minutes.held"), "= でつないで"),
        (("--set", "minutes.held=30", "--set", "minutes.held=20"), "一つの項目につき一度だけ"),
        (("--set", "minutes.other=3"), "minutes.other という項目はありません"),
        (("--set", "minutes.held=x"), "1〜600 の整数"),
        (("--without", "no.such"), "no.such というルールはありません"),
    ],
)
def test_what_cannot_be_tried_ends_with_one_line_that_names_the_next_step(
    call: Call, given: tuple[str, str], said: str
) -> None:
    result = call(*given)

    assert result.exit_code == 2
    assert said in result.stderr


def test_an_office_without_calls_is_told_so(settings: Settings) -> None:
    call = Call({"MIMAMORI_DATA_DIR": str(settings.data_dir)})

    assert "終了した通話はありません" in call("--policy", "sapporo").stdout


def test_words_in_another_encoding_are_refused_by_name(call: Call, tmp_path: Path) -> None:
    words = tmp_path / "words.toml"
    words.write_bytes('kind = "findings" # 言葉'.encode("shift_jis"))

    result = call("--words", str(words))

    assert result.exit_code == 2
    assert "words.toml は UTF-8 の文字ではありません" in result.stderr
