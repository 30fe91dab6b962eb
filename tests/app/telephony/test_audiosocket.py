"""Asterisk's AudioSocket: frames out of a stream of bytes, however it was split; and the client that we simulate."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import anyio
import numpy as np
import pytest
from anyio.abc import SocketAttribute, SocketStream
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import CLOSE_CODES, Refusal, StreamRefused, Track
from app.simulate.audiosocket import AudioSocketExchange, pair_uuid
from app.simulate.exchange import SimulatedCall, Trouble
from app.simulate.native import CallSound, StreamClosed
from app.telephony.audiosocket import (
    CALL_UUID,
    DIGIT,
    END,
    ERROR,
    SLIN,
    SLIN16,
    AudioSocketStream,
    framed,
)
from app.telephony.messages import (
    CallBegan,
    CallOver,
    Missed,
    Noticed,
    Playing,
    Step,
    TrackSound,
)
from app.telephony.ports import PlayingDialect
from asr.codec import decode, encode_pcm_s16le
from asr.types import Encoding

CALL = uuid.UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
PAIR = "40325ec2-5efd-8bd3-805f-53576e581d1"
NAMED = framed(CALL_UUID, CALL.bytes)
SOUND = b"\x01\x00" * 160


def fed(*received: bytes) -> list[Step]:
    stream = AudioSocketStream()
    return [step for part in received for step in stream.feed(part, 0)]


def refusal_of(*received: bytes) -> Refusal:
    with pytest.raises(StreamRefused) as caught:
        fed(*received)
    return caught.value.refusal


def sound_in(steps: Sequence[Step], track: Track = Track.CALLER) -> bytes:
    return b"".join(
        step.payload for step in steps if isinstance(step, TrackSound) and step.track is track
    )


def test_a_call_begins_with_its_first_sound_and_is_the_caller_alone() -> None:
    steps = fed(NAMED, framed(SLIN, SOUND))

    assert steps == [
        CallBegan(
            call_id=f"audiosocket.{CALL}",
            encoding=Encoding.PCM_S16LE,
            rate_hz=8_000,
            brings=(Track.CALLER,),
            tracks=(Track.CALLER,),
            metadata={"audiosocket_uuid": str(CALL)},
        ),
        TrackSound(Track.CALLER, SOUND),
    ]


@pytest.mark.parametrize(
    ("digit", "track"),
    [("0", Track.CALLER), ("1", Track.OPERATOR), ("2", Track.CALLER), ("3", Track.OPERATOR)],
)
def test_two_connections_of_one_call_are_told_apart_by_the_last_digit(
    digit: str, track: Track
) -> None:
    began, sound = fed(framed(CALL_UUID, uuid.UUID(PAIR + digit).bytes), framed(SLIN, SOUND))

    assert isinstance(began, CallBegan)
    assert began.call_id == f"audiosocket.{PAIR}0"
    assert (began.brings, began.tracks) == ((track,), (Track.CALLER, Track.OPERATOR))
    assert sound == TrackSound(track, SOUND)


@given(st.uuids(version=4) | st.uuids(version=1) | st.uuids(version=5))
def test_a_uuid_that_a_generator_made_is_never_half_of_a_pair(made: uuid.UUID) -> None:
    began = fed(framed(CALL_UUID, made.bytes), framed(SLIN, SOUND))[0]

    assert isinstance(began, CallBegan)
    assert began.tracks == (Track.CALLER,)
    assert began.call_id == f"audiosocket.{made}"


def test_16_khz_is_told_by_the_type_of_the_frame() -> None:
    began = fed(NAMED, framed(SLIN16, SOUND))[0]

    assert isinstance(began, CallBegan)
    assert began.rate_hz == 16_000


@pytest.mark.parametrize(
    ("frames", "refusal"),
    [
        ([framed(SLIN, SOUND)], Refusal.NOT_STARTED),
        ([framed(CALL_UUID, b"short")], Refusal.BAD_CALL_ID),
        ([NAMED, NAMED], Refusal.ALREADY_STARTED),
        ([framed(CALL_UUID, uuid.UUID(PAIR + "4").bytes)], Refusal.BAD_TRACKS),
        ([NAMED, framed(0x11, SOUND)], Refusal.UNSUPPORTED_RATE),
        ([NAMED, framed(0x18, SOUND)], Refusal.UNSUPPORTED_RATE),
        ([NAMED, framed(SLIN, b"\x00")], Refusal.ODD_FRAME_LENGTH),
        ([NAMED, framed(SLIN, SOUND), framed(SLIN16, SOUND)], Refusal.FORMAT_CHANGED),
    ],
)
def test_what_cannot_be_heard_is_refused(frames: list[bytes], refusal: Refusal) -> None:
    assert refusal_of(*frames) is refusal


@pytest.mark.parametrize(
    ("frame", "steps"),
    [
        (framed(DIGIT, b"5"), []),
        (framed(SLIN), []),
        (framed(0x42, b"whatever"), [Noticed("unknown_frame")]),
        (framed(END), [CallOver("hangup")]),
        (framed(ERROR, b"\x01"), [CallOver("hangup")]),
        (framed(ERROR, b"\x04"), [Noticed("exchange_error"), CallOver("error")]),
        (framed(ERROR), [Noticed("exchange_error"), CallOver("error")]),
    ],
)
def test_other_frames_are_what_they_say(frame: bytes, steps: list[Step]) -> None:
    assert fed(NAMED, framed(SLIN, SOUND), frame)[2:] == steps


def test_nothing_is_heard_after_the_end() -> None:
    steps = fed(NAMED, framed(SLIN, SOUND), framed(END), framed(SLIN, SOUND), framed(ERROR))

    assert steps[2:] == [CallOver("hangup"), Noticed("after_end"), Noticed("after_end")]


def test_what_was_kept_back_behind_a_hole_is_heard_before_the_end() -> None:
    stream = AudioSocketStream()
    stream.feed(NAMED + framed(SLIN, SOUND), 20)
    kept = stream.feed(framed(SLIN, SOUND), 5_040)

    steps = stream.feed(framed(END), 5_050)

    assert kept == []
    assert [type(step) for step in steps] == [Missed, TrackSound, CallOver]


def test_a_short_word_behind_a_hole_is_not_lost_when_the_connection_goes() -> None:
    stream = AudioSocketStream()
    stream.feed(NAMED + framed(SLIN, SOUND), 20)
    stream.feed(framed(SLIN, SOUND), 5_040)

    rest = stream.rest(5_050)

    assert [type(step) for step in rest] == [Missed, TrackSound]
    assert list(AudioSocketStream().rest(0)) == []


def test_a_closed_connection_is_the_end_and_a_broken_one_is_not() -> None:
    stream = AudioSocketStream()

    assert stream.closed(1000) == CallOver("hangup")
    assert stream.closed(1006) is None


def test_text_is_refused() -> None:
    with pytest.raises(StreamRefused):
        AudioSocketStream().text("hello", 0)


# Bytes of any kind, split anywhere

kinds = st.sampled_from([END, CALL_UUID, DIGIT, SLIN, SLIN16, ERROR, 0x11, 0x42])
any_frames = st.lists(
    st.binary(max_size=60)
    | st.builds(framed, kinds, st.binary(max_size=60))
    | st.just(NAMED)
    | st.just(framed(SLIN, SOUND)),
    max_size=20,
).map(b"".join)


def pieces(whole: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    return [whole[begin:end] for begin, end in pairwise(places)]


def heard(received: list[bytes]) -> tuple[list[Step], Refusal | None]:
    stream, steps = AudioSocketStream(), list[Step]()
    for part in received:
        try:
            steps += stream.binary(part, 0)
        except StreamRefused as refused:
            return steps, refused.refusal
    return steps, None


@given(any_frames, st.lists(st.integers(0, 10_000), max_size=20))
def test_how_the_bytes_were_split_makes_no_difference(whole: bytes, cuts: list[int]) -> None:
    by_byte, refusal_by_byte = heard([whole[at : at + 1] for at in range(len(whole))])

    steps, refusal = heard(pieces(whole, cuts))

    assert refusal is refusal_by_byte
    assert refusal is None or refusal in CLOSE_CODES
    # Before a refusal a larger piece gives nothing of itself.
    assert steps == by_byte if refusal is None else by_byte[: len(steps)] == steps


@given(st.lists(st.binary(max_size=200).map(lambda half: half * 2), max_size=30))
def test_no_byte_of_sound_is_lost_or_doubled(sounds: list[bytes]) -> None:
    steps, _ = heard([NAMED + b"".join(framed(SLIN, sound) for sound in sounds) + framed(END)])

    assert sound_in(steps) == b"".join(sounds)
    assert steps[-1] == CallOver("hangup")


# Playing


def ready(digit: str, kind: int = SLIN) -> AudioSocketStream:
    stream = AudioSocketStream()
    stream.feed(framed(CALL_UUID, uuid.UUID(PAIR + digit).bytes) + framed(kind, SOUND), 0)
    return stream


@pytest.mark.parametrize(("kind", "frame_bytes"), [(SLIN, 320), (SLIN16, 640)])
def test_sound_is_played_in_frames_of_20_ms_at_their_pace(kind: int, frame_bytes: int) -> None:
    stream: PlayingDialect = ready("2", kind)

    playing = stream.play(b"\x00\x01" * 200)

    assert stream.can_play
    assert playing.pace_ms == 20
    assert [len(frame) for frame in playing.frames] == [3 + frame_bytes] * 2
    assert all(
        isinstance(frame, bytes) and frame[:3] == framed(kind, b"\x00" * frame_bytes)[:3]
        for frame in playing.frames
    )


@pytest.mark.parametrize("digit", ["0", "1"])
def test_a_connection_that_was_not_set_up_for_it_plays_nothing(digit: str) -> None:
    stream = ready(digit)

    assert not stream.can_play
    assert stream.play(SOUND) == Playing(())


# The client that we simulate

Serve = Callable[[SocketStream], Awaitable[None]]


@asynccontextmanager
async def door(listen: Serve) -> AsyncIterator[str]:
    async def closing(connection: SocketStream) -> None:
        async with connection:
            await listen(connection)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, closing)
        yield f"127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        tasks.cancel_scope.cancel()


class Listening:
    """A server that listens as ours does: by the dialect."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    async def __call__(self, connection: SocketStream) -> None:
        stream = AudioSocketStream()
        async for received in connection:
            self.steps += stream.feed(received, 0)


def two_voices(milliseconds: int) -> CallSound:
    samples = milliseconds * 8
    caller = np.arange(samples) % 100
    return CallSound(np.stack([caller, 100 + caller], axis=1).astype(np.uint8).tobytes())


def call_to(url: str, sound: CallSound, trouble: Trouble | None = None) -> SimulatedCall:
    return SimulatedCall(
        url=url, sound=sound, call_id="1700.1", speed=20.0, trouble=trouble or Trouble()
    )


def as_pcm(mulaw: bytes) -> bytes:
    return encode_pcm_s16le(decode(Encoding.MULAW, mulaw))


async def test_a_simulated_call_is_heard_byte_for_byte_on_both_sides() -> None:
    listening, sound = Listening(), two_voices(1_000)

    async with door(listening) as url:
        await AudioSocketExchange(call_to(url, sound, Trouble(jitter_ms=30))).play()

    named = pair_uuid("1700.1", "caller")
    began = [step for step in listening.steps if isinstance(step, CallBegan)]
    assert {each.call_id for each in began} == {f"audiosocket.{named}"}
    assert sound_in(listening.steps, Track.CALLER) == as_pcm(sound.payload[::2])
    assert sound_in(listening.steps, Track.OPERATOR) == as_pcm(sound.payload[1::2])
    assert listening.steps.count(CallOver("hangup")) == 2


async def test_a_call_with_the_caller_alone_is_one_connection() -> None:
    listening = Listening()
    sound = CallSound(two_voices(200).payload[::2], tracks=("caller",))

    async with door(listening) as url:
        await AudioSocketExchange(call_to(url, sound)).play()

    (began,) = [step for step in listening.steps if isinstance(step, CallBegan)]
    assert began.tracks == (Track.CALLER,)
    assert sound_in(listening.steps) == as_pcm(sound.payload)


async def test_a_server_that_hangs_up_is_told_as_an_error() -> None:
    async def hang_up(connection: SocketStream) -> None:
        await connection.receive()

    async with door(hang_up) as url:
        with pytest.raises(StreamClosed):
            await AudioSocketExchange(call_to(url, two_voices(1_000))).play()


async def test_sound_that_nobody_asked_for_is_told_as_an_error() -> None:
    async def answer(connection: SocketStream) -> None:
        await connection.send(framed(SLIN, SOUND))
        async for _ in connection:
            pass

    async with door(answer) as url:
        with pytest.raises(StreamClosed) as caught:
            await AudioSocketExchange(call_to(url, two_voices(1_000))).play()

    assert caught.value.code == "unasked"


async def test_what_the_server_plays_is_heard_by_the_exchange() -> None:
    async def answer(connection: SocketStream) -> None:
        stream = AudioSocketStream()
        async for received in connection:
            if any(isinstance(step, CallBegan) for step in stream.feed(received, 0)):
                for frame in stream.play(SOUND * 3).frames:
                    assert isinstance(frame, bytes)
                    await connection.send(frame)

    async with door(answer) as url:
        exchange = AudioSocketExchange(call_to(url, two_voices(500)), plays=True)
        await exchange.play()

    assert exchange.heard == SOUND * 3


async def test_nobody_there_is_told() -> None:
    with pytest.raises(StreamClosed) as caught:
        await AudioSocketExchange(call_to("127.0.0.1:9", two_voices(20))).play()

    assert caught.value.code == "unreachable"
