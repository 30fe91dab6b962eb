"""What the recogniser heard of the corpus, as it is shipped and as it is written down."""

from __future__ import annotations

from functools import cache
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.corpus_files import (
    HEARD_FILE,
    Heard,
    heard_row,
    read_corpus,
    read_heard,
    read_heard_rows,
    text_key,
)
from detection.errors import CorpusInvalid

KEY = text_key("謝れ")
ROW = f"{KEY}\t0.50\t0.71\t謝って\t誤れ"


@cache
def shipped_rows() -> dict[str, Heard]:
    file = resources.files("detection").joinpath("corpus", HEARD_FILE)
    return read_heard_rows(file.read_text(encoding="utf-8").splitlines())


def test_every_shipped_row_keeps_to_the_rules_and_there_are_many() -> None:
    assert len(shipped_rows()) >= 500


def test_what_is_read_belongs_to_a_shipped_line_and_the_rest_is_ignored() -> None:
    shipped = {text_key(line.text) for line in read_corpus()}

    heard = read_heard()

    assert set(heard) == set(shipped_rows()) & shipped
    assert len(heard) >= 500


def test_no_two_lines_of_the_corpus_share_a_key() -> None:
    texts = {line.text for line in read_corpus()}

    assert len({text_key(text) for text in texts}) == len(texts)


def test_a_row_says_what_was_heard_and_how_surely() -> None:
    rows = read_heard_rows(["# ひとこと", "", ROW])

    assert rows == {KEY: Heard(0.5, 0.71, "謝って", ("誤れ",))}


def test_hearing_nothing_is_kept() -> None:
    rows = read_heard_rows([f"{KEY}\t1.00\t0.00\t"])

    assert rows == {KEY: Heard(1.0, 0.0, "")}


@pytest.mark.parametrize(
    "row",
    [
        f"{KEY}\t0.50\t0.71",
        f"{KEY[1:]}\t0.50\t0.71\t謝って",
        f"{KEY.upper()}x\t0.50\t0.71\t謝って",
        f"{KEY}\thalf\t0.71\t謝って",
        f"{KEY}\t-0.10\t0.71\t謝って",
        f"{KEY}\tnan\t0.71\t謝って",
        f"{KEY}\tinf\t0.71\t謝って",
        f"{KEY}\t0.50\t1.71\t謝って",
        f"{KEY}\t0.50\tnan\t謝って",
        f"{KEY}\t0.50\t0.71\t謝って\t",
        f"{KEY}\t1.00\t0.00\t\t謝って",
    ],
)
def test_a_row_that_breaks_the_rules_is_named(row: str) -> None:
    with pytest.raises(CorpusInvalid, match=r"heard\.tsv, line 2"):
        read_heard_rows(["# ひとこと", row])


def test_a_text_is_heard_once() -> None:
    with pytest.raises(CorpusInvalid, match=r"heard\.tsv, line 2: .* before"):
        read_heard_rows([ROW, ROW])


words = st.text(st.characters(categories=("L", "N", "P")), min_size=1)
figures = st.integers(0, 100).map(lambda hundredths: hundredths / 100)


@given(
    errors=figures, confidence=figures, text=words, others=st.lists(words, max_size=3).map(tuple)
)
def test_what_is_written_is_what_is_read(
    errors: float, confidence: float, text: str, others: tuple[str, ...]
) -> None:
    heard = Heard(errors, confidence, text, others)

    assert read_heard_rows([heard_row("0123456789ab", heard)]) == {"0123456789ab": heard}


@given(st.text())
def test_a_reading_never_breaks_its_row(text: str) -> None:
    row = heard_row("0123456789ab", Heard(0.0, 1.0, text))

    assert row.splitlines() == [row]
    assert row.count("\t") == 3
