"""The trained model as a file of plain arrays."""

from __future__ import annotations

import io
from contextlib import suppress
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.errors import MeaningInvalid
from detection.meaning.letters_model import LettersModel
from detection.meaning.mixing import HARM_INPUTS, Mixing
from detection.meaning.model_file import TrainedModel, read_model, shipped_model, written_model
from detection.meaning.outputs import OUTPUTS
from detection.meaning.tuned import TunedEncoder

COUNT = len(OUTPUTS)


def small_model() -> TrainedModel:
    rng = np.random.default_rng(7)
    numbers = rng.normal(size=(4, COUNT)).astype(np.float32)
    matrix = rng.normal(size=(6, 4)).astype(np.float32)
    return TrainedModel(
        version="meaning-test",
        encoder=TunedEncoder(
            2, {"l1.q.w": matrix, "l1.q.b": matrix[0]}, numbers, numbers[0].copy()
        ),
        letters=LettersModel.rounded(
            ["字あ", "字い", "音ウ", "音エ"], np.ones(4, np.float32), numbers, numbers[1].copy()
        ),
        mixing=Mixing(numbers[0], numbers[1], numbers[2], np.ones(HARM_INPUTS, np.float32)),
    )


@cache
def written_small_model() -> bytes:
    return written_model(small_model())


def test_what_is_written_is_read_again() -> None:
    model = small_model()

    again = read_model(written_model(model))

    assert again.version == model.version
    assert again.encoder.layers == model.encoder.layers
    assert np.allclose(again.mixing.letters, model.mixing.letters)
    assert again.letters.runs.tobytes() == model.letters.runs.tobytes()
    assert np.allclose(again.encoder.slopes, model.encoder.slopes)


def test_a_matrix_comes_back_within_half_a_step_of_eight_bits() -> None:
    model = small_model()
    matrix = model.encoder.arrays["l1.q.w"]
    half_a_step = np.abs(matrix).max(axis=1, keepdims=True) / 127 / 2

    again = read_model(written_model(model)).encoder.arrays["l1.q.w"]

    assert (np.abs(again - matrix) <= half_a_step + 1e-6).all()


def test_what_was_rounded_once_is_not_changed_by_rounding_it_again() -> None:
    once = TunedEncoder.of_stored(small_model().encoder.stored())

    twice = TunedEncoder.of_stored(once.stored())

    assert np.allclose(once.arrays["l1.q.w"], twice.arrays["l1.q.w"], atol=1e-6)


@pytest.mark.parametrize("image", [b"", b"PK\x03\x04", b"not an archive"])
def test_a_damaged_file_is_refused_with_the_command_that_mends_it(image: bytes) -> None:
    with pytest.raises(MeaningInvalid, match="mimamori train"):
        read_model(image)


def test_a_file_cut_short_is_refused() -> None:
    image = written_model(small_model())

    with pytest.raises(MeaningInvalid, match="mimamori train"):
        read_model(image[: len(image) // 2])


@settings(max_examples=300)
@given(data=st.data())
def test_a_wrong_letter_anywhere_is_refused_or_does_no_harm(data: st.DataObject) -> None:
    image = bytearray(written_small_model())
    for _ in range(data.draw(st.integers(1, 3))):
        image[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))

    with suppress(MeaningInvalid):
        read_model(bytes(image))


def test_a_wrong_letter_in_the_numbers_is_refused_with_the_command_that_mends_it() -> None:
    image = bytearray(written_small_model())
    for place in range(len(image) // 4, len(image) // 2, 16):
        image[place] ^= 0xFF

    with pytest.raises(MeaningInvalid, match="mimamori train"):
        read_model(bytes(image))


def test_a_file_with_other_outputs_is_refused() -> None:
    with np.load(io.BytesIO(written_model(small_model()))) as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["facts"] = np.array("1\nmeaning-test\nharm")
    image = io.BytesIO()
    np.savez(image, **arrays)

    with pytest.raises(MeaningInvalid, match="another version"):
        read_model(image.getvalue())


def test_the_shipped_model_can_be_read_and_names_recipe_and_corpus() -> None:
    model = shipped_model()

    assert model.version.startswith("meaning-")
    assert model.encoder.slopes.shape[1] == COUNT
