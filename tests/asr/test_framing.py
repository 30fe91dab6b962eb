"""Glue: however a carrier's bytes arrive, the same windows come out, and the clock counts frames."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.codec import decode, encode
from asr.framing import Framer
from asr.resampling import Upsampler
from asr.types import WINDOW_MS, WINDOW_SAMPLES, AudioFormat, Encoding, Samples, Window

FORMATS = st.builds(
    AudioFormat,
    encoding=st.sampled_from(Encoding),
    rate_hz=st.sampled_from([8_000, 16_000]),
    track_count=st.sampled_from([1, 2]),
)
TELEPHONE = AudioFormat(Encoding.MULAW, 8_000, 2)
Framed = list[tuple[int, int, list[float]]]


def sound_of(audio_format: AudioFormat, seed: int, windows: float) -> bytes:
    count = int(windows * audio_format.window_frames * audio_format.frame_bytes)
    return np.random.default_rng(seed).bytes(count)


def plain(framed: list[tuple[int, Window]]) -> Framed:
    return [(track, window.index, window.samples.tolist()) for track, window in framed]


def pieces(payload: bytes, cuts: list[float]) -> list[bytes]:
    places = [0, *sorted(int(cut * len(payload)) for cut in cuts), len(payload)]
    return [payload[begin:end] for begin, end in itertools.pairwise(places)]


@given(
    audio_format=FORMATS,
    seed=st.integers(0, 99),
    windows=st.floats(0, 4),
    cuts=st.lists(st.floats(0, 1), max_size=12),
)
def test_any_split_of_the_bytes_gives_the_same_windows(
    audio_format: AudioFormat, seed: int, windows: float, cuts: list[float]
) -> None:
    payload = sound_of(audio_format, seed, windows)
    whole = Framer(audio_format)
    expected = plain(whole.feed(payload) + whole.flush())

    framer = Framer(audio_format)
    framed = [pair for piece in pieces(payload, cuts) for pair in framer.feed(piece)]

    assert plain(framed + framer.flush()) == expected
    assert framer.accepted_frames == whole.accepted_frames


def test_byte_by_byte_is_a_split_like_any_other() -> None:
    payload = sound_of(TELEPHONE, seed=5, windows=2)
    whole = Framer(TELEPHONE).feed(payload)

    framer = Framer(TELEPHONE)
    framed = [pair for byte in payload for pair in framer.feed(bytes([byte]))]

    assert plain(framed) == plain(whole)


@given(audio_format=FORMATS, seed=st.integers(0, 99), windows=st.floats(0, 4))
def test_windows_are_whole_and_count_up_on_every_track(
    audio_format: AudioFormat, seed: int, windows: float
) -> None:
    framed = Framer(audio_format).feed(sound_of(audio_format, seed, windows))

    assert all(window.samples.shape == (WINDOW_SAMPLES,) for _, window in framed)
    assert all(window.samples.dtype == np.float32 for _, window in framed)
    for track in range(audio_format.track_count):
        indices = [window.index for of, window in framed if of == track]
        assert indices == list(range(int(windows)))


@pytest.mark.parametrize("encoding", list(Encoding))
def test_each_track_hears_its_own_sound_at_16_khz(encoding: Encoding) -> None:
    tracks = np.random.default_rng(2).uniform(-1, 1, (2, 3 * WINDOW_SAMPLES)).astype(np.float32)
    payload = encode(encoding, tracks.T.reshape(-1))

    framed = Framer(AudioFormat(encoding, 16_000, 2)).feed(payload)

    for track in (0, 1):
        heard = np.concatenate([window.samples for of, window in framed if of == track])
        assert np.array_equal(heard, decode(encoding, encode(encoding, tracks[track])))


def test_8_khz_goes_through_one_upsampler_a_track_without_a_seam() -> None:
    payload = sound_of(TELEPHONE, seed=3, windows=3)
    interleaved = decode(Encoding.MULAW, payload)

    framed = Framer(TELEPHONE).feed(payload)

    for track in (0, 1):
        heard: Samples = np.concatenate([w.samples for of, w in framed if of == track])
        assert np.allclose(heard, Upsampler().feed(interleaved[track::2]), atol=1e-5)


@given(audio_format=FORMATS, sizes=st.lists(st.integers(0, 999), max_size=10))
def test_the_clock_counts_whole_frames(audio_format: AudioFormat, sizes: list[int]) -> None:
    framer = Framer(audio_format, start_frames=2 * audio_format.window_frames)

    for size in sizes:
        framer.feed(bytes(size))

    accepted = sum(sizes) // audio_format.frame_bytes
    assert framer.accepted_frames == accepted
    assert framer.position_frames == 2 * audio_format.window_frames + accepted
    assert framer.position_ms == framer.position_frames * 1000 // audio_format.rate_hz


@given(
    audio_format=FORMATS,
    seed=st.integers(0, 99),
    lost_after=st.lists(st.floats(0, 1), max_size=6),
)
def test_a_reconnecting_carrier_that_goes_on_from_the_position_loses_nothing(
    audio_format: AudioFormat, seed: int, lost_after: list[float]
) -> None:
    payload = sound_of(audio_format, seed, windows=3)
    expected = plain(Framer(audio_format).feed(payload))

    framer, framed = Framer(audio_format), []
    for share in lost_after:
        to_come = payload[framer.position_frames * audio_format.frame_bytes :]
        framed += framer.feed(to_come[: int(share * len(to_come))])
        assert framer.drop_partial() < audio_format.frame_bytes
    framed += framer.feed(payload[framer.position_frames * audio_format.frame_bytes :])

    assert plain(framed) == expected


def test_after_a_crash_each_track_goes_on_from_its_own_checkpoint() -> None:
    payload = sound_of(TELEPHONE, seed=4, windows=8)
    checkpoints_ms = (5 * WINDOW_MS, 3 * WINDOW_MS)

    framer = Framer.resuming(TELEPHONE, checkpoints_ms)
    first_frame = framer.position_frames
    framed = framer.feed(payload[first_frame * TELEPHONE.frame_bytes :])

    assert first_frame == 3 * TELEPHONE.window_frames
    assert [w.index for track, w in framed if track == 0] == [5, 6, 7]
    assert [w.index for track, w in framed if track == 1] == [3, 4, 5, 6, 7]


def test_skipped_windows_leave_the_sound_behind_them_as_it_was() -> None:
    payload = sound_of(TELEPHONE, seed=4, windows=4)
    expected = [pair for pair in plain(Framer(TELEPHONE).feed(payload)) if pair[:2] != (0, 0)]

    framed = Framer(TELEPHONE, skip_until_ms=(WINDOW_MS, 0)).feed(payload)

    assert plain(framed) == expected


def test_a_window_that_reaches_past_the_skip_is_not_skipped() -> None:
    payload = sound_of(TELEPHONE, seed=4, windows=3)

    framed = Framer(TELEPHONE, skip_until_ms=(WINDOW_MS + 1, 2 * WINDOW_MS)).feed(payload)

    assert [w.index for track, w in framed if track == 0] == [1, 2]
    assert [w.index for track, w in framed if track == 1] == [2]


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_flush_fills_the_last_window_up_with_silence(encoding: Encoding) -> None:
    framer = Framer(AudioFormat(encoding, 16_000, 1))
    framer.feed(encode(encoding, np.full(100, 0.5, dtype=np.float32)))

    ((track, window),) = framer.flush()

    assert (track, window.index) == (0, 0)
    assert np.allclose(window.samples[:100], 0.5, atol=0.02)
    assert not window.samples[100:].any()
    assert framer.accepted_frames == 100


def test_a_flush_at_the_end_of_a_window_returns_nothing() -> None:
    framer = Framer(TELEPHONE)
    framer.feed(sound_of(TELEPHONE, seed=1, windows=2))

    flushed = framer.flush()

    assert flushed == []


def test_nothing_can_be_fed_behind_the_padding() -> None:
    framer = Framer(TELEPHONE)
    framer.flush()

    with pytest.raises(ValueError, match="flush"):
        framer.feed(b"\xff")


@pytest.mark.parametrize(
    ("start_frames", "skip_until_ms"), [(100, (0, 0)), (-256, (0, 0)), (0, (0,)), (0, (0, 0, 0))]
)
def test_an_impossible_beginning_is_refused(
    start_frames: int, skip_until_ms: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"start_frames|skip_until_ms"):
        Framer(TELEPHONE, start_frames=start_frames, skip_until_ms=skip_until_ms)
