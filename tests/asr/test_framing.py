"""Glue: however a carrier's bytes arrive, the same windows come out, and the clock counts frames."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.codec import decode, encode
from asr.framing import Framer, sound_of
from asr.resampling import UPSAMPLER_REACH_SAMPLES, double_rate
from asr.types import WINDOW_MS, WINDOW_SAMPLES, AudioFormat, Encoding, Samples, Window

FORMATS = st.builds(
    AudioFormat,
    encoding=st.sampled_from(Encoding),
    rate_hz=st.sampled_from([8_000, 16_000]),
    track_count=st.sampled_from([1, 2]),
)
TELEPHONE = AudioFormat(Encoding.MULAW, 8_000, 2)
Framed = list[tuple[int, int, list[float]]]


def sound_of_carrier(audio_format: AudioFormat, seed: int, windows: float) -> bytes:
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
    payload = sound_of_carrier(audio_format, seed, windows)
    whole = Framer(audio_format)
    expected = plain(whole.feed(payload) + whole.flush())

    framer = Framer(audio_format)
    framed = [pair for piece in pieces(payload, cuts) for pair in framer.feed(piece)]

    assert plain(framed + framer.flush()) == expected
    assert framer.accepted_frames == whole.accepted_frames


def test_byte_by_byte_is_a_split_like_any_other() -> None:
    payload = sound_of_carrier(TELEPHONE, seed=5, windows=2)
    whole = Framer(TELEPHONE).feed(payload)

    framer = Framer(TELEPHONE)
    framed = [pair for byte in payload for pair in framer.feed(bytes([byte]))]

    assert plain(framed) == plain(whole)


@given(audio_format=FORMATS, seed=st.integers(0, 99), windows=st.floats(0, 4))
def test_windows_are_whole_and_count_up_on_every_track(
    audio_format: AudioFormat, seed: int, windows: float
) -> None:
    framed = Framer(audio_format).feed(sound_of_carrier(audio_format, seed, windows))

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


def test_8_khz_becomes_16_without_a_seam() -> None:
    payload = sound_of_carrier(TELEPHONE, seed=3, windows=3)
    interleaved = decode(Encoding.MULAW, payload).reshape(-1, 2)
    before = np.zeros((UPSAMPLER_REACH_SAMPLES, 2), dtype=np.float32)
    in_one_piece = double_rate(np.concatenate((before, interleaved))[np.newaxis])[0]

    framed = Framer(TELEPHONE).feed(payload)

    for track in (0, 1):
        heard: Samples = np.concatenate([w.samples for of, w in framed if of == track])
        assert np.allclose(heard, in_one_piece[track], atol=1e-6)


@given(
    audio_format=FORMATS,
    seeds=st.lists(st.integers(0, 99), min_size=1, max_size=5),
    windows=st.floats(0, 3),
)
def test_what_is_heard_of_a_call_is_the_same_whoever_is_heard_with_it(
    audio_format: AudioFormat, seeds: list[int], windows: float
) -> None:
    payloads = [sound_of_carrier(audio_format, seed, windows) for seed in seeds]
    alone = [Framer(audio_format) for _ in payloads]
    expected = [
        plain(framer.feed(payload) + framer.flush())
        for framer, payload in zip(alone, payloads, strict=True)
    ]

    framers = [Framer(audio_format) for _ in payloads]
    for framer, payload in zip(framers, payloads, strict=True):
        framer.accept(payload)
        framer.pad()
    heard: list[Framed] = [[] for _ in payloads]
    while framers[0].waiting:
        taken = [framer.take() for framer in framers]
        for of, carried, sound in zip(heard, taken, sound_of(audio_format, taken), strict=True):
            of += [(track, carried.index, sound[track].tolist()) for track in carried.tracks]

    assert heard == expected


def test_windows_wait_as_they_came_until_they_are_taken() -> None:
    payload = sound_of_carrier(TELEPHONE, seed=6, windows=3.5)
    framer = Framer(TELEPHONE)

    framer.accept(payload)
    waiting = framer.waiting
    taken = [framer.take() for _ in range(waiting)]

    assert (waiting, framer.waiting) == (3, 0)
    assert [carried.index for carried in taken] == [0, 1, 2]
    assert [len(carried.payload) for carried in taken] == [2 * (256 + UPSAMPLER_REACH_SAMPLES)] * 3
    assert framer.accepted_frames == len(payload) // 2


def test_whoever_keeps_a_window_keeps_nothing_else_of_the_call() -> None:
    framed = Framer(TELEPHONE).feed(sound_of_carrier(TELEPHONE, seed=6, windows=9))

    assert all(window.samples.base is None for _, window in framed)


def test_no_window_can_be_taken_before_it_is_whole() -> None:
    framer = Framer(TELEPHONE)
    framer.accept(sound_of_carrier(TELEPHONE, seed=6, windows=0.9))

    with pytest.raises(ValueError, match="whole"):
        framer.take()


def test_what_waits_at_the_end_comes_before_the_window_that_is_filled_up() -> None:
    payload = sound_of_carrier(TELEPHONE, seed=7, windows=2.25)
    expected = Framer(TELEPHONE)
    in_time = plain(expected.feed(payload) + expected.flush())

    framer = Framer(TELEPHONE)
    framer.accept(payload)
    at_the_end = plain(framer.flush())

    assert at_the_end == in_time
    assert [index for _, index, _ in at_the_end] == [0, 0, 1, 1, 2, 2]


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
    payload = sound_of_carrier(audio_format, seed, windows=3)
    expected = plain(Framer(audio_format).feed(payload))

    framer, framed = Framer(audio_format), []
    for share in lost_after:
        to_come = payload[framer.position_frames * audio_format.frame_bytes :]
        framed += framer.feed(to_come[: int(share * len(to_come))])
        assert framer.drop_partial() < audio_format.frame_bytes
    framed += framer.feed(payload[framer.position_frames * audio_format.frame_bytes :])

    assert plain(framed) == expected


def test_after_a_crash_each_track_goes_on_from_its_own_checkpoint() -> None:
    payload = sound_of_carrier(TELEPHONE, seed=4, windows=8)
    checkpoints_ms = (5 * WINDOW_MS, 3 * WINDOW_MS)

    framer = Framer.resuming(TELEPHONE, checkpoints_ms)
    first_frame = framer.position_frames
    framed = framer.feed(payload[first_frame * TELEPHONE.frame_bytes :])

    assert first_frame == 3 * TELEPHONE.window_frames
    assert [w.index for track, w in framed if track == 0] == [5, 6, 7]
    assert [w.index for track, w in framed if track == 1] == [3, 4, 5, 6, 7]


def test_skipped_windows_leave_the_sound_behind_them_as_it_was() -> None:
    payload = sound_of_carrier(TELEPHONE, seed=4, windows=4)
    expected = [pair for pair in plain(Framer(TELEPHONE).feed(payload)) if pair[:2] != (0, 0)]

    framed = Framer(TELEPHONE, skip_until_ms=(WINDOW_MS, 0)).feed(payload)

    assert plain(framed) == expected


def test_a_window_that_reaches_past_the_skip_is_not_skipped() -> None:
    payload = sound_of_carrier(TELEPHONE, seed=4, windows=3)

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
    framer.feed(sound_of_carrier(TELEPHONE, seed=1, windows=2))

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
