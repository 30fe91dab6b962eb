"""Glue: WAV files come back as they were written, and broken ones say what is wrong."""

from __future__ import annotations

import struct
import wave
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.codec import decode
from asr.errors import SoundFileInvalid
from asr.types import Encoding, Samples
from asr.wav import Wav, read_wav, wav_bytes, write_mulaw_wav


def tone(hz: int, rate_hz: int, seconds: float = 0.1) -> Samples:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hz * at)).astype(np.float32)


@given(
    encoding=st.sampled_from(Encoding),
    rate_hz=st.sampled_from([8_000, 11_025, 16_000, 44_100, 48_000]),
    values=st.lists(st.integers(-32_768, 32_767), max_size=40),
    channel_count=st.sampled_from([1, 2]),
)
def test_a_written_file_is_read_back_within_the_precision_of_its_encoding(
    encoding: Encoding, rate_hz: int, values: list[int], channel_count: int
) -> None:
    channel: Samples = np.array(values, dtype=np.float32) / np.float32(32_768)
    channels = [channel, -channel][:channel_count]

    wav = read_wav(wav_bytes(encoding, rate_hz, channels))

    assert (wav.encoding, wav.rate_hz, wav.channel_count) == (encoding, rate_hz, channel_count)
    assert wav.frame_count == len(values)
    for written, read in zip(channels, wav.channels(), strict=True):
        # 32635 is the loudest mu-law value; above 256 a G.711 step is at most 1/16 of the value.
        assert np.all(np.abs(written - read) <= np.maximum(np.abs(written) / 16, 9 / 32_768))


def test_the_payload_is_what_a_carrier_would_send(tmp_path: Path) -> None:
    caller, operator = tone(440, 8_000), tone(300, 8_000)

    write_mulaw_wav(tmp_path / "call.wav", [caller, operator])

    wav = read_wav(tmp_path / "call.wav")
    assert len(wav.payload) == 2 * len(caller)
    assert np.array_equal(decode(Encoding.MULAW, wav.payload)[1::2], wav.channels()[1])


def test_the_standard_library_agrees_about_pcm(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    path.write_bytes(wav_bytes(Encoding.PCM_S16LE, 44_100, [tone(440, 44_100)]))

    with wave.open(str(path)) as judge:
        form = (judge.getnchannels(), judge.getsampwidth(), judge.getframerate())
        frames = judge.readframes(judge.getnframes())

    assert form == (1, 2, 44_100)
    assert frames == read_wav(path).payload


def test_another_rate_is_computed_on_request() -> None:
    wav = read_wav(wav_bytes(Encoding.PCM_S16LE, 44_100, [tone(440, 44_100)]))

    (heard,) = wav.channels(16_000)

    assert len(heard) == 1_600
    assert np.allclose(heard[200:-200], tone(440, 16_000)[200:-200], atol=1e-3)


def test_the_duration_is_that_of_the_sound() -> None:
    wav = Wav(Encoding.MULAW, 8_000, 2, bytes(2 * 12_000))

    duration_ms = wav.duration_ms

    assert duration_ms == 1_500


def test_a_file_whose_length_was_not_known_is_read_to_its_end() -> None:
    content = wav_bytes(Encoding.MULAW, 8_000, [tone(440, 8_000)])
    begin = content.index(b"data") + 4

    streamed = read_wav(content[:begin] + b"\xff\xff\xff\xff" + content[begin + 4 :])

    assert streamed == read_wav(content)


def test_an_extensible_format_is_read_by_its_inner_tag() -> None:
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 16_000, 32_000, 2, 16, 22, 16, 4)
    form += struct.pack("<H", 1) + bytes(14)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data\x02\0\0\0\x00\x40"

    wav = read_wav(b"RIFF" + struct.pack("<I", len(body)) + body)

    assert wav.encoding is Encoding.PCM_S16LE
    assert wav.channels()[0].tolist() == [0.5]


def test_chunks_between_format_and_sound_are_passed_over() -> None:
    content = wav_bytes(Encoding.PCM_S16LE, 8_000, [tone(440, 8_000)])
    begin = content.index(b"data")

    wav = read_wav(content[:begin] + b"LIST\x03\0\0\0abc\0" + content[begin:])

    assert wav == read_wav(content)


GOOD = wav_bytes(Encoding.PCM_S16LE, 8_000, [tone(440, 8_000)])


def changed(offset: int, new: bytes) -> bytes:
    return GOOD[:offset] + new + GOOD[offset + len(new) :]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a WAV file"),
        (b"ID3 this is music", "not a WAV file"),
        (GOOD[:-2], "2 bytes are missing"),
        (GOOD[: GOOD.index(b"data")], "holds no sound"),
        (changed(20, b"\x03\x00"), "format 3 with 16 bits is not read"),
        (changed(34, b"\x18\x00"), "format 1 with 24 bits is not read"),
        (changed(22, b"\x06\x00"), "6 channels"),
        (changed(24, b"\x00\x00\x00\x00"), "sample rate is 0"),
        (GOOD[:12] + b"data\x02\0\0\0\0\0", "before its format"),
        (GOOD[:12] + b"fmt \x02\0\0\0\1\0" + GOOD[GOOD.index(b"data") :], "format is cut short"),
        (GOOD[: GOOD.index(b"data")] + b"data\x01\0\0\0\0\0", "middle of a sample"),
    ],
)
def test_a_broken_file_says_what_is_wrong_with_it(content: bytes, complaint: str) -> None:
    with pytest.raises(SoundFileInvalid) as refusal:
        read_wav(content)

    assert complaint in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SoundFileInvalid) as refusal:
        read_wav(tmp_path / "nowhere.wav")

    assert "nowhere.wav" in str(refusal.value)


@given(
    form=st.binary(min_size=14, max_size=40)
    | st.builds(
        struct.pack,
        st.just("<HHIIHH"),
        *(st.integers(0, 8), st.integers(0, 3), st.integers(0, 99_999)),
        *(st.just(0), st.just(0), st.sampled_from([0, 8, 16, 24])),
    ),
    tail=st.binary(max_size=40),
)
def test_whatever_the_content_it_is_read_or_refused(form: bytes, tail: bytes) -> None:
    content = GOOD[:12] + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + tail

    outcome: Wav | None = None
    with suppress(SoundFileInvalid):
        outcome = read_wav(content)

    assert outcome is None or len(outcome.channels()) == outcome.channel_count


def test_channels_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="same length"):
        wav_bytes(Encoding.MULAW, 8_000, [tone(440, 8_000), tone(440, 8_000, 0.2)])
