"""From tokens to text."""

from __future__ import annotations

from asr.vocabulary import Vocabulary

# Whisper's own way of writing the bytes E6 AD BB of 死, E3 81 AD of ね, and a space before "OK".
WORDS = Vocabulary(["æŃ", "»", "ãģ", "Ń", "ĠOK", "<|ja|>", "<|endoftext|>", "", "<|"])


def test_a_character_may_be_spread_over_tokens() -> None:
    assert WORDS.text([0, 1, 2, 3]) == "死ね"


def test_a_character_that_was_cut_is_left_out() -> None:
    assert WORDS.text([0, 1, 2]) == "死"


def test_marks_are_not_text() -> None:
    assert WORDS.text([5, 4, 6, 7]) == "OK"


def test_what_only_begins_like_a_mark_is_text() -> None:
    assert WORDS.text([8]) == "<|"
