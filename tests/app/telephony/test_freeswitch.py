"""FreeSWITCH: its metadata, its bare samples, and the events that an office sends into the stream."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import CLOSE_CODES, Refusal, StreamRefused, Track
from app.simulate.exchange import SimulatedCall, Trouble
from app.simulate.freeswitch import FreeSwitchExchange
from app.simulate.native import StreamClosed
from app.simulate.raw_stream import as_l16
from app.telephony.freeswitch import FreeSwitchStream
from app.telephony.messages import (
    Answered,
    CallBegan,
    CallOver,
    Direction,
    Held,
    Missed,
    Noticed,
    Reply,
    Step,
    Transferred,
    Unheld,
    WovenSound,
)
from app.telephony.ports import PlayingDialect
from asr.types import Encoding
from tests.app.telephony.raw_peer import hearing, short_call, sound_of

METADATA: dict[str, Any] = {
    "uuid": "0a1b2c",
    "from": "0123456789",
    "to": "0119999999",
    "operator": "sato",
    "section": "市民課",
}
FRAME = bytes(range(256)) + bytes(64)
"""5 ms of two tracks at 16 kHz, or 10 ms at 8 kHz."""


def stream(**parameters: str) -> FreeSwitchStream:
    return FreeSwitchStream(parameters, max_frame_bytes=65_536)


def started(**fields: object) -> FreeSwitchStream:
    opened = stream()
    opened.text(json.dumps(METADATA | fields), 0)
    return opened


def began(steps: object) -> CallBegan:
    assert isinstance(steps, list | tuple)
    assert isinstance(steps[0], CallBegan)
    return steps[0]


def refusal_of(opened: FreeSwitchStream, frame: str | bytes, now_ms: int = 0) -> Refusal:
    with pytest.raises(StreamRefused) as caught:
        _ = opened.text(frame, now_ms) if isinstance(frame, str) else opened.binary(frame, now_ms)
    return caught.value.refusal


def test_the_metadata_says_what_call_it_is() -> None:
    call = began(stream().text(json.dumps(METADATA), 0))

    assert call == CallBegan(
        call_id="freeswitch.0a1b2c",
        encoding=Encoding.PCM_S16LE,
        rate_hz=8_000,
        from_number="0123456789",
        to_number="0119999999",
        operator="sato",
        metadata={"section": "市民課", "uuid": "0a1b2c"},
    )


def test_what_the_metadata_leaves_out_stands_in_the_uri() -> None:
    opened = stream(call_id="7", to="0119999999", rate="16k", direction="outbound", operator="ito")

    call = began(opened.text('{"operator": "sato", "answered": false}', 0))

    assert (call.call_id, call.rate_hz, call.operator) == ("freeswitch.7", 16_000, "sato")
    assert (call.to_number, call.direction, call.answered) == (
        "0119999999",
        Direction.OUTBOUND,
        False,
    )


def test_any_text_may_be_metadata_if_the_uri_names_the_call() -> None:
    call = began(stream(call_id="7").text("市民課の電話", 0))

    assert call.metadata["text"] == "市民課の電話"


def test_a_call_named_by_the_uri_begins_with_its_first_sound() -> None:
    steps = stream(call_id="7").binary(FRAME, 0)

    assert began(steps).call_id == "freeswitch.7"
    assert sound_of(steps) == FRAME


def test_a_call_named_by_the_uri_may_begin_with_an_event() -> None:
    steps = stream(call_id="7").text('{"event": "answered", "operator": "sato"}', 0)

    assert began(steps).call_id == "freeswitch.7"
    assert steps[1] == Answered("sato")


def test_sound_before_the_metadata_is_kept_for_it() -> None:
    opened = stream()
    early = [opened.binary(FRAME, 0), opened.binary(FRAME, 10)]

    steps = opened.text(json.dumps(METADATA), 20)

    assert early == [(), ()]
    assert began(steps).call_id == "freeswitch.0a1b2c"
    assert sound_of(steps) == FRAME * 2


@pytest.mark.parametrize(("frames", "apart_ms"), [(3, 1_500), (3_000, 0)])
def test_sound_that_no_metadata_follows_is_refused(frames: int, apart_ms: int) -> None:
    opened = stream()

    def wait_for_metadata() -> None:
        for place in range(frames):
            opened.binary(FRAME, place * apart_ms)

    with pytest.raises(StreamRefused) as caught:
        wait_for_metadata()

    assert caught.value.refusal is Refusal.NOT_STARTED


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        ("", Refusal.BAD_CALL_ID),
        ("hello", Refusal.BAD_CALL_ID),
        ("{}", Refusal.BAD_CALL_ID),
        ('{"uuid": "1"', Refusal.NOT_JSON),
        ('{"uuid": "1", "mix": "mixed"}', Refusal.BAD_TRACKS),
        ('{"uuid": "1", "rate": 44100}', Refusal.UNSUPPORTED_RATE),
        ('{"uuid": "1", "module": "audio_cast"}', Refusal.BAD_MESSAGE),
        ('{"uuid": "1", "operator": "\\u0000"}', Refusal.BAD_MESSAGE),
        ("x" * 65_536, Refusal.FRAME_TOO_LARGE),
        (b"\x00" * 65_537, Refusal.FRAME_TOO_LARGE),
    ],
)
def test_a_bad_beginning_is_refused_with_its_reason(frame: str | bytes, refusal: Refusal) -> None:
    assert refusal_of(stream(), frame) is refusal


def test_a_stream_of_one_channel_is_the_caller_alone() -> None:
    call = began(stream().text(json.dumps(METADATA | {"mix": "mono"}), 0))

    assert call.brings == call.tracks == (Track.CALLER,)


def test_the_channels_may_be_the_other_way_round() -> None:
    call = began(stream().text(json.dumps(METADATA | {"caller_channel": "right"}), 0))

    assert call.brings == (Track.OPERATOR, Track.CALLER)


@pytest.mark.parametrize(
    ("frame", "step"),
    [
        ('{"event": "answered", "operator": "ito"}', Answered("ito")),
        ('{"event": "hold"}', Held()),
        ('{"event": "unhold"}', Unheld()),
        ('{"event": "resumed"}', Unheld()),
        ('{"event": "transfer"}', Transferred()),
        (
            '{"event": "transfer", "operator": "ito", "answered": true}',
            Transferred("ito", answered=True),
        ),
        ('{"event": "hangup"}', CallOver("hangup")),
        ('{"event": "dance"}', Noticed("unknown_event")),
        ('{"event": ["hold"]}', Noticed("unknown_event")),
        ('{"hello": 1}', Noticed("unknown_text")),
        ("hello", Noticed("unknown_text")),
        ("[]", Noticed("unknown_text")),
    ],
)
def test_the_office_tells_of_the_call_with_send_text(frame: str, step: Step) -> None:
    assert list(started().text(frame, 0)) == [step]


def test_an_operator_who_cannot_be_costs_the_name_and_not_the_call() -> None:
    steps = started().text(json.dumps({"event": "answered", "operator": "x" * 65}), 0)

    assert list(steps) == [Noticed("bad_operator"), Answered("")]


def test_after_the_end_nothing_counts() -> None:
    opened = started()
    opened.text('{"event": "hangup"}', 0)

    assert list(opened.binary(FRAME, 1)) == [Noticed("after_end")]
    assert list(opened.text('{"event": "hold"}', 1)) == [Noticed("after_end")]


def test_a_pause_leaves_a_hole_of_its_length() -> None:
    opened = started()
    opened.binary(FRAME, 0)

    steps = [
        step for at_ms in range(3_000, 3_500, 10) for step in opened.binary(b"\x01" * 320, at_ms)
    ]

    missed = [step.samples for step in steps if isinstance(step, Missed)]
    assert len(missed) == 1
    assert abs(missed[0] - 2_980 * 8) <= 20 * 8
    assert sound_of(steps) == b"\x01" * (320 * 50)


def test_what_a_hole_keeps_back_comes_before_the_end() -> None:
    told, closed = started(), started()
    for opened in (told, closed):
        opened.binary(FRAME, 0)
        opened.binary(FRAME, 3_000)

    steps = told.text('{"event": "hangup"}', 3_010)
    rest = closed.rest(3_010)

    assert isinstance(steps[0], Missed)
    assert steps[1:] == (WovenSound(FRAME), CallOver("hangup"))
    assert list(rest) == list(steps[:2])
    assert [list(each.rest(3_020)) for each in (told, closed, stream())] == [[], [], []]


@pytest.mark.parametrize(
    ("close_code", "over"),
    [(1000, CallOver("hangup")), (1001, None), (1006, None), (1011, None), (4400, None)],
)
def test_only_a_normal_close_is_a_hang_up(close_code: int, over: CallOver | None) -> None:
    assert started().closed(close_code) == over
    assert stream().closed(close_code) is None


def test_a_refusal_is_raised_inside_freeswitch() -> None:
    replies = stream().refused(StreamRefused(Refusal.BAD_TRACKS, "混ざっています。"))

    assert [json.loads(reply.frame) for reply in replies] == [
        {"type": "error", "data": {"code": "bad_tracks", "message": "混ざっています。"}}
    ]


def test_a_call_of_freeswitch_is_told_nothing() -> None:
    opened = started()

    told: list[Reply] = [*opened.attached("freeswitch.0a1b2c", 0), *opened.judged()]

    assert told == []


@pytest.mark.parametrize(
    ("fields", "kind", "content"),
    [
        ({"play": "1"}, "streamAudio", "audioData"),
        ({"play": True, "module": "audio_fork"}, "playAudio", "audioContent"),
    ],
)
def test_sound_is_played_in_the_words_of_the_module(
    fields: dict[str, Any], kind: str, content: str
) -> None:
    opened: PlayingDialect = started(**fields)

    playing = opened.play(b"\x01\x00" * 80)

    message = json.loads(playing.frames[0])
    assert opened.can_play
    assert (message["type"], message["data"]["sampleRate"]) == (kind, 8_000)
    assert base64.b64decode(message["data"][content]) == b"\x01\x00" * 80


def test_nothing_is_played_unless_it_was_asked_for() -> None:
    assert not started().can_play
    assert not stream(play="1").can_play


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=20), st.sampled_from([1, 2]))
def test_however_the_sound_is_cut_it_is_the_same(
    sound: bytes, cuts: list[int], channels: int
) -> None:
    opened = started(channels=channels)
    places = [0, *sorted(cuts), len(sound)]

    steps = [step for begin, end in pairwise(places) for step in opened.binary(sound[begin:end], 0)]

    whole = len(sound) - len(sound) % (2 * channels)
    assert sound_of(steps) == sound[:whole]
    assert all(
        len(step.payload) % (2 * channels) == 0 for step in steps if isinstance(step, WovenSound)
    )


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=70))
names = st.sampled_from(
    ["event", "uuid", "call_id", "operator", "mix", "rate", "play", "module", "answered", "x"]
)
events = st.sampled_from(["answered", "hold", "unhold", "transfer", "hangup"])
frames = st.one_of(
    st.text(max_size=100),
    st.binary(max_size=1_000),
    st.dictionaries(names, values).map(json.dumps),
    st.dictionaries(names, values).map(lambda fields: json.dumps(METADATA | fields)),
    events.map(lambda event: json.dumps({"event": event})),
    st.just(json.dumps(METADATA)),
)


@given(
    st.lists(st.tuples(frames, st.integers(0, 5_000)), max_size=12),
    st.dictionaries(names, st.text(max_size=70), max_size=3),
)
def test_whatever_arrives_is_steps_or_a_documented_refusal(
    arriving: list[tuple[str | bytes, int]], parameters: dict[str, str]
) -> None:
    opened, now_ms, begun = FreeSwitchStream(parameters), 0, 0
    close_codes: list[int] = []

    for frame, waited_ms in arriving:
        now_ms += waited_ms
        try:
            steps = (
                opened.text(frame, now_ms)
                if isinstance(frame, str)
                else opened.binary(frame, now_ms)
            )
        except StreamRefused as refused:
            close_codes.append(refused.stream_close_code)
            break
        begun += sum(isinstance(step, CallBegan) for step in steps)
        assert begun or not steps

    assert begun <= 1
    assert set(close_codes) <= set(CLOSE_CODES.values())


def call_to(url: str, **fields: Any) -> SimulatedCall:
    given: dict[str, Any] = {"call_id": "0a1b", "secret": "mim_good", "speed": 4.0} | fields
    return SimulatedCall(url=url, sound=short_call(), from_number="0123", operator="sato", **given)


async def test_the_simulated_freeswitch_brings_a_whole_call() -> None:
    async with hearing(FreeSwitchStream) as heard:
        await FreeSwitchExchange(call_to(heard.url, metadata={"section": "市民課"})).play()

    call = began(heard.steps)
    assert (call.call_id, call.from_number, call.operator) == ("freeswitch.0a1b", "0123", "sato")
    assert call.metadata["section"] == "市民課"
    assert heard.sound == as_l16(short_call()).payload
    assert heard.steps[-1] == CallOver("hangup")


async def test_the_simulated_freeswitch_may_say_late_what_call_it_is() -> None:
    trouble = Trouble(late_start_ms=100, jitter_ms=10)

    async with hearing(FreeSwitchStream) as heard:
        await FreeSwitchExchange(call_to(heard.url, trouble=trouble)).play()

    assert isinstance(heard.steps[0], CallBegan)
    assert heard.sound == as_l16(short_call()).payload


async def test_the_simulated_freeswitch_comes_back_with_the_same_words() -> None:
    exchange_trouble = Trouble(reconnect_at_ms=100)

    async with hearing(FreeSwitchStream) as heard:
        call = call_to(heard.url, trouble=exchange_trouble)
        exchange = FreeSwitchExchange(call)
        await exchange.play()

    first, second = heard.sockets
    assert exchange.reconnects == 1
    assert first[0] == second[0]
    assert not any(isinstance(step, CallOver) for step in first)
    assert second[-1] == CallOver("hangup")


async def test_the_simulated_freeswitch_says_why_it_was_refused() -> None:
    async with hearing(FreeSwitchStream) as heard:
        with pytest.raises(StreamClosed) as wrong_secret:
            await FreeSwitchExchange(
                call_to(heard.url, trouble=Trouble(wrong_signature=True))
            ).play()
        with pytest.raises(StreamClosed) as mixed:
            await FreeSwitchExchange(call_to(heard.url, metadata={"mix": "mixed"})).play()

    assert wrong_secret.value.close_code == 4401
    assert (mixed.value.close_code, mixed.value.code) == (4400, "bad_tracks")


async def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(StreamClosed) as caught:
        await FreeSwitchExchange(call_to("ws://127.0.0.1:9/stream")).play()

    assert caught.value.code == "unreachable"
