"""What is played into a call through Asterisk's WebSocket channel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.calls.protocol import Refusal, StreamRefused
from app.telephony.asterisk import MAX_PLAYED_FRAME_BYTES, AsteriskStream
from app.telephony.messages import Playing
from app.telephony.ports import PlayingDialect
from asr.codec import decode
from asr.types import Encoding
from tests.app.telephony.test_asterisk import CALLER, FRAME, ULAW_CALLER


def spoken(seconds: float) -> bytes:
    at = np.arange(int(seconds * 8_000))
    return (8_000 * np.sin(2 * math.pi * 440 * at / 8_000)).astype("<i2").tobytes()


def ready_to_play(codec: str, start: str) -> AsteriskStream:
    stream = AsteriskStream(CALLER | {"format": codec, "play": "1"})
    stream.text(start, 0)
    return stream


def test_a_stream_that_was_not_set_up_for_it_never_sends_anything() -> None:
    stream: PlayingDialect = AsteriskStream(ULAW_CALLER)
    stream.binary(FRAME, 0)

    assert not stream.can_play
    assert stream.play(spoken(1.0)) == Playing(())
    assert stream.attached("asterisk.1", 0) == ()
    assert stream.judged() == ()
    assert stream.refused(StreamRefused(Refusal.INTERNAL, "")) == ()


@pytest.mark.parametrize(
    ("start", "begin", "end"),
    [
        ("MEDIA_START channel_id:1", "START_MEDIA_BUFFERING", "STOP_MEDIA_BUFFERING"),
        (
            '{"event": "MEDIA_START", "channel_id": "1"}',
            '{"command": "START_MEDIA_BUFFERING"}',
            '{"command": "STOP_MEDIA_BUFFERING"}',
        ),
    ],
)
def test_what_is_played_is_framed_in_the_words_that_this_channel_speaks(
    start: str, begin: str, end: str
) -> None:
    playing = ready_to_play("ulaw", start).play(spoken(1.0))

    assert (playing.frames[0], playing.frames[-1]) == (begin, end)
    assert playing.pace_ms == 0


@pytest.mark.parametrize(
    ("codec", "encoding", "rate_hz"),
    [
        ("ulaw", Encoding.MULAW, 8_000),
        ("alaw", Encoding.ALAW, 8_000),
        ("slin", Encoding.PCM_S16LE, 8_000),
        ("slin16", Encoding.PCM_S16LE, 16_000),
    ],
)
@pytest.mark.parametrize("seconds", [0.0301, 1.0, 14.9])
def test_what_is_played_is_heard_in_every_codec(
    codec: str, encoding: Encoding, rate_hz: int, seconds: float
) -> None:
    sound = spoken(seconds)

    playing = ready_to_play(codec, "MEDIA_START").play(sound)

    frames = [frame for frame in playing.frames if isinstance(frame, bytes)]
    optimal = rate_hz * encoding.sample_bytes // 50
    heard = decode(encoding, b"".join(frames))[:: rate_hz // 8_000]
    meant = decode(Encoding.PCM_S16LE, sound)
    assert all(len(frame) <= MAX_PLAYED_FRAME_BYTES for frame in frames)
    assert all(len(frame) % optimal == 0 for frame in frames)
    assert 0 <= len(heard) - len(meant) < 160
    assert np.abs(heard[: len(meant)] - meant).max() < 0.02
    assert np.abs(heard[len(meant) :]).max(initial=0) < 0.01


def test_a_long_announcement_is_sent_so_slowly_that_the_channels_queue_never_overflows() -> None:
    playing = ready_to_play("ulaw", "MEDIA_START").play(spoken(60.0))

    frames = [frame for frame in playing.frames if isinstance(frame, bytes)]
    waiting_s = [
        sum(map(len, frames[: n + 1])) / 8_000 - n * playing.pace_ms / 1000
        for n in range(len(frames))
    ]
    assert max(waiting_s) < 18
    assert min(waiting_s) > 0
