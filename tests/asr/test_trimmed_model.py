"""Leaving the tokens of other languages out of a model's file."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.trimmed_model import UnknownLayout, trim_to_japanese, writes_japanese
from asr.vocabulary import Vocabulary

# 死, ね, " the", "OK", "7", "。", Cyrillic "при", two thirds of a kanji, and two marks.
TOKENS = ["æŃ»", "ãģŃ", "Ġthe", "OK", "7", "ãĢĤ", "Ð¿ÑĢÐ¸", "æŃ", "<|endoftext|>", "<|ja|>"]
KEPT = ["æŃ»", "ãģŃ", "OK", "7", "ãĢĤ", "æŃ", "<|endoftext|>", "<|ja|>"]
CONFIG = {"lang_ids": [9], "suppress_ids": [2, 3], "alignment_heads": [[9, 9]]}


def text(value: str) -> bytes:
    written = value.encode() + b"\0"
    return struct.pack("<H", len(written)) + written


def variable(name: str, values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> bytes:
    shape = struct.pack(f"<B{values.ndim}I", values.ndim, *values.shape)
    return text(name) + shape + struct.pack("<BI", 0, values.nbytes) + values.tobytes()


def model_file(*variables: bytes, version: int = 6) -> bytes:
    head = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    aliases = struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings")
    return head + b"".join(variables) + aliases


def table(rows: int, columns: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.arange(rows * columns, dtype=np.float32).reshape(rows, columns)


OTHER = variable("encoder/conv1/weight", table(len(TOKENS)))
EMBEDDINGS = variable("decoder/embeddings/weight", table(len(TOKENS)))


def test_only_rows_of_japanese_tokens_stay() -> None:
    trimmed = trim_to_japanese(model_file(OTHER, EMBEDDINGS), CONFIG, TOKENS)

    rows = table(len(TOKENS))[[TOKENS.index(token) for token in KEPT]]
    assert trimmed.tokens == tuple(KEPT)
    assert trimmed.files["model.bin"] == model_file(
        OTHER, variable("decoder/embeddings/weight", rows)
    )


def test_what_is_said_about_tokens_is_renumbered_and_nothing_else() -> None:
    trimmed = trim_to_japanese(model_file(EMBEDDINGS), CONFIG, TOKENS)

    assert json.loads(trimmed.files["config.json"]) == {
        "lang_ids": [7],
        "suppress_ids": [2],
        "alignment_heads": [[9, 9]],
    }


def test_the_vocabulary_matches_the_rows() -> None:
    trimmed = trim_to_japanese(model_file(EMBEDDINGS), CONFIG, TOKENS)

    assert json.loads(trimmed.files["vocabulary.json"]) == KEPT
    assert Vocabulary(trimmed.tokens).text([0, 1, 4]) == "死ね。"


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"not a model",
        model_file(OTHER),
        model_file(EMBEDDINGS, version=7),
        model_file(OTHER)[:40],
    ],
)
def test_a_file_that_is_not_understood_is_left_alone(file: bytes) -> None:
    with pytest.raises(UnknownLayout):
        trim_to_japanese(file, CONFIG, TOKENS)


@given(content=st.binary(max_size=200))
def test_noise_is_never_taken_for_a_model(content: bytes) -> None:
    with pytest.raises(UnknownLayout):
        trim_to_japanese(struct.pack("<I", 6) + content, CONFIG, TOKENS)


@pytest.mark.parametrize(
    "token", ["<|notimestamps|>", "<|0.02|>", "Ń", "ĠA", "NHK", "12", "...", "ï¼ģ"]
)
def test_what_may_stand_in_a_japanese_sentence_stays(token: str) -> None:
    assert writes_japanese(token)


@pytest.mark.parametrize("token", ["Ġthe", "ing", "Ð¿ÑĢÐ¸", "ìĿ´", "Ã©t", "Ġque", "ĠNHK"])
def test_other_languages_go(token: str) -> None:
    assert not writes_japanese(token)
