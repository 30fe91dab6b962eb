"""Twilio-shaped streams: what five exchanges say, as steps."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import Refusal, StreamRefused, Track
from app.telephony.messages import (
    CallBegan,
    CallOver,
    Direction,
    Noticed,
    Step,
    TrackSound,
)
from app.telephony.track_clock import BELIEVED_MS, SEAMLESS_MS
from app.telephony.twilio import MOST_AGAIN, TwilioStream
from asr.types import Encoding

CALLER, OPERATOR = Track.CALLER, Track.OPERATOR
FRAME = bytes(range(160))
"""20 ms of mu-law."""

STARTS: dict[str, dict[str, Any]] = {
    "twilio": {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": "MZ1",
        "start": {
            "accountSid": "AC1",
            "streamSid": "MZ1",
            "callSid": "CA1",
            "tracks": ["inbound", "outbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": {
                "token": "secret",
                "from": "+819012345678",
                "to": "+81113821111",
                "operator": "sato",
                "section": "市民課",
                "queue": "3",
            },
        },
    },
    "telnyx": {
        "event": "start",
        "sequence_number": "1",
        "stream_id": "32DE0DEA",
        "start": {
            "user_id": "3e6f995f",
            "call_control_id": "v2:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQczRrZvZakpWxBlpw48",
            "call_session_id": "428c31b6",
            "from": "+819012345678",
            "to": "+81113821111",
            "tags": [],
            "client_state": "c2VjcmV0",
            "media_format": {"encoding": "PCMA", "sample_rate": 8000, "channels": 1},
        },
    },
    "plivo": {
        "event": "start",
        "sequenceNumber": 0,
        "start": {
            "callId": "ca39ba2f",
            "streamId": "20170ada",
            "accountId": "MAXXX",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000},
        },
        "extra_headers": "{X-PH-from: 819012345678, X-PH-token: secret}",
    },
    "exotel": {
        "event": "start",
        "sequence_number": "1",
        "stream_sid": "MZ1",
        "start": {
            "stream_sid": "MZ1",
            "call_sid": "CA1",
            "account_sid": "AC1",
            "from": "+819012345678",
            "to": "+81113821111",
            "custom_parameters": {"operator": "sato"},
            "media_format": {"encoding": "audio/x-raw", "sample_rate": "8000", "bit_rate": "16"},
        },
    },
}


def start(shape: str = "twilio", **changed: Any) -> str:
    message = json.loads(json.dumps(STARTS[shape]))
    message["start"] |= changed
    return json.dumps(message)


def media(
    chunk: int | None = 1,
    time_ms: int | None = 0,
    *,
    track: str | None = "inbound",
    payload: bytes = FRAME,
    **beside: Any,
) -> str:
    told: dict[str, Any] = {"payload": base64.b64encode(payload).decode()}
    if chunk is not None:
        told["chunk"] = str(chunk)
    if time_ms is not None:
        told["timestamp"] = str(time_ms)
    if track is not None:
        told["track"] = track
    return json.dumps({"event": "media", "media": told, **beside})


def started(shape: str = "twilio", **changed: Any) -> TwilioStream:
    stream = TwilioStream()
    stream.text(start(shape, **changed), 0)
    return stream


def began(frame: str, **arguments: Any) -> CallBegan:
    (step,) = TwilioStream(**arguments).text(frame, 0)
    assert isinstance(step, CallBegan)
    return step


def fed(stream: TwilioStream, *frames: str, every_ms: int = 20) -> list[Step]:
    return [step for i, frame in enumerate(frames) for step in stream.text(frame, i * every_ms)]


def places(steps: Sequence[Step]) -> list[tuple[Track, int | None]]:
    return [(step.track, step.first_sample) for step in steps if isinstance(step, TrackSound)]


def refusal_of(frame: str, stream: TwilioStream | None = None) -> Refusal:
    with pytest.raises(StreamRefused) as caught:
        (stream or TwilioStream()).text(frame, 0)
    return caught.value.refusal


def test_a_start_says_whose_call_it_is_and_keeps_no_secret() -> None:
    assert began(start()) == CallBegan(
        call_id="twilio.CA1",
        encoding=Encoding.MULAW,
        rate_hz=8_000,
        from_number="+819012345678",
        to_number="+81113821111",
        operator="sato",
        proof="secret",
        metadata={
            "exchange": "twilio",
            "exchange_call_id": "CA1",
            "exchange_stream_id": "MZ1",
            "exchange_account_id": "AC1",
            "section": "市民課",
            "queue": "3",
        },
    )


def test_telnyx_names_the_numbers_itself_and_may_speak_a_law() -> None:
    call = began(start("telnyx"))

    assert call.call_id.startswith("telnyx.")
    assert len(call.call_id) <= 64
    assert (call.encoding, call.brings) == (Encoding.ALAW, (CALLER, OPERATOR))
    assert (call.from_number, call.to_number) == ("+819012345678", "+81113821111")
    assert call.metadata["call_session_id"] == "428c31b6"
    assert "c2VjcmV0" not in str(call)


def test_plivo_hands_on_parameters_as_headers() -> None:
    call = began(start("plivo"))

    assert (call.call_id, call.brings) == ("plivo.ca39ba2f", (CALLER,))
    assert (call.from_number, call.proof) == ("819012345678", "secret")


def test_exotel_brings_the_caller_in_linear_sound() -> None:
    call = began(start("exotel"))

    assert (call.call_id, call.encoding) == ("exotel.CA1", Encoding.PCM_S16LE)
    assert (call.brings, call.tracks, call.operator) == ((CALLER,), (CALLER,), "sato")


def test_signalwire_is_known_by_its_name_alone() -> None:
    assert began(start(), shape="signalwire").call_id == "signalwire.CA1"


def test_a_shape_that_does_not_exist_is_refused() -> None:
    with pytest.raises(StreamRefused) as caught:
        TwilioStream(shape="vonage")

    assert caught.value.refusal is Refusal.BAD_MESSAGE


@pytest.mark.parametrize(
    ("told", "direction"),
    [
        ("outbound", Direction.OUTBOUND),
        ("outbound-api", Direction.OUTBOUND),
        ("Outbound-Dial", Direction.OUTBOUND),
        ("inbound", Direction.INBOUND),
        ("", Direction.INBOUND),
    ],
)
def test_the_office_says_who_dialled(told: str, direction: Direction) -> None:
    assert began(start(customParameters={"direction": told})).direction is direction


@pytest.mark.parametrize(
    ("told", "answered"), [("false", False), ("0", False), ("true", True), ("?", True)]
)
def test_a_call_counts_as_answered_unless_said_otherwise(told: str, answered: bool) -> None:
    assert began(start(customParameters={"answered": told})).answered is answered


@pytest.mark.parametrize(
    ("change", "given_", "tracks"),
    [
        ({"tracks": ["inbound"]}, (), (CALLER,)),
        ({"tracks": ["outbound"]}, (), (OPERATOR,)),
        ({"tracks": None}, (), (CALLER, OPERATOR)),
        ({"tracks": None}, (CALLER,), (CALLER,)),
        ({"tracks": None, "customParameters": {"tracks": "inbound"}}, (), (CALLER,)),
    ],
)
def test_the_start_says_which_voices_come(
    change: dict[str, Any], given_: tuple[Track, ...], tracks: tuple[Track, ...]
) -> None:
    assert began(start(**change), tracks=given_).brings == tracks


@pytest.mark.parametrize(
    ("shape", "change", "refusal"),
    [
        ("twilio", {"callSid": ""}, Refusal.BAD_CALL_ID),
        ("twilio", {"callSid": 5}, Refusal.BAD_CALL_ID),
        ("twilio", {"callSid": "\ud800"}, Refusal.BAD_CALL_ID),
        ("twilio", {"callSid": "x" * 257}, Refusal.BAD_CALL_ID),
        ("twilio", {"mediaFormat": None}, Refusal.UNSUPPORTED_ENCODING),
        ("twilio", {"mediaFormat": {}}, Refusal.UNSUPPORTED_ENCODING),
        ("twilio", {"mediaFormat": {"encoding": "audio/x-mulaw"}}, Refusal.UNSUPPORTED_RATE),
        (
            "twilio",
            {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 16000}},
            Refusal.UNSUPPORTED_RATE,
        ),
        (
            "twilio",
            {"mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 2}},
            Refusal.UNSUPPORTED_ENCODING,
        ),
        (
            "plivo",
            {"mediaFormat": {"encoding": "audio/x-l16", "sampleRate": 8000}},
            Refusal.UNSUPPORTED_ENCODING,
        ),
        (
            "telnyx",
            {"media_format": {"encoding": "OPUS", "sample_rate": 8000}},
            Refusal.UNSUPPORTED_ENCODING,
        ),
        ("twilio", {"customParameters": {"operator": "\x00"}}, Refusal.BAD_MESSAGE),
        ("twilio", {"customParameters": {"section": "課" * 65}}, Refusal.BAD_MESSAGE),
        ("twilio", {"customParameters": {"queue": "\ud800"}}, Refusal.BAD_MESSAGE),
    ],
)
def test_a_start_that_is_not_understood_is_refused(
    shape: str, change: dict[str, Any], refusal: Refusal
) -> None:
    assert refusal_of(start(shape, **change)) is refusal


@pytest.mark.parametrize("written", ["x" * 65, "5\u0000", "5\ud800"])
def test_a_number_that_no_record_can_hold_costs_nobody_the_call(written: str) -> None:
    told = began(start(customParameters={"from": written, "to": "0119990000"}))

    assert (told.from_number, told.to_number) == ("", "0119990000")


def test_a_stream_of_another_account_is_refused() -> None:
    assert refusal_of(start(), TwilioStream(account_sid="AC2")) is Refusal.NOT_ALLOWED
    assert began(start(), account_sid="AC1").call_id == "twilio.CA1"


@pytest.mark.parametrize(
    "name",
    ["token", "Api_Key", "x-api-key", "privateKey", "ws_token", "clientSecret", "PASSWORD", "pass"],
)
def test_what_is_named_like_a_secret_is_not_kept(name: str) -> None:
    call = began(start(customParameters={name: "x", "queue": "3"}))

    assert name not in call.metadata
    assert call.metadata["queue"] == "3"


@pytest.mark.parametrize("name", ["queue", "keyboard", "key_account", "ward"])
def test_what_is_named_like_anything_else_is_kept(name: str) -> None:
    assert began(start(customParameters={name: "x"})).metadata[name] == "x"


def test_parameters_are_kept_up_to_32_and_cut_at_256_characters() -> None:
    call = began(start(customParameters={f"key{i:02}": "x" * 300 for i in range(50)}))

    assert len(call.metadata) == 32
    assert {len(call.metadata[f"key{i:02}"]) for i in range(28)} == {256}


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        ("", Refusal.NOT_JSON),
        ("[" * 60_000, Refusal.NOT_JSON),
        ("[]", Refusal.BAD_MESSAGE),
        ("{}", Refusal.BAD_MESSAGE),
        ('{"event": 1}', Refusal.BAD_MESSAGE),
        ('{"event": "start"}', Refusal.BAD_MESSAGE),
        ('{"event": "stop"}', Refusal.NOT_STARTED),
        (media(), Refusal.NOT_STARTED),
        (" " * 65_536, Refusal.FRAME_TOO_LARGE),
    ],
)
def test_what_begins_no_stream_is_refused(frame: str, refusal: Refusal) -> None:
    assert refusal_of(frame) is refusal


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        (start(), Refusal.ALREADY_STARTED),
        ('{"event": "media"}', Refusal.BAD_MESSAGE),
        ('{"event": "media", "media": {"track": "inbound"}}', Refusal.BAD_MESSAGE),
        (
            '{"event": "media", "media": {"track": "inbound", "payload": "####"}}',
            Refusal.BAD_MESSAGE,
        ),
        (
            '{"event": "media", "media": {"track": "inbound", "payload": "AAA"}}',
            Refusal.BAD_MESSAGE,
        ),
        (
            '{"event": "media", "media": {"track": "inbound", "payload": "音"}}',
            Refusal.BAD_MESSAGE,
        ),
    ],
)
def test_what_breaks_a_stream_is_refused(frame: str, refusal: Refusal) -> None:
    assert refusal_of(frame, started()) is refusal


def test_linear_sound_comes_in_whole_samples() -> None:
    assert refusal_of(media(payload=b"abc", track=None), started("exotel")) is (
        Refusal.ODD_FRAME_LENGTH
    )


def test_both_voices_come_as_sound_of_their_own() -> None:
    stream = started()

    steps = fed(stream, media(1, 3), media(1, 5, track="outbound"), media(2, 22))

    assert steps == [
        TrackSound(CALLER, FRAME, 0),
        TrackSound(OPERATOR, FRAME, 0),
        TrackSound(CALLER, FRAME, 160),
    ]


def test_a_payload_may_be_of_any_size() -> None:
    steps = fed(started(), *[media(i, i * 20, payload=b"\xff" * i * 7) for i in range(1, 4)])

    assert places(steps) == [(CALLER, 0), (CALLER, 7), (CALLER, 21)]


def test_timestamps_that_jitter_make_neither_gaps_nor_overlaps() -> None:
    jitter = (0, 31, -12, 45, 7, -30, SEAMLESS_MS, 0)

    steps = fed(started(), *[media(i, max(0, i * 20 + late)) for i, late in enumerate(jitter)])

    assert places(steps) == [(CALLER, i * 160) for i in range(len(jitter))]


def test_a_slow_drift_is_made_good_before_it_is_heard() -> None:
    steps = fed(started(), *[media(i, i * 21) for i in range(1_000)])

    off_ms = [
        abs(place - i * 21 * 8) / 8
        for i, (_, place) in enumerate(places(steps))
        if place is not None
    ]
    assert max(off_ms) <= SEAMLESS_MS


def test_lost_sound_leaves_a_hole_of_its_length() -> None:
    steps = fed(started(), media(1, 0), media(2, 20), media(12, 220), media(13, 240))

    assert places(steps) == [(CALLER, 0), (CALLER, 160), (CALLER, 1_760), (CALLER, 1_920)]


def test_a_voice_that_begins_later_begins_later() -> None:
    steps = fed(started(), media(1, 0), media(1, 500, track="outbound"))

    assert places(steps) == [(CALLER, 0), (OPERATOR, 4_000)]


def test_a_clock_that_counts_from_1970_begins_at_the_first_sound() -> None:
    begun_ms = 1_705_407_900_124

    steps = fed(started("plivo"), media(1, begun_ms), media(2, begun_ms + 300))

    assert steps == [TrackSound(CALLER, FRAME, 0), TrackSound(CALLER, FRAME, 2_400)]


def test_a_clock_that_leaps_is_not_believed_and_said() -> None:
    steps = fed(
        started(), media(1, 0), media(2, BELIEVED_MS + 1_000), media(3, BELIEVED_MS + 1_020)
    )

    assert places(steps) == [(CALLER, 0), (CALLER, 160), (CALLER, 320)]
    assert Noticed("clock_set") in steps


def test_a_voice_that_was_silent_for_minutes_is_believed() -> None:
    stream, ten_minutes_ms = started(), 600_000
    stream.text(media(1, 0), 0)

    steps = stream.text(media(2, ten_minutes_ms), ten_minutes_ms)

    assert places(steps) == [(CALLER, ten_minutes_ms * 8)]


def test_sound_whose_time_lies_back_is_kept_behind_the_rest_and_said() -> None:
    steps = fed(started(), media(1, 0, payload=FRAME * 10), media(2, 20))

    assert places(steps) == [(CALLER, 0), (CALLER, 1_600)]
    assert Noticed("clock_behind") in steps


def test_without_timestamps_sound_follows_sound() -> None:
    steps = fed(started(), media(1, None), media(2, None))

    assert places(steps) == [(CALLER, None), (CALLER, None)]


def test_a_frame_that_comes_again_is_dropped() -> None:
    steps = fed(started(), media(1, 0), media(1, 0), media(2, 20), media(1, 0))

    assert places(steps) == [(CALLER, 0), (CALLER, 160)]
    assert steps.count(Noticed("frame_again")) == 2


def test_without_chunk_and_time_a_frame_is_told_by_its_sequence() -> None:
    frames = [media(None, None, sequenceNumber=str(number)) for number in (2, 2, 3)]

    steps = fed(started(), *frames)

    assert len(places(steps)) == 2


def test_an_exchange_that_counts_anew_is_heard_again_within_a_second() -> None:
    stream = started()
    fed(stream, media(1_000, 20_000))

    steps = fed(stream, *[media(i, i * 20) for i in range(MOST_AGAIN + 10)])

    assert len(places(steps)) == 10


def test_chunks_may_be_counted_over_both_voices() -> None:
    sides = ["inbound", "outbound"] * 3

    steps = fed(started(), *[media(i + 1, i // 2 * 20, track=side) for i, side in enumerate(sides)])

    assert len(places(steps)) == 6


def test_telnyx_frames_come_back_into_order() -> None:
    stream = started("telnyx")

    steps = fed(stream, media(1, 0), media(3, 40), media(2, 20), media(4, 60))

    assert places(steps) == [(CALLER, i * 160) for i in range(4)]


def test_a_frame_that_waits_is_given_at_the_next_sign_of_life_and_at_the_end() -> None:
    stream = started("telnyx")
    fed(stream, media(1, 0), media(3, 40))

    after_a_while = stream.text('{"event": "mark"}', 400)
    stream.text(media(5, 80), 420)
    at_the_end = stream.text('{"event": "stop"}', 430)

    # 20 ms are missing: too little to be shown.
    assert places(after_a_while) == [(CALLER, 160)]
    assert places(at_the_end) == [(CALLER, 320)]
    assert at_the_end[-1] == CallOver("stop")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (media(track="music"), "unknown_track"),
        (media(track=None), "unknown_track"),
        (media(streamSid="MZ2"), "other_stream"),
        ('{"event": "error", "error": {"code": 100}}', "unknown_event"),
    ],
)
def test_what_harms_nothing_is_noticed_only(frame: str, code: str) -> None:
    assert list(started().text(frame, 0)) == [Noticed(code)]


def test_a_voice_that_was_not_announced_is_not_taken() -> None:
    stream = started(tracks=["inbound"])

    assert list(stream.text(media(track="outbound"), 0)) == [Noticed("unknown_track")]


@pytest.mark.parametrize(
    "frame",
    [
        '{"event": "connected", "protocol": "Call", "version": "1.0.0"}',
        '{"event": "mark", "streamSid": "MZ1", "mark": {"name": "x"}}',
        '{"event": "dtmf", "streamSid": "MZ1", "dtmf": {"track": "inbound_track", "digit": "4"}}',
    ],
)
def test_marks_and_pressed_digits_leave_no_trace(frame: str) -> None:
    assert list(started().text(frame, 0)) == []


def test_a_stop_ends_the_call_and_nothing_comes_after_it() -> None:
    stream = started()

    steps = fed(stream, '{"event": "stop"}', media())

    assert steps == [CallOver("stop"), Noticed("after_stop")]


@pytest.mark.parametrize(
    ("code", "over"),
    [(1000, CallOver("hangup")), (1005, CallOver("hangup")), (1006, None), (1012, None)],
)
def test_only_a_broken_socket_leaves_open_what_became_of_the_call(
    code: int, over: CallOver | None
) -> None:
    assert started().closed(code) == over


def test_a_frame_that_waited_when_the_socket_went_is_not_lost() -> None:
    stream = started("telnyx")
    fed(stream, media(1, 0), media(3, 40))

    rest = stream.rest(60)

    assert places(rest) == [(CALLER, 160)]
    assert list(stream.rest(80)) == []


def test_nothing_is_ever_sent_back() -> None:
    stream = started()
    refused = StreamRefused(Refusal.INTERNAL, "")

    assert not (*stream.attached("twilio.CA1", 0), *stream.judged(), *stream.refused(refused))


def test_a_binary_frame_is_none_of_twilios() -> None:
    assert list(started().binary(b"\x00", 0)) == [Noticed("binary_frame")]
    with pytest.raises(StreamRefused) as caught:
        started().binary(b"\x00" * 65_537, 0)
    assert caught.value.refusal is Refusal.FRAME_TOO_LARGE


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300, max_value=10**310)
    | st.floats()
    | st.text()
    | st.sampled_from(["inbound", "both", "AAAA", "PCMU", "audio/x-mulaw", "8000", "1", 8000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["track", "chunk", "timestamp", "payload", "callSid", "streamSid", "tracks", "mediaFormat"]
) | st.sampled_from(
    ["customParameters", "media_format", "call_control_id", "from", "encoding", "sampleRate"]
)
messages = st.fixed_dictionaries(
    {"event": st.sampled_from(["start", "media", "stop", "dtmf", "mark", "connected", "?"])},
    optional={
        "start": st.dictionaries(KEYS, json_values) | json_values,
        "media": st.dictionaries(KEYS, json_values) | json_values,
        "streamSid": json_values,
        "sequenceNumber": json_values,
        "extra_headers": json_values,
    },
)


@given(
    st.sampled_from(["", "twilio", "telnyx", "plivo", "signalwire", "exotel"]),
    st.lists(messages.map(json.dumps) | st.text(), max_size=10),
    st.sampled_from([*STARTS, None]),
)
def test_whatever_is_sent_becomes_steps_or_a_refusal(
    shape: str, frames: list[str], before: str | None
) -> None:
    stream = TwilioStream(shape=shape)
    if before is not None:
        frames = [start(before), *frames]

    for i, frame in enumerate(frames):
        try:
            stream.text(frame, i * 20)
        except StreamRefused:
            continue


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["inbound", "outbound"]),
            st.integers(0, 200),
            st.integers(0, 100_000),
            st.integers(1, 400),
        ),
        max_size=60,
    ),
    st.sampled_from(["twilio", "telnyx"]),
)
def test_places_of_a_voice_never_overlap_or_go_back(
    said: list[tuple[str, int, int, int]], shape: str
) -> None:
    stream = started(shape)
    frames = [
        media(chunk, time_ms, track=track, payload=b"\xff" * length)
        for track, chunk, time_ms, length in said
    ]

    steps = fed(stream, *frames, '{"event": "stop"}')

    ends = {CALLER: 0, OPERATOR: 0}
    for step in steps:
        if isinstance(step, TrackSound):
            assert step.first_sample is not None
            assert step.first_sample >= ends[step.track]
            ends[step.track] = step.first_sample + len(step.payload)


@given(st.permutations(range(12)))
def test_any_order_within_a_burst_gives_the_same_sound(order: list[int]) -> None:
    stream = started("telnyx")
    frames = [media(i + 1, i * 20, payload=bytes([i]) * 160) for i in range(12)]

    steps = [
        *fed(stream, *[frames[i] for i in order], every_ms=1),
        *stream.text('{"event":"stop"}', 12),
    ]

    sound = b"".join(step.payload for step in steps if isinstance(step, TrackSound))
    assert sound == b"".join(bytes([i]) * 160 for i in range(12))
