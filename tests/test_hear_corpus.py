"""Facts about the writing down of what is heard of the corpus."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from asr.types import Transcript
from detection.corpus_files import Heard, heard_row, text_key
from detection.errors import CorpusInvalid
from scripts.hear_corpus import TEXTS_AT_ONCE, batches, main, moment, unheard
from scripts.hearing import joined
from scripts.hts_voice import risen
from scripts.telephone_speech import VOICE_HZ

NOW = datetime(2026, 11, 22, 16, 30, 5, tzinfo=UTC)


def test_what_was_heard_before_is_not_heard_again(tmp_path: Path) -> None:
    out = tmp_path / "heard.tsv"
    out.write_text(heard_row(text_key("はい"), Heard(0.0, 1.0, "はい")) + "\n", encoding="utf-8")

    assert unheard(["いいえ", "はい"], out) == ["いいえ"]
    assert unheard(["はい", "はい"], tmp_path / "none.tsv") == ["はい"]


def test_the_order_is_that_of_the_hashes_whatever_the_order_of_the_files(tmp_path: Path) -> None:
    texts = [f"{number} 番の窓口" for number in range(50)]

    order = unheard(texts, tmp_path / "none.tsv")

    assert order == unheard(texts[::-1], tmp_path / "none.tsv")
    assert [text_key(text) for text in order] == sorted(map(text_key, texts))


def test_a_half_written_row_is_told_before_anything_is_heard(tmp_path: Path) -> None:
    out = tmp_path / "heard.tsv"
    out.write_text(f"{text_key('はい')}\t0.00", encoding="utf-8")

    with pytest.raises(CorpusInvalid, match="line 1"):
        unheard(["いいえ"], out)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("18:05", NOW.replace(hour=18, minute=5, second=0)),
        ("01:00", datetime(2026, 11, 23, 1, tzinfo=UTC)),
    ],
)
def test_a_time_of_day_is_the_next_one(written: str, expected: datetime) -> None:
    assert moment(written, NOW) == expected


def test_batches_hold_every_text_once_and_end_with_the_time() -> None:
    texts = [str(number) for number in range(TEXTS_AT_ONCE * 2 + 1)]

    whole = list(batches(texts, None))

    assert [len(batch) for batch in whole] == [TEXTS_AT_ONCE, TEXTS_AT_ONCE, 1]
    assert [text for batch in whole for text in batch] == texts
    assert list(batches(texts, NOW.replace(year=2020))) == []


def test_other_voices_never_write_into_the_corpus(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--voice", "kokoro"])

    assert "--out" in capsys.readouterr().err


# The voice


@pytest.mark.parametrize(("hertz", "more_db"), [(500, -5.0), (1_000, 0.0), (2_000, 5.0)])
def test_a_rise_is_so_many_decibels_in_each_octave(hertz: int, more_db: float) -> None:
    time_s = np.arange(VOICE_HZ) / VOICE_HZ
    tone = np.sin(2 * np.pi * hertz * time_s).astype(np.float32)

    louder = float(np.sqrt(np.mean(risen(tone, 5.0) ** 2) / np.mean(tone**2)))

    assert 20 * np.log10(louder) == pytest.approx(more_db, abs=0.1)


# One text, several segments


def test_readings_of_segments_are_joined_best_with_best() -> None:
    first = Transcript("謝れ", 0.9, hypotheses=("誤れ", "あやまれ"))
    second = Transcript("今すぐだよ", 0.2, hypotheses=("今すぐだ",))

    heard = joined("謝れ今すぐだよ", [first, second])

    assert heard.text == "謝れ今すぐだよ"
    assert heard.others == ("誤れ今すぐだ", "あやまれ今すぐだよ")
    assert heard.confidence == pytest.approx((0.9 * 2 + 0.2 * 5) / 7)
    assert heard.character_error_rate == 0.0


def test_a_segment_without_words_changes_nothing() -> None:
    words = Transcript("誤れ", 0.6, hypotheses=("謝れ",))

    assert joined("謝れ", [Transcript("", 0.0), words]) == Heard(0.5, 0.6, "誤れ", ("謝れ",))


def test_nothing_heard_is_an_empty_text_with_every_letter_wrong() -> None:
    assert joined("謝れ", []) == Heard(1.0, 0.0, "")
