"""jambonz: the attributes of a call, its bare samples, and the digits that nobody keeps."""

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
from app.simulate.jambonz import JambonzExchange
from app.simulate.native import StreamClosed
from app.simulate.raw_stream import as_l16
from app.telephony.jambonz import SUBPROTOCOLS, JambonzStream
from app.telephony.messages import CallBegan, CallOver, Direction, Missed, Noticed, Step, WovenSound
from app.telephony.ports import PlayingDialect
from asr.types import Encoding
from tests.app.telephony.raw_peer import hearing, short_call, sound_of

ATTRIBUTES: dict[str, Any] = {
    "sampleRate": 8_000,
    "mixType": "stereo",
    "callSid": "c1",
    "direction": "inbound",
    "from": "0123456789",
    "to": "0119999999",
    "callId": "abc@10.0.0.1",
    "operator": "sato",
    "section": "市民課",
    "sip": {"headers": {}},
}
BOTH = (Track.CALLER, Track.OPERATOR)
TURNED = (Track.OPERATOR, Track.CALLER)


def started(**fields: object) -> JambonzStream:
    opened = JambonzStream()
    opened.text(json.dumps(ATTRIBUTES | fields), 0)
    return opened


def began(**fields: object) -> CallBegan:
    (call,) = JambonzStream().text(json.dumps(ATTRIBUTES | fields), 0)
    assert isinstance(call, CallBegan)
    return call


def test_the_attributes_say_what_call_it_is() -> None:
    assert began() == CallBegan(
        call_id="jambonz.c1",
        encoding=Encoding.PCM_S16LE,
        rate_hz=8_000,
        from_number="0123456789",
        to_number="0119999999",
        operator="sato",
        metadata={"section": "市民課", "callSid": "c1", "callId": "abc@10.0.0.1"},
    )


def test_a_name_given_on_purpose_counts_more_than_the_call_sid() -> None:
    assert began(call_id="7").call_id == "jambonz.7"


def test_a_verb_that_asks_for_one_channel_brings_the_caller() -> None:
    assert began(mixType="mono").brings == (Track.CALLER,)


def test_without_a_word_about_it_jambonz_sends_one_channel() -> None:
    assert began(mixType=None).brings == (Track.CALLER,)


@pytest.mark.parametrize(
    ("fields", "direction", "brings"),
    [
        ({}, Direction.INBOUND, BOTH),
        # The application dialled: the leg that is heard on the left is the one that was called.
        ({"direction": "outbound"}, Direction.OUTBOUND, TURNED),
        ({"direction": "outbound", "caller_channel": "left"}, Direction.OUTBOUND, BOTH),
        # Inside a dial the attributes are those of the leg that was dialled; heard is the other one.
        ({"direction": "outbound", "parentCallSid": "c0"}, Direction.INBOUND, BOTH),
        (
            {"direction": "outbound", "parentCallSid": "c0", "call_direction": "outbound"},
            Direction.OUTBOUND,
            BOTH,
        ),
    ],
)
def test_the_side_that_dialled_is_the_caller(
    fields: dict[str, Any], direction: Direction, brings: tuple[Track, ...]
) -> None:
    call = began(**fields)

    assert (call.direction, call.brings) == (direction, brings)


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        ("hello", Refusal.NOT_JSON),
        ("[]", Refusal.BAD_MESSAGE),
        ("{}", Refusal.BAD_CALL_ID),
        (json.dumps(ATTRIBUTES | {"mixType": "mixed"}), Refusal.BAD_TRACKS),
        (json.dumps(ATTRIBUTES | {"sampleRate": 24_000}), Refusal.UNSUPPORTED_RATE),
        (json.dumps(ATTRIBUTES | {"operator": "\u0000"}), Refusal.BAD_MESSAGE),
        ("x" * 65_536, Refusal.FRAME_TOO_LARGE),
        (b"\x00" * 320, Refusal.NOT_STARTED),
        (b"\x00" * 65_537, Refusal.FRAME_TOO_LARGE),
    ],
)
def test_a_bad_beginning_is_refused_with_its_reason(frame: str | bytes, refusal: Refusal) -> None:
    opened = JambonzStream()

    with pytest.raises(StreamRefused) as caught:
        _ = opened.text(frame, 0) if isinstance(frame, str) else opened.binary(frame, 0)

    assert caught.value.refusal is refusal


@pytest.mark.parametrize(
    ("frame", "steps"),
    [
        ('{"event": "dtmf", "dtmf": "1", "duration": 1600}', []),
        ('{"type": "playDone", "data": {"id": "mimamori-1"}}', []),
        ('{"event": "other"}', [Noticed("unknown_text")]),
        ("hello", [Noticed("unknown_text")]),
        (json.dumps(ATTRIBUTES), [Noticed("unknown_text")]),
    ],
)
def test_later_texts_change_nothing(frame: str, steps: list[Step]) -> None:
    assert list(started().text(frame, 0)) == steps


@pytest.mark.parametrize(
    ("close_code", "over"), [(1000, CallOver("hangup")), (1006, None), (1011, None)]
)
def test_only_a_normal_close_is_a_hang_up(close_code: int, over: CallOver | None) -> None:
    assert started().closed(close_code) == over
    assert JambonzStream().closed(close_code) is None


def test_a_short_word_behind_a_hole_is_not_lost_when_the_socket_goes() -> None:
    opened = started()
    opened.binary(b"\x01\x00" * 160, 0)
    kept = list(opened.binary(b"\x02\x00" * 160, 3_000))

    rest = opened.rest(3_010)

    assert kept == []
    assert [type(step) for step in rest] == [Missed, WovenSound]
    assert list(JambonzStream().rest(0)) == []


def test_a_tap_sends_nothing() -> None:
    opened = started()
    refused = StreamRefused(Refusal.INTERNAL, "")

    assert not [*opened.attached("x", 0), *opened.judged(), *opened.refused(refused)]
    assert not opened.can_play


def test_sound_is_played_where_the_metadata_asks_for_it() -> None:
    opened: PlayingDialect = started(play=True)

    message = json.loads(opened.play(b"\x01\x00" * 80).frames[0])

    assert opened.can_play
    assert message["type"] == "playAudio"
    assert base64.b64decode(message["data"].pop("audioContent")) == b"\x01\x00" * 80
    assert message["data"] == {
        "audioContentType": "raw",
        "sampleRate": 8_000,
        "id": "mimamori-1",
    }


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=20))
def test_however_the_sound_is_cut_it_is_the_same(sound: bytes, cuts: list[int]) -> None:
    opened = started()
    places = [0, *sorted(cuts), len(sound)]

    steps = [step for begin, end in pairwise(places) for step in opened.binary(sound[begin:end], 0)]

    assert sound_of(steps) == sound[: len(sound) - len(sound) % 4]
    assert all(len(step.payload) % 4 == 0 for step in steps if isinstance(step, WovenSound))


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=70))
names = st.sampled_from(
    ["event", "type", "callSid", "direction", "mixType", "sampleRate", "play", "parentCallSid"]
)
frames = st.one_of(
    st.text(max_size=100),
    st.binary(max_size=1_000),
    st.dictionaries(names, values).map(json.dumps),
    st.dictionaries(names, values).map(lambda fields: json.dumps(ATTRIBUTES | fields)),
    st.just(json.dumps(ATTRIBUTES)),
)


@given(st.lists(st.tuples(frames, st.integers(0, 5_000)), max_size=12))
def test_whatever_arrives_is_steps_or_a_documented_refusal(
    arriving: list[tuple[str | bytes, int]],
) -> None:
    opened, now_ms, begun = JambonzStream(), 0, 0
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

    assert begun <= 1
    assert set(close_codes) <= set(CLOSE_CODES.values())


def call_to(url: str, **fields: Any) -> SimulatedCall:
    given: dict[str, Any] = {"call_id": "c1", "secret": "mim_good", "speed": 4.0} | fields
    return SimulatedCall(url=url, sound=short_call(), from_number="0123", operator="sato", **given)


async def test_the_simulated_jambonz_brings_a_whole_call() -> None:
    async with hearing(JambonzStream, subprotocols=SUBPROTOCOLS) as heard:
        await JambonzExchange(call_to(heard.url, trouble=Trouble(jitter_ms=10))).play()

    call = heard.steps[0]
    assert isinstance(call, CallBegan)
    assert (call.call_id, call.from_number, call.operator) == ("jambonz.c1", "0123", "sato")
    assert heard.sound == as_l16(short_call()).payload
    assert heard.steps[-1] == CallOver("hangup")
    assert heard.authorisations == ["Basic " + base64.b64encode(b"jambonz:mim_good").decode()]


async def test_a_lossy_line_brings_less_sound() -> None:
    async with hearing(JambonzStream, subprotocols=SUBPROTOCOLS) as heard:
        await JambonzExchange(call_to(heard.url, trouble=Trouble(loss=0.5))).play()

    assert 0 < len(heard.sound) < len(as_l16(short_call()).payload)


async def test_a_server_without_the_subprotocol_is_named() -> None:
    async with hearing(JambonzStream) as heard:
        with pytest.raises(StreamClosed) as caught:
            await JambonzExchange(call_to(heard.url)).play()

    assert caught.value.code == "subprotocol"
