"""Facts about when two records of one recording say the same."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from scripts.same_record import Turn, compare

TURNS = (
    Turn("caller", 0, 2_000, "今すぐ取りに来てくださいよ。"),
    Turn("operator", 2_500, 4_000, "申し訳ございません。"),
    Turn("caller", 4_500, 5_000, "はい。"),
)
REFERENCE: dict[str, Any] = {
    "call": {
        "top_level": 2,
        "outcome": "harassment_suspected",
        "warnings_spoken": 1,
        "end_reason": "caller_hung_up",
        "ended_at": "2026-11-22T00:00:00Z",
        "duration_ms": 5_000,
    },
    "utterances": [
        {"track": "caller", "start_ms": 100, "end_ms": 1_900, "text": "今すぐ取りに来てくれよ。"},
        {"track": "operator", "start_ms": 2_600, "end_ms": 3_900, "text": "申し訳ございません。"},
    ],
    "alerts": [{"categories": ["insult"], "withdrawn": False}],
    "gaps": [],
}


def faults_after(part: str, changes: Any) -> tuple[str, ...]:
    seen = copy.deepcopy(REFERENCE)
    seen[part] = {**seen[part], **changes} if isinstance(changes, dict) else changes
    return compare(REFERENCE, seen, TURNS).faults


def test_a_record_says_the_same_as_itself_and_what_nobody_heard_is_not_missed() -> None:
    compared = compare(REFERENCE, REFERENCE, TURNS)

    assert compared.faults == ()
    assert (compared.turns_heard, compared.turns_of_reference) == (2, 2)
    assert compared.error_rates == {"caller": 0.0, "operator": 0.0}


@pytest.mark.parametrize(
    ("part", "changes", "fault"),
    [
        ("call", {"top_level": 1}, "top_level 1 instead of 2"),
        ("call", {"warnings_spoken": 0}, "warnings_spoken 0 instead of 1"),
        ("call", {"end_reason": "interrupted"}, "ended as interrupted"),
        ("call", {"ended_at": None}, "not ended"),
        ("call", {"duration_ms": 3_000}, "3000 ms long instead of 5000 ms"),
        ("gaps", [{"track": "caller"}], "1 gaps, the first {'track': 'caller'}"),
        ("alerts", [], "no alert of insult"),
        ("alerts", [{"categories": ["insult"], "withdrawn": True}], "no alert of insult"),
    ],
)
def test_whatever_is_missing_is_told(part: str, changes: Any, fault: str) -> None:
    assert faults_after(part, changes) == (fault,)


def test_a_turn_without_words_is_a_fault_and_its_track_reads_wrong() -> None:
    assert faults_after("utterances", REFERENCE["utterances"][:1]) == (
        "turn of operator at 2500 ms not heard",
        "operator reads 1.000 off",
    )


def test_another_number_of_alerts_is_told_and_is_no_fault() -> None:
    seen = copy.deepcopy(REFERENCE)
    seen["alerts"].append({"categories": ["threat"], "withdrawn": False})

    compared = compare(REFERENCE, seen, TURNS)

    assert compared.faults == ()
    assert compared.alerts == ("2 alerts instead of 1", "also threat")


@pytest.mark.parametrize(
    ("heard", "faults"),
    [
        ("今すぐ取りに来てくださいよはい", ()),
        ("今すぐ鳥肉で食え", ("caller reads 0.727 off",)),
    ],
)
def test_another_reading_is_a_fault_only_where_it_is_a_worse_one(
    heard: str, faults: tuple[str, ...]
) -> None:
    utterances = [REFERENCE["utterances"][0] | {"text": heard}, REFERENCE["utterances"][1]]

    assert faults_after("utterances", utterances) == faults
