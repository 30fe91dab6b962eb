"""Facts about ``mimamori evaluate`` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.evaluate import evaluate_app

RUNNER = CliRunner()
WRITTEN_CALLS = Path(__file__).parent / "written_calls.jsonl"
"""Thirteen calls: demands that come back after a refusal, and complaints that only look like it."""
SAID = {"id": "1", "text": "殺すぞ", "labels": ["mental_attack"], "severity": 3}
PLAYED = {
    "id": "c",
    "turns": [
        {"speaker": "operator", "text": "市役所でございます。"},
        {"speaker": "caller", "text": "住民票の取り方を教えてください。"},
    ],
    "expect": {"max_level": 0, "first_alert_turn": None, "repetition": False},
    "kind": "legitimate",
}


def evaluate(*arguments: str | Path) -> Result:
    return RUNNER.invoke(evaluate_app, [str(argument) for argument in arguments])


@pytest.fixture
def utterances(tmp_path: Path) -> Path:
    file = tmp_path / "utterances.jsonl"
    quiet = {"id": "2", "text": "ゴミの日を教えてください", "kind": "legitimate"}
    lines = [{**SAID, "kind": "harassment"}, quiet]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return file


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps(PLAYED), encoding="utf-8")
    return file


def test_json_is_one_object_and_nothing_else(utterances: Path) -> None:
    result = evaluate("utterances", utterances, "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (told["evaluation"], told["count"]) == ("utterances", 2)
    assert told["policy_version"].startswith("ebetsu-")
    assert result.stderr == ""


def test_calls_are_judged_under_the_policy_that_was_asked_for(calls: Path) -> None:
    told = json.loads(evaluate("calls", calls, "--json", "--policy", "saga").stdout)

    assert told["policy_version"].startswith("saga-")
    assert told["false_alarms"]["legitimate"] == {"rate": 0.0, "count": 0, "of": 1}


def test_several_policies_are_compared_side_by_side(calls: Path) -> None:
    told = json.loads(
        evaluate("calls", calls, "--json", "--policy", "saga", "--policy", "ebetsu").stdout
    )
    alone = json.loads(evaluate("calls", calls, "--json", "--policy", "saga").stdout)

    assert [one["policy"] for one in told["policies"]] == ["saga", "ebetsu"]
    assert told["policies"][0] == {"policy": "saga", **alone}
    assert (told["evaluation"], told["file"], told["count"]) == ("calls", "calls.jsonl", 1)


def test_a_comparison_is_one_table_with_a_column_for_each_policy(calls: Path) -> None:
    printed = evaluate("calls", calls, "--policy", "saga", "--policy", "kumamoto").stdout

    heading = next(line for line in printed.splitlines() if "saga" in line)
    assert "kumamoto" in heading
    assert "誤検知率(正当な苦情・通常の用件)" in printed
    assert "繰り返しの適合率" in printed


def test_predictions_of_several_policies_say_whose_they_are(calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    evaluate("calls", calls, "--policy", "saga", "--policy", "ebetsu", "--predictions", out)

    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["policy"]) for line in lines] == [("c", "saga"), ("c", "ebetsu")]


def test_a_policy_that_was_named_twice_is_judged_once_and_printed_as_ever(calls: Path) -> None:
    once = evaluate("calls", calls, "--policy", "saga")
    twice = evaluate("calls", calls, "--policy", "saga", "--policy", "saga")

    assert twice.stdout == once.stdout


def test_complaints_stay_quiet_and_repetition_is_noticed_in_written_calls() -> None:
    told = json.loads(evaluate("calls", WRITTEN_CALLS, "--json").stdout)

    assert told["false_alarms"]["legitimate"]["count"] == 0
    assert told["repetition"]["precision"] == 1.0
    assert told["repetition"]["recall"] >= 0.75
    assert told["level_agreement"]["within_one"]["rate"] == 1.0


def test_predictions_are_written_one_line_a_case(utterances: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"

    evaluate("utterances", utterances, "--predictions", out)

    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["id"] for line in lines] == ["1", "2"]
    assert set(lines[0]) == {"id", "flagged", "level", "scores", "findings"}


def test_without_json_tables_are_printed(utterances: Path, calls: Path) -> None:
    assert "再現率" in evaluate("utterances", utterances).stdout
    assert "繰り返しの検知" in evaluate("calls", calls).stdout


def test_a_bad_line_is_told_by_file_and_number(utterances: Path) -> None:
    with utterances.open("a", encoding="utf-8") as file:
        file.write("\n{broken")

    result = evaluate("utterances", utterances, "--json")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "utterances.jsonl:3: JSON として読めません" in result.stderr


def test_a_line_ends_at_its_line_feed_whatever_its_words_hold(tmp_path: Path) -> None:
    file = tmp_path / "utterances.jsonl"
    said = {**SAID, "kind": "harassment", "text": "殺すぞ\u2028\u0085\x1cおい"}
    file.write_text(json.dumps(said, ensure_ascii=False) + "\r\n", encoding="utf-8", newline="")

    result = evaluate("utterances", file, "--json")

    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["count"] == 1


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    result = evaluate("calls", tmp_path / "none.jsonl")

    assert result.exit_code == 2
    assert "none.jsonl を読めません" in result.stderr


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sjis.jsonl"
    file.write_bytes("馬鹿".encode("shift_jis"))

    result = evaluate("utterances", file)

    assert result.exit_code == 2
    assert "UTF-8" in result.stderr


def test_an_unknown_policy_is_answered_with_those_that_exist(calls: Path) -> None:
    result = evaluate("calls", calls, "--policy", "sendai")

    assert result.exit_code == 2
    assert "ebetsu、kumamoto、saga、sapporo" in result.stderr


def test_predictions_that_cannot_be_written_are_refused_before_the_work(
    utterances: Path, tmp_path: Path
) -> None:
    result = evaluate("utterances", utterances, "--predictions", tmp_path / "no" / "out.jsonl")

    assert result.exit_code == 2
    assert "書き込めません" in result.stderr


def test_predictions_never_take_the_place_of_what_is_evaluated(
    utterances: Path, calls: Path, tmp_path: Path
) -> None:
    (link := tmp_path / "link.jsonl").symlink_to(calls)
    before = (utterances.read_bytes(), calls.read_bytes())

    refused = [
        evaluate("utterances", utterances, "--predictions", utterances),
        evaluate("calls", calls, "--predictions", link),
        evaluate("audio", tmp_path, "--utterances", utterances, "--predictions", utterances),
    ]

    assert [result.exit_code for result in refused] == [2, 2, 2]
    assert all("別の名前" in result.stderr for result in refused)
    assert (utterances.read_bytes(), calls.read_bytes()) == before


def test_a_missing_recording_is_told_by_name(utterances: Path, tmp_path: Path) -> None:
    result = evaluate("audio", tmp_path, "--utterances", utterances, "--json")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "1.wav" in result.stderr
