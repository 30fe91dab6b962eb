"""A call's sound is copied in order, bounded to a second for each listener, and the call never waits."""

from __future__ import annotations

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.joining.mulaw_tracks import MulawTracks, read_sound_frame, sound_frame
from app.joining.sound_tap import KEPT_MS, MOST_MS, Heard, Listener
from asr.codec import decode, encode
from asr.types import AudioFormat, Encoding

MULAW = AudioFormat(Encoding.MULAW, 8_000, 2)
FORMATS = [
    AudioFormat(encoding, rate, tracks)
    for encoding in Encoding
    for rate in (8_000, 16_000)
    for tracks in (1, 2)
]


async def all_of(listener: Listener) -> list[Heard]:
    listener.end()
    heard = []
    while (one := await listener.next()) is not None:
        heard.append(one)
    return heard


def interleaved(audio: AudioFormat, *tracks: np.ndarray) -> bytes:
    return encode(audio.encoding, np.stack(tracks, axis=1).reshape(-1).astype(np.float32))


@pytest.mark.parametrize("audio", FORMATS)
def test_every_format_becomes_mulaw_at_8_khz_that_sounds_the_same(audio: AudioFormat) -> None:
    seconds = np.arange(audio.rate_hz) / audio.rate_hz
    tones = [0.5 * np.sin(2 * np.pi * hz * seconds) for hz in (440, 700)[: audio.track_count]]

    tracks = MulawTracks(audio).feed(interleaved(audio, *tones))

    assert [len(track) for track in tracks] == [8_000] * audio.track_count
    for track, hz in zip(tracks, (440, 700), strict=False):
        spectrum = np.abs(np.fft.rfft(decode(Encoding.MULAW, track)))
        assert int(np.argmax(spectrum)) == hz
        assert spectrum[hz] == pytest.approx(2_000, rel=0.03)


def test_what_8_khz_cannot_carry_does_not_fold_back() -> None:
    audio = AudioFormat(Encoding.PCM_S16LE, 16_000, 1)
    hiss = 0.5 * np.sin(2 * np.pi * 6_000 * np.arange(16_000) / 16_000)

    (track,) = MulawTracks(audio).feed(interleaved(audio, hiss))

    assert np.abs(decode(Encoding.MULAW, track)[100:]).max() < 0.005


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12))
def test_16_khz_sounds_the_same_however_it_was_split(pieces_ms: list[int]) -> None:
    audio = AudioFormat(Encoding.PCM_S16LE, 16_000, 2)
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 2 * 16 * sum(pieces_ms))
    payload = encode(audio.encoding, noise.astype(np.float32))
    split, at, parts = MulawTracks(audio), 0, []

    for ms in pieces_ms:
        parts.append(split.feed(payload[at : at + ms * 64]))
        at += ms * 64

    whole = MulawTracks(audio).feed(payload)
    assert tuple(b"".join(track) for track in zip(*parts, strict=True)) == whole


@given(st.lists(st.integers(1, 900), max_size=20), st.integers(0, 100_000))
async def test_a_listener_gets_every_sample_once_in_frames_of_at_most_100_ms(
    frames: list[int], begin: int
) -> None:
    listener = Listener(MULAW, begin)
    sent = bytearray()
    heard: list[Heard] = []
    for number, count in enumerate(frames):
        payload = bytes([number % 256, 255 - number % 256]) * count
        sent += payload
        listener.put(payload)
        while listener.waiting_ms >= 40:
            one = await listener.next()
            assert one is not None
            heard.append(one)
    heard += await all_of(listener)

    ahead = begin % 8
    first = b"\xff" * ahead + bytes(sent[::2])
    received = b"".join(one.tracks[0] for one in heard)
    assert received == first[: len(first) // 8 * 8]
    assert all(len(one.tracks[0]) == len(one.tracks[1]) <= MOST_MS * 8 for one in heard)
    at_ms = begin // 8
    for one in heard:
        assert (one.position_ms, one.dropped_ms) == (at_ms, 0)
        at_ms += len(one.tracks[0]) // 8


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=20))
async def test_who_takes_nothing_keeps_a_second_at_most_and_is_told_what_was_lost(
    frames: list[int],
) -> None:
    listener = Listener(MULAW, 0)
    for count in frames:
        listener.put(bytes(2 * count))

        assert listener.waiting_ms <= KEPT_MS

    heard = await all_of(listener)
    total_ms = sum(frames) // 8
    assert listener.dropped_ms == max(0, total_ms - KEPT_MS)
    if heard:
        assert heard[0].position_ms == heard[0].dropped_ms
        assert heard[-1].position_ms + len(heard[-1].tracks[0]) // 8 == total_ms


@pytest.mark.parametrize("audio", FORMATS)
async def test_who_begins_within_a_millisecond_hears_no_click(audio: AudioFormat) -> None:
    listener = Listener(audio, audio.rate_hz // 1000 * 20 + 7)
    quiet = np.zeros(audio.rate_hz // 1000 * audio.track_count, dtype=np.float32)
    listener.put(encode(audio.encoding, quiet))

    (first,) = await all_of(listener)

    assert first.position_ms == 20
    for track in first.tracks:
        assert np.abs(decode(Encoding.MULAW, track)).max() < 0.001


async def test_a_listener_waits_for_40_ms_and_wakes_at_the_end() -> None:
    listener, heard = Listener(MULAW, 0), list[Heard | None]()

    async def listen() -> None:
        while True:
            heard.append(await listener.next())
            if heard[-1] is None:
                return

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        listener.put(bytes(2 * 8 * 20))
        await anyio.wait_all_tasks_blocked()
        before = len(heard)
        listener.put(bytes(2 * 8 * 20))
        await anyio.wait_all_tasks_blocked()
        between = len(heard)
        listener.end()

    assert (before, between, len(heard), heard[-1]) == (0, 1, 2, None)


@given(st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=800))
def test_a_frame_says_track_and_position(track: int, position_ms: int, mulaw: bytes) -> None:
    frame = sound_frame(track, position_ms, mulaw)

    assert read_sound_frame(frame) == (track, position_ms, mulaw)
    assert frame[1:5] == position_ms.to_bytes(4, "big")
