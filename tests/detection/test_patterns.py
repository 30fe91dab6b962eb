"""What a pattern may ask for: only what a normal text can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module

import pytest

from detection.lexicon_files import shipped_lexicon
from tests.detection.shipped import assess

MODULES = (
    "caller_speech",
    "context",
    "context_cases",
    "context_clauses",
    "context_denial",
    "context_people",
    "context_reports",
    "context_things",
    "context_voices",
    "operator_speech",
    "surroundings",
)
LAST_LONG_SOUND = re.compile(r"[ぁ-ゔ]ー(?![ぁ-ゔー?\]〜])")
"""The normal text keeps a long sound between two katakana only: ストーカーに is すとーかに there."""


def patterns() -> Iterator[tuple[str, str]]:
    lexicon = shipped_lexicon()
    yield from ((e.id, e.pattern.pattern) for e in lexicon.entries if e.pattern is not None)
    yield from ((c.id, c.pattern.pattern) for c in (*lexicon.caller_cues, *lexicon.operator_cues))
    yield from ((i.id, i.pattern.pattern) for i in lexicon.innocents)
    yield from ((r.id, r.pattern.pattern) for r in lexicon.respellings)
    for module in MODULES:
        for name, value in vars(import_module(f"detection.{module}")).items():
            if isinstance(value, re.Pattern):
                yield f"{module}.{name}", value.pattern


def test_no_pattern_waits_for_the_long_sound_at_the_end_of_a_word() -> None:
    waiting = [
        (where, pattern[max(0, found.start() - 8) : found.end() + 4])
        for where, pattern in patterns()
        for found in LAST_LONG_SOUND.finditer(pattern)
    ]

    assert waiting == []


def test_no_pattern_waits_for_katakana() -> None:
    waiting = [where for where, pattern in patterns() if re.search(r"(?<!\[)[ァ-ヴ]", pattern)]

    assert waiting == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("わざわざ来たんだ、かかったタクシー代を払え。", "compensation.my_time"),
        ("タクシー代もないから迎えに来いよ。", "unrelated.chauffeur"),
    ],
)
def test_words_that_end_in_a_long_sound_are_found(text: str, rule: str) -> None:
    assert rule in {finding.rule for finding in assess(text).findings}


def test_a_stalker_is_somebody_else_and_a_lighter_lights_candles() -> None:
    assert assess("ストーカーが殺すぞって言うんです。").findings == ()
    assert assess("お仏壇のろうそくにライターで火をつけてやったんです。").findings == ()
