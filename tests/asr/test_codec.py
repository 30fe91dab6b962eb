"""Glue: G.711 codes stand for the values of the standard, and encoding picks the nearest of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.codec import decode, encode, encode_alaw, encode_mulaw
from asr.types import Encoding, Samples

EVERY_CODE = bytes(range(256))


def steps(samples: Samples) -> list[int]:
    return [round(float(sample) * 32_768) for sample in samples]


def sample_of(step: int) -> Samples:
    return np.array([step / 32_768], dtype=np.float32)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (0xFF, 0),
        (0x7F, 0),
        (0xFE, 8),
        (0x7E, -8),
        (0xF0, 120),
        (0xEF, 132),
        (0xCF, 924),
        (0xC0, 1_884),
        (0xA0, 7_932),
        (0x8F, 16_764),
        (0x80, 32_124),
        (0x00, -32_124),
    ],
)
def test_a_mulaw_code_stands_for_the_value_of_the_standard(code: int, step: int) -> None:
    decoded = decode(Encoding.MULAW, bytes([code]))

    assert steps(decoded) == [step]


@pytest.mark.parametrize(
    ("code", "step"),
    [
        (0xD5, 8),
        (0x55, -8),
        (0xD4, 24),
        (0xC5, 264),
        (0xF5, 528),
        (0xE5, 1_056),
        (0x80, 5_504),
        (0x00, -5_504),
        (0xAA, 32_256),
        (0x2A, -32_256),
    ],
)
def test_an_alaw_code_stands_for_the_value_of_the_standard(code: int, step: int) -> None:
    decoded = decode(Encoding.ALAW, bytes([code]))

    assert steps(decoded) == [step]


def test_every_alaw_code_comes_back_from_its_value() -> None:
    decoded = decode(Encoding.ALAW, EVERY_CODE)

    again = encode_alaw(decoded)

    assert again == EVERY_CODE


def test_every_mulaw_code_comes_back_from_its_value_and_zero_as_positive_zero() -> None:
    decoded = decode(Encoding.MULAW, EVERY_CODE)

    again = encode_mulaw(decoded)

    assert again == EVERY_CODE.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_the_code_of_every_value_is_as_near_as_any(encoding: Encoding) -> None:
    every_step = np.arange(-32_768, 32_768)
    levels = np.unique(np.array(steps(decode(encoding, EVERY_CODE))))
    above = np.clip(np.searchsorted(levels, every_step), 1, len(levels) - 1)
    nearest = np.minimum(np.abs(every_step - levels[above]), np.abs(every_step - levels[above - 1]))

    sound = (every_step / 32_768).astype(np.float32)
    coded = np.array(steps(decode(encoding, encode(encoding, sound))), dtype=np.int64)

    # Where two chords meet, the standard's border is not half-way between its two levels.
    chord_step = np.maximum(np.abs(every_step) / 32, 4)
    assert np.all(np.abs(every_step - coded) <= nearest + chord_step)
    assert np.mean(np.abs(every_step - coded) == nearest) > 0.95


@given(encoding=st.sampled_from(Encoding), step=st.integers(-32_768, 32_767))
def test_encoding_what_was_decoded_changes_nothing_more(encoding: Encoding, step: int) -> None:
    once = decode(encoding, encode(encoding, sample_of(step)))

    twice = decode(encoding, encode(encoding, once))

    assert np.array_equal(once, twice)


@given(first=st.integers(-32_768, 32_767), second=st.integers(-32_768, 32_767))
@pytest.mark.parametrize("encoding", list(Encoding))
def test_the_louder_of_two_values_never_comes_out_quieter(
    encoding: Encoding, first: int, second: int
) -> None:
    lower, higher = sorted((first, second))

    coded = [steps(decode(encoding, encode(encoding, sample_of(s))))[0] for s in (lower, higher)]

    assert coded[0] <= coded[1]


def test_pcm_keeps_every_value() -> None:
    every_step = np.arange(-32_768, 32_768)

    payload = encode(Encoding.PCM_S16LE, (every_step / 32_768).astype(np.float32))

    assert payload[:2] == b"\x00\x80"
    assert steps(decode(Encoding.PCM_S16LE, payload)) == every_step.tolist()


@pytest.mark.parametrize(
    ("encoding", "loudest"), [("mulaw", 32_124), ("alaw", 32_256), ("pcm_s16le", 32_767)]
)
def test_what_is_too_loud_is_clipped_and_not_wrapped(encoding: str, loudest: int) -> None:
    shout = np.array([1.0, 7.5, -7.5], dtype=np.float32)

    coded = steps(decode(Encoding(encoding), encode(Encoding(encoding), shout)))

    assert coded[0] == coded[1] == loudest
    assert coded[2] in (-loudest, -loudest - 1)


def test_half_a_pcm_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        decode(Encoding.PCM_S16LE, b"\x00\x01\x02")
