"""Pure: nothing that the screens can be told is without a word of the office's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum

import pytest

from app.auth.identity import Role
from app.calls.facts import GapReason
from app.calls.registry import ENDED_ERROR, ENDED_INTERRUPTED
from app.screens import words
from asr.types import Doubt
from detection.types import Category, Outcome, Severity, Speaker, Step


@pytest.mark.parametrize(
    ("told", "named"),
    [
        (Category, words.CATEGORIES),
        (Severity, words.LEVELS),
        (Outcome, words.OUTCOMES),
        (Step, words.STEPS),
        (Doubt, words.DOUBTS),
        (GapReason, words.GAP_REASONS),
        (Speaker, words.TRACKS),
        (Role, words.ROLES),
    ],
)
def test_every_id_has_its_words(told: type[Enum], named: Mapping[Enum, object]) -> None:
    assert set(named) == set(told)


def test_an_end_that_only_the_record_came_to_is_told_with_its_reason() -> None:
    assert set(words.ENDED_HERE_ALONE) == {ENDED_ERROR, ENDED_INTERRUPTED}
    assert set(words.ENDED_HERE_ALONE) <= set(words.END_REASONS)


def test_no_two_categories_read_alike() -> None:
    labels = [category.label for category in words.CATEGORIES.values()]
    shorts = [category.short for category in words.CATEGORIES.values()]

    assert len(set(labels)) == len(labels)
    assert len(set(shorts)) == len(shorts)


def test_the_words_travel_as_json() -> None:
    assert json.loads(json.dumps(words.screen_words())) == words.screen_words()


def test_no_word_claims_that_a_machine_has_judged() -> None:
    everything = json.dumps(words.screen_words(), ensure_ascii=False)

    assert "AI" not in everything
    assert "判定" not in everything
