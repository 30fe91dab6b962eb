"""The native stream's words: what is accepted, what is refused, and how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import (
    CLOSE_CODES,
    CallStarted,
    CallStopped,
    NativeStream,
    Refusal,
    Sound,
    StreamRefused,
    Track,
)
from asr.types import AudioFormat, Encoding

START: dict[str, Any] = {"type": "start", "call_id": "call-1"}


def stream() -> NativeStream:
    return NativeStream(max_frame_bytes=1_024)


def started(**fields: object) -> NativeStream:
    opened = stream()
    opened.text(json.dumps(START | fields))
    return opened


def refusal_of(frame: str, opened: NativeStream | None = None) -> Refusal:
    with pytest.raises(StreamRefused) as caught:
        (opened or stream()).text(frame)
    return caught.value.refusal


def test_a_start_without_details_is_two_tracks_of_mu_law_at_8_khz() -> None:
    message = stream().text(json.dumps(START))

    assert message == CallStarted(
        call_id="call-1",
        tracks=(Track.CALLER, Track.OPERATOR),
        format=AudioFormat(Encoding.MULAW, 8_000, 2),
    )


def test_a_start_says_who_calls_whom_and_how_it_sounds() -> None:
    message = stream().text(
        json.dumps(
            START
            | {
                "tracks": ["caller"],
                "encoding": "pcm_s16le",
                "rate": 16_000,
                "from": "x",
                "to": "y",
                "operator": "sato",
                "metadata": {"queue": 3},
                "resume": True,
            }
        )
    )

    assert message == CallStarted(
        call_id="call-1",
        tracks=(Track.CALLER,),
        format=AudioFormat(Encoding.PCM_S16LE, 16_000, 1),
        resume=True,
        caller_number="x",
        called_number="y",
        operator="sato",
        metadata={"queue": 3},
    )


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"tracks": []}, Refusal.BAD_TRACKS),
        ({"tracks": ["caller", "caller"]}, Refusal.BAD_TRACKS),
        ({"tracks": ["customer"]}, Refusal.BAD_TRACKS),
        ({"tracks": [["caller"]]}, Refusal.BAD_TRACKS),
        ({"tracks": "caller"}, Refusal.BAD_TRACKS),
        ({"encoding": "opus"}, Refusal.UNSUPPORTED_ENCODING),
        ({"encoding": ["mulaw"]}, Refusal.UNSUPPORTED_ENCODING),
        ({"rate": 44_100}, Refusal.UNSUPPORTED_RATE),
        ({"rate": "8000"}, Refusal.UNSUPPORTED_RATE),
        ({"rate": True}, Refusal.UNSUPPORTED_RATE),
        ({"rate": [8_000]}, Refusal.UNSUPPORTED_RATE),
        ({"call_id": ""}, Refusal.BAD_CALL_ID),
        ({"call_id": "../../etc"}, Refusal.BAD_CALL_ID),
        ({"call_id": "x" * 65}, Refusal.BAD_CALL_ID),
        ({"call_id": 7}, Refusal.BAD_CALL_ID),
        ({"call_id": None, "resume": True}, Refusal.BAD_CALL_ID),
        ({"resume": "yes"}, Refusal.BAD_MESSAGE),
        ({"operator": "x" * 65}, Refusal.BAD_MESSAGE),
        ({"operator": 5}, Refusal.BAD_MESSAGE),
        ({"from": "\u0000"}, Refusal.BAD_MESSAGE),
        ({"from": "\ud800"}, Refusal.BAD_MESSAGE),
        ({"metadata": []}, Refusal.BAD_MESSAGE),
        ({"metadata": {"x": "\ud800"}}, Refusal.BAD_MESSAGE),
        ({"metadata": {"x": "\u0000"}}, Refusal.BAD_MESSAGE),
        ({"metadata": {"x": float("nan")}}, Refusal.NOT_JSON),
        ({"metadata": {"x": [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}}, Refusal.BAD_MESSAGE),
        ({"type": "hello"}, Refusal.NOT_STARTED),
    ],
)
def test_a_bad_start_is_refused_with_its_reason(
    change: dict[str, object], refusal: Refusal
) -> None:
    assert refusal_of(json.dumps(START | change)) is refusal


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        ("hello", Refusal.NOT_JSON),
        ("", Refusal.NOT_JSON),
        ("[" * 10_000, Refusal.NOT_JSON),
        ("[]", Refusal.BAD_MESSAGE),
        ('{"type": "start", "metadata": {"x": 1e999}}', Refusal.BAD_MESSAGE),
        ('{"type": "stop"}', Refusal.NOT_STARTED),
        ('"' + "x" * 20_000 + '"', Refusal.FRAME_TOO_LARGE),
    ],
)
def test_what_is_no_message_is_refused(frame: str, refusal: Refusal) -> None:
    assert refusal_of(frame) is refusal


def test_sound_before_a_start_is_refused() -> None:
    with pytest.raises(StreamRefused) as caught:
        stream().binary(b"\xff\xff")

    assert caught.value.refusal is Refusal.NOT_STARTED


@pytest.mark.parametrize(
    ("encoding", "tracks", "length"),
    [("mulaw", ["caller", "operator"], 3), ("pcm_s16le", ["caller", "operator"], 6)],
)
def test_a_frame_must_hold_a_sample_of_every_track(
    encoding: str, tracks: list[str], length: int
) -> None:
    opened = started(encoding=encoding, tracks=tracks)

    with pytest.raises(StreamRefused) as caught:
        opened.binary(b"\x00" * length)

    assert caught.value.refusal is Refusal.ODD_FRAME_LENGTH


def test_a_frame_above_the_limit_is_refused_and_one_at_it_is_not() -> None:
    opened = started()

    accepted = opened.binary(b"\xff" * 1_024)
    with pytest.raises(StreamRefused) as caught:
        opened.binary(b"\xff" * 1_026)

    assert accepted == Sound(b"\xff" * 1_024)
    assert caught.value.refusal is Refusal.FRAME_TOO_LARGE


def test_a_second_start_is_refused() -> None:
    assert refusal_of(json.dumps(START), started()) is Refusal.ALREADY_STARTED


def test_after_a_stop_nothing_is_accepted() -> None:
    opened = started()

    message = opened.text('{"type": "stop", "reason": "hangup"}')

    assert message == CallStopped("hangup")
    assert refusal_of('{"type": "stop"}', opened) is Refusal.BAD_MESSAGE
    with pytest.raises(StreamRefused):
        opened.binary(b"\xff\xff")


def test_every_refusal_has_a_documented_close_code() -> None:
    assert set(CLOSE_CODES) == set(Refusal)
    assert all(4_000 <= code <= 4_999 for code in CLOSE_CODES.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
fields = st.sampled_from(
    [
        "type",
        "call_id",
        "tracks",
        "encoding",
        "rate",
        "from",
        "to",
        "operator",
        "metadata",
        "resume",
    ]
)
frames = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=2_000),
    st.dictionaries(fields, json_values).map(json.dumps),
    st.dictionaries(fields, json_values).map(lambda change: json.dumps(START | change)),
    st.just(json.dumps(START)),
    st.just('{"type":"stop"}'),
)


@given(st.lists(frames, max_size=12))
def test_whatever_arrives_is_a_message_or_a_documented_refusal(
    arriving: list[str | bytes],
) -> None:
    opened = stream()

    for frame in arriving:
        try:
            message = opened.text(frame) if isinstance(frame, str) else opened.binary(frame)
        except StreamRefused as refused:
            answered = refused.stream_close_code in CLOSE_CODES.values()
        else:
            answered = isinstance(message, CallStarted | CallStopped | Sound)
        assert answered
