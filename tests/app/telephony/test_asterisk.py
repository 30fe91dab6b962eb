"""Asterisk's WebSocket channel: who calls, and how it sounds."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import CLOSE_CODES, Refusal, StreamRefused, Track
from app.telephony.asterisk import START_WAIT_MS, AsteriskStream
from app.telephony.control_words import metadata_of, read_control
from app.telephony.messages import (
    CallBegan,
    CallOver,
    Direction,
    Missed,
    Noticed,
    Playing,
    Step,
    TrackSound,
)
from asr.types import Encoding

CALLER = {"call_id": "1700000000.12", "role": "caller"}
ULAW_CALLER = CALLER | {"format": "ulaw"}
FRAME = b"\x7f" * 160
PLAIN_START = (
    "MEDIA_START connection_id:mimamori channel:WebSocket/mimamori/0x7f00 "
    "channel_id:1700000001.13 format:slin optimal_frame_size:320 ptime:20"
)
JSON_START = {
    "event": "MEDIA_START",
    "connection_id": "mimamori",
    "channel": "WebSocket/mimamori/0x7f00",
    "channel_id": "1700000001.13",
    "format": "slin",
    "optimal_frame_size": 320,
    "ptime": 20,
    "channel_variables": {"MIMAMORI_QUEUE": "shimin", "MIMAMORI_TOKEN": "mim_1", "OTHER": "x"},
}


def began_in(steps: Sequence[Step]) -> CallBegan:
    (began,) = [step for step in steps if isinstance(step, CallBegan)]
    return began


def sound_in(steps: Sequence[Step], track: Track = Track.CALLER) -> bytes:
    return b"".join(
        step.payload for step in steps if isinstance(step, TrackSound) and step.track is track
    )


def feed(stream: AsteriskStream, frame: str | bytes, now_ms: int) -> Sequence[Step]:
    return stream.text(frame, now_ms) if isinstance(frame, str) else stream.binary(frame, now_ms)


def refusal_of(frame: str | bytes, parameters: dict[str, str], now_ms: int = 0) -> Refusal:
    with pytest.raises(StreamRefused) as caught:
        feed(AsteriskStream(parameters), frame, now_ms)
    return caught.value.refusal


# Who calls


def test_the_uri_says_who_calls_whom_and_which_side_this_socket_brings() -> None:
    stream = AsteriskStream(
        {
            "call_id": "1700000000.12",
            "role": "operator",
            "from": "0111234567",
            "to": "0112000000",
            "operator": "2001",
            "section": "市民課",
            "direction": "outbound",
            "answered": "0",
            "format": "alaw",
            "queue": "shimin",
            "api_key": "never",
        }
    )

    steps = stream.binary(FRAME, 0)

    assert began_in(steps) == CallBegan(
        call_id="asterisk.1700000000.12",
        encoding=Encoding.ALAW,
        rate_hz=8_000,
        brings=(Track.OPERATOR,),
        tracks=(Track.CALLER, Track.OPERATOR),
        direction=Direction.OUTBOUND,
        from_number="0111234567",
        to_number="0112000000",
        operator="2001",
        answered=False,
        metadata={
            "section": "市民課",
            "queue": "shimin",
            "asterisk_call_id": "1700000000.12",
        },
    )
    assert steps[1:] == [TrackSound(Track.OPERATOR, FRAME)]


@pytest.mark.parametrize("start", [PLAIN_START, json.dumps(JSON_START)])
def test_a_start_without_parameters_is_a_call_of_its_own_with_the_caller_alone(start: str) -> None:
    began = began_in(AsteriskStream({}).text(start, 0))

    assert began.call_id == "asterisk.1700000001.13"
    assert (began.brings, began.tracks) == ((Track.CALLER,), (Track.CALLER,))
    assert (began.encoding, began.rate_hz) == (Encoding.PCM_S16LE, 8_000)
    assert began.metadata["channel"] == "WebSocket/mimamori/0x7f00"


def test_of_the_channels_variables_only_those_meant_for_us_are_kept_and_no_secret() -> None:
    began = began_in(AsteriskStream({}).text(json.dumps(JSON_START), 0))

    assert began.metadata == {
        "channel": "WebSocket/mimamori/0x7f00",
        "channel_id": "1700000001.13",
        "MIMAMORI_QUEUE": "shimin",
    }


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"role": "caller"}, Refusal.BAD_CALL_ID),
        (CALLER | {"role": "citizen"}, Refusal.BAD_TRACKS),
        (CALLER | {"format": "opus"}, Refusal.UNSUPPORTED_ENCODING),
        (CALLER | {"format": "slin48"}, Refusal.UNSUPPORTED_ENCODING),
        (CALLER | {"format": "ulaw", "rate": "16000"}, Refusal.UNSUPPORTED_RATE),
        (CALLER | {"format": "slin16", "rate": "8000"}, Refusal.UNSUPPORTED_RATE),
        (CALLER | {"rate": "16000"}, Refusal.UNSUPPORTED_RATE),
        (CALLER | {"rate": "48000"}, Refusal.UNSUPPORTED_RATE),
        (CALLER | {"direction": "sideways"}, Refusal.BAD_MESSAGE),
        (CALLER | {"answered": "perhaps"}, Refusal.BAD_MESSAGE),
        (CALLER | {"play": "loud"}, Refusal.BAD_MESSAGE),
        (CALLER | {"operator": "0" * 65}, Refusal.BAD_MESSAGE),
        (CALLER | {"operator": "\x00"}, Refusal.BAD_MESSAGE),
        (CALLER | {"section": "\ud800"}, Refusal.BAD_MESSAGE),
    ],
)
def test_a_bad_parameter_is_refused_at_the_first_frame_whatever_it_is(
    parameters: dict[str, str], refusal: Refusal
) -> None:
    assert refusal_of(FRAME, parameters) is refusal
    assert refusal_of(PLAIN_START, parameters) is refusal


@pytest.mark.parametrize("number", ["0" * 65, "\x00", "\ud800"])
def test_a_number_that_no_record_can_hold_costs_nobody_the_call(number: str) -> None:
    steps = AsteriskStream(ULAW_CALLER | {"from": number, "to": "0119"}).binary(FRAME, 0)

    began = began_in(steps)
    assert (began.from_number, began.to_number) == ("", "0119")


@pytest.mark.parametrize(
    ("parameters", "encoding", "rate_hz"),
    [
        ({"format": "ulaw"}, Encoding.MULAW, 8_000),
        ({"format": "ULAW", "rate": "8000"}, Encoding.MULAW, 8_000),
        ({"format": "alaw"}, Encoding.ALAW, 8_000),
        ({"format": "slin"}, Encoding.PCM_S16LE, 8_000),
        ({"format": "slin16"}, Encoding.PCM_S16LE, 16_000),
        ({"format": "slin", "rate": "16000"}, Encoding.PCM_S16LE, 16_000),
    ],
)
def test_the_format_may_stand_in_the_uri(
    parameters: dict[str, str], encoding: Encoding, rate_hz: int
) -> None:
    began = began_in(AsteriskStream(CALLER | parameters).binary(FRAME, 0))

    assert (began.encoding, began.rate_hz) == (encoding, rate_hz)


# MEDIA_START comes when it likes


@pytest.mark.parametrize("start", [PLAIN_START, json.dumps(JSON_START)])
def test_sound_before_the_start_is_kept(start: str) -> None:
    stream = AsteriskStream(CALLER)
    early = [stream.binary(b"\x01\x00" * 160, at_ms) for at_ms in (20, 40, 60)]

    steps = stream.text(start, 70)

    assert early == [(), (), ()]
    assert began_in(steps).encoding is Encoding.PCM_S16LE
    assert sound_in(steps) == b"\x01\x00" * 480


def test_a_start_that_never_comes_costs_no_sound_and_is_mu_law() -> None:
    stream = AsteriskStream(CALLER)
    steps: list[Step] = []

    for at_ms in range(20, START_WAIT_MS + 100, 20):
        steps += stream.binary(FRAME, at_ms)

    assert isinstance(steps[0], CallBegan)
    assert steps[0].encoding is Encoding.MULAW
    assert sound_in(steps) == FRAME * ((START_WAIT_MS + 80) // 20)


def test_a_start_that_comes_later_changes_nothing() -> None:
    stream = AsteriskStream(CALLER | {"format": "slin"})
    stream.binary(FRAME, 20)

    steps = stream.text(PLAIN_START, 1_500)

    assert steps == ()


def test_a_start_that_contradicts_what_was_assumed_is_refused() -> None:
    stream = AsteriskStream(ULAW_CALLER)
    stream.binary(FRAME, 20)

    with pytest.raises(StreamRefused) as caught:
        stream.text(PLAIN_START, 40)

    assert caught.value.refusal is Refusal.FORMAT_CHANGED


def test_without_any_name_the_start_is_awaited_only_for_a_time() -> None:
    stream = AsteriskStream({})
    stream.binary(FRAME, 20)

    with pytest.raises(StreamRefused) as caught:
        stream.binary(FRAME, 20 + START_WAIT_MS)

    assert caught.value.refusal is Refusal.BAD_CALL_ID
    assert "call_id" in caught.value.message


def test_the_name_of_the_connection_is_no_name_of_a_call() -> None:
    start = "MEDIA_START connection_id:mimamori channel:WebSocket/mimamori/0x1 format:ulaw"

    assert refusal_of(start, {}) is Refusal.BAD_CALL_ID


def test_the_id_of_a_connection_that_we_opened_names_the_call() -> None:
    connection_id = "32966726-4388-456b-a333-fdf5dbecc60d"

    began = began_in(AsteriskStream({}).text(f"MEDIA_START connection_id:{connection_id}", 0))

    assert began.call_id == f"asterisk.{connection_id}"


def test_early_sound_is_bounded_however_fast_it_comes() -> None:
    stream = AsteriskStream(CALLER)

    steps = [step for _ in range(3) for step in stream.binary(b"\xff" * 60_000, 20)]

    assert isinstance(steps[0], CallBegan)
    assert sound_in(steps) == b"\xff" * 180_000


# What else comes


@pytest.mark.parametrize(
    ("frame", "steps"),
    [
        ("DTMF_END digit:5 channel_id:1.2", ()),
        ('{"event": "DTMF_END", "channel_id": "1.2", "digit": "5"}', ()),
        ("MEDIA_XON", ()),
        ("QUEUE_DRAINED", ()),
        ("STATUS channel_id:1.2 queue_length:43 xon_level:800", ()),
        ("MEDIA_BUFFERING_COMPLETED", ()),
        ("MEDIA_MARK_PROCESSED a b", ()),
        ("MEDIA_XOFF", (Noticed("played_too_fast"),)),
        ("ERROR channel_id:1.2 error_text:Unable to parse", (Noticed("exchange_error"),)),
        ("WHATEVER_COMES", (Noticed("unknown_event"),)),
        ('{"event": "WHATEVER_COMES"}', (Noticed("unknown_event"),)),
        ("", (Noticed("unreadable_control"),)),
        ("   ", (Noticed("unreadable_control"),)),
        ("{", (Noticed("unreadable_control"),)),
        ('{"event": 5}', (Noticed("unreadable_control"),)),
        ("{" + '"a":{' * 60_00, (Noticed("unreadable_control"),)),
    ],
)
def test_control_messages_end_nothing(frame: str, steps: tuple[Step, ...]) -> None:
    stream = AsteriskStream(ULAW_CALLER)
    stream.binary(FRAME, 0)

    assert stream.text(frame, 20) == steps
    assert sound_in(stream.binary(FRAME, 40)) == FRAME


def test_a_value_may_hold_a_colon() -> None:
    word = read_control("MEDIA_START channel:PJSIP/a:b:c lonely format:ulaw")

    assert word is not None
    assert word.fields == {"channel": "PJSIP/a:b:c", "format": "ulaw"}


def test_a_pause_of_the_exchange_is_a_hole_in_this_track() -> None:
    stream = AsteriskStream(ULAW_CALLER)
    steps = list(stream.binary(FRAME, 20))

    for at_ms in range(5_040, 5_600, 20):
        steps += stream.binary(FRAME, at_ms)

    (hole,) = [step for step in steps if isinstance(step, Missed)]
    assert abs(hole.samples - 5_000 * 8) <= 160
    assert sound_in(steps) == FRAME * 29


def test_a_short_word_behind_a_hole_is_not_lost_when_the_socket_goes() -> None:
    stream = AsteriskStream(ULAW_CALLER)
    stream.binary(FRAME, 20)
    kept = list(stream.binary(FRAME, 3_040))

    rest = stream.rest(3_060)

    assert (kept, [type(step) for step in rest]) == ([], [Missed, TrackSound])
    assert sound_in(rest) == FRAME
    assert list(AsteriskStream(ULAW_CALLER).rest(0)) == []


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        (b"\x00" * 65_537, Refusal.FRAME_TOO_LARGE),
        ("x" * 65_536, Refusal.FRAME_TOO_LARGE),
        (b"\x00", Refusal.ODD_FRAME_LENGTH),
    ],
)
def test_a_frame_that_cannot_be_sound_is_refused(frame: str | bytes, refusal: Refusal) -> None:
    assert refusal_of(frame, CALLER | {"format": "slin"}) is refusal


@pytest.mark.parametrize(
    ("close_code", "over"),
    [
        (1000, CallOver("hangup")),
        (1001, CallOver("hangup")),
        (16, CallOver("hangup")),
        (486, CallOver("hangup")),
        (1002, CallOver("hangup")),
        (1006, None),
        (1007, None),
        (1012, None),
    ],
)
def test_every_hang_up_is_the_end_and_a_broken_line_is_not(
    close_code: int, over: CallOver | None
) -> None:
    assert AsteriskStream(CALLER).closed(close_code) == over


def test_metadata_is_few_short_and_storable() -> None:
    source = {f"n{place}": "v" * 300 for place in range(50)} | {"bad": "\x00", "\ud800": "x"}

    kept = metadata_of({"bad": "\x00", "\ud800": "x", "Password": "p", "empty": ""}, source)

    assert len(kept) == 32
    assert set(kept) == {f"n{place}" for place in range(32)}
    assert {len(value) for value in kept.values()} == {256}


words = st.one_of(
    st.text(max_size=100),
    st.sampled_from([PLAIN_START, json.dumps(JSON_START), "DTMF_END digit:1", "ERROR", "{}"]),
    st.dictionaries(
        st.sampled_from(["event", "format", "channel_id", "connection_id", "channel_variables"]),
        st.none()
        | st.text(max_size=20)
        | st.integers()
        | st.sampled_from(["MEDIA_START", "ulaw", "slin16"])
        | st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
    ).map(json.dumps),
)
parameters_of_any_kind = st.dictionaries(
    st.sampled_from(
        [
            "call_id",
            "role",
            "from",
            "to",
            "operator",
            "section",
            "direction",
            "answered",
            "format",
            "rate",
            "play",
            "x",
        ]
    ),
    st.text(max_size=70)
    | st.sampled_from(
        ["caller", "operator", "1", "0", "slin", "slin16", "ulaw", "8000", "16000", "inbound"]
    ),
)


@given(
    parameters_of_any_kind,
    st.lists(st.tuples(st.integers(0, 3_000), words | st.binary(max_size=700)), max_size=15),
    st.integers(0, 5_000),
)
def test_whatever_arrives_gives_steps_or_a_documented_refusal(
    parameters: dict[str, str], arriving: list[tuple[int, str | bytes]], close_code: int
) -> None:
    stream, now_ms, began, documented = AsteriskStream(parameters), 0, 0, True

    for after_ms, frame in arriving:
        now_ms += after_ms
        try:
            steps = feed(stream, frame, now_ms)
        except StreamRefused as refused:
            documented = refused.stream_close_code in CLOSE_CODES.values()
            break
        began += sum(isinstance(step, CallBegan) for step in steps)
        assert began or not any(isinstance(step, TrackSound | Missed) for step in steps)

    assert documented
    assert began <= 1
    assert isinstance(stream.play(b"\x00\x01" * 200), Playing)
    assert stream.closed(close_code) in (None, CallOver("hangup"))


@given(st.lists(st.binary(max_size=50).map(lambda half: half * 2), max_size=60), st.integers(0, 60))
def test_wherever_the_start_falls_every_byte_is_heard_once_and_in_order(
    frames: list[bytes], start_at: int
) -> None:
    stream, steps = AsteriskStream(CALLER), list[Step]()

    for place, frame in enumerate(frames[:start_at]):
        steps += stream.binary(frame, 20 * place)
    steps += stream.text(PLAIN_START, 20 * start_at)
    for place, frame in enumerate(frames[start_at:], start=start_at):
        steps += stream.binary(frame, 20 * place)

    assert isinstance(steps[0], CallBegan)
    assert sound_in(steps) == b"".join(frames)
