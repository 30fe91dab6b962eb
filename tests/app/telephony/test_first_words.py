"""How a call begins, in whatever words its integrator chose."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import Refusal, StreamRefused, Track, is_storable
from app.telephony.first_words import (
    METADATA_KEYS,
    FirstWords,
    Wording,
    exchange_object,
    first_words,
)
from app.telephony.messages import Direction

WORDING = Wording(
    call_ids=("call_id", "uuid"),
    default_mix="stereo",
    rate_setting="sampling-rate",
    mix_setting="mix-type",
)
CALL = {"call_id": "7f3a"}


def read(*said: dict[str, Any]) -> FirstWords:
    return first_words(WORDING, *said)


def refusal_of(*said: dict[str, Any]) -> StreamRefused:
    with pytest.raises(StreamRefused) as caught:
        read(*said)
    return caught.value


def test_a_name_is_all_that_a_call_needs() -> None:
    words = read(CALL)

    assert words.call_id == "7f3a"
    assert (words.rate_hz, words.stereo, words.answered, words.plays) == (8_000, True, True, False)
    assert words.direction is Direction.INBOUND


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ({"call_id": 17}, "call_id", "17"),
        ({"from": "0311112222"}, "from_number", "0311112222"),
        ({"caller_id_number": " 0311112222 "}, "from_number", "0311112222"),
        ({"from": 117}, "from_number", "117"),
        ({"from": " 81311112222"}, "from_number", "+81311112222"),
        ({"from": "sip:+81311112222@pbx.example;user=phone"}, "from_number", "+81311112222"),
        ({"from": "tel:+81311112222;x=1"}, "from_number", "+81311112222"),
        ({"destination_number": "0119999999"}, "to_number", "0119999999"),
        ({"agent": "sato"}, "operator", "sato"),
        ({"direction": "Outbound"}, "direction", Direction.OUTBOUND),
        ({"direction": "outbound", "call_direction": "inbound"}, "direction", Direction.INBOUND),
        ({"answered": False}, "answered", False),
        ({"answered": "0"}, "answered", False),
        ({"answered": "TRUE"}, "answered", True),
        ({"rate": "16k"}, "rate_hz", 16_000),
        ({"sampleRate": 16_000}, "rate_hz", 16_000),
        ({"mix": "mono"}, "stereo", False),
        ({"channels": 1}, "stereo", False),
        ({"channels": "2", "mixType": "mono"}, "stereo", False),
        ({"caller_channel": "right"}, "caller_right", True),
        ({"play": 1}, "plays", True),
        ({"from": "1" * 65}, "from_number", ""),
        ({"to": "\x00"}, "to_number", ""),
        ({"to": "\ud800"}, "to_number", ""),
    ],
)
def test_a_thing_may_be_called_by_several_names(
    said: dict[str, Any], field: str, value: object
) -> None:
    words = read(CALL | said)

    assert getattr(words, field) == value


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({"call_id": ""}, Refusal.BAD_CALL_ID),
        ({"call_id": ["x"]}, Refusal.BAD_MESSAGE),
        ({"call_id": "x" * 257}, Refusal.BAD_MESSAGE),
        ({"call_id": "\ud800"}, Refusal.BAD_MESSAGE),
        ({"from": {"user": "x"}}, Refusal.BAD_MESSAGE),
        ({"operator": "\udfff"}, Refusal.BAD_MESSAGE),
        ({"section": "課" * 65}, Refusal.BAD_MESSAGE),
        ({"direction": "sideways"}, Refusal.BAD_MESSAGE),
        ({"answered": "perhaps"}, Refusal.BAD_MESSAGE),
        ({"play": 2}, Refusal.BAD_MESSAGE),
        ({"caller_channel": "top"}, Refusal.BAD_MESSAGE),
        ({"rate": 44_100}, Refusal.UNSUPPORTED_RATE),
        ({"rate": "24k"}, Refusal.UNSUPPORTED_RATE),
        ({"mix": "mixed"}, Refusal.BAD_TRACKS),
        ({"mix": "quad"}, Refusal.BAD_TRACKS),
        ({"channels": 3}, Refusal.BAD_TRACKS),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(said: dict[str, Any], refusal: Refusal) -> None:
    assert refusal_of(CALL | said).refusal is refusal


def test_a_refusal_names_the_setting_to_change() -> None:
    assert "mix-type" in refusal_of(CALL | {"mix": "mixed"}).message
    assert "sampling-rate" in refusal_of(CALL | {"rate": 48_000}).message


def test_what_is_said_first_counts_more() -> None:
    words = read({"from": "message", "operator": ""}, CALL | {"from": "uri", "operator": "sato"})

    assert (words.from_number, words.operator) == ("message", "sato")


@pytest.mark.parametrize(
    ("said", "caller_right", "brings"),
    [
        ({}, False, (Track.CALLER, Track.OPERATOR)),
        ({}, True, (Track.OPERATOR, Track.CALLER)),
        ({"caller_channel": "left"}, True, (Track.CALLER, Track.OPERATOR)),
        ({"caller_channel": "right"}, False, (Track.OPERATOR, Track.CALLER)),
        ({"mix": "mono"}, False, (Track.CALLER,)),
        ({"mix": "mono", "caller_channel": "right"}, False, (Track.OPERATOR,)),
    ],
)
def test_the_side_that_dialled_is_heard_where_it_is_said_to_be(
    said: dict[str, Any], *, caller_right: bool, brings: tuple[Track, ...]
) -> None:
    began = read(CALL | said).call_began("door", caller_right=caller_right)

    assert began.brings == began.tracks == brings
    assert began.call_id == "door.7f3a"


def test_what_is_left_is_kept_but_no_secret_and_nothing_nested() -> None:
    said = CALL | {
        "queue": "市民課",
        "priority": 3,
        "vip": True,
        "section": "市民課",
        "from": "x",
        "access_token": "mim_x",
        "Password": "x",
        "sip": {"headers": []},
        "score": float("inf"),
        "long": "x" * 300,
        "bad\ud800": "a\x00b\\u0000",
    }

    metadata = read(said).metadata

    assert metadata == CALL | {
        "queue": "市民課",
        "priority": 3,
        "vip": True,
        "section": "市民課",
        "long": "x" * 256,
        "bad?": "a?b?",
    }


def test_metadata_has_a_bound() -> None:
    words = read({f"key{place}": place for place in range(100)} | CALL, {"section": "市民課"})

    assert len(words.metadata) == METADATA_KEYS
    assert words.metadata["section"] == "市民課"


@pytest.mark.parametrize(
    ("frame", "refusal"),
    [
        ("", Refusal.NOT_JSON),
        ("hello", Refusal.NOT_JSON),
        ("[" * 10_000, Refusal.NOT_JSON),
        ('{"x": NaN}', Refusal.NOT_JSON),
        ("[]", Refusal.BAD_MESSAGE),
        ('"' + "x" * 70_000 + '"', Refusal.FRAME_TOO_LARGE),
    ],
)
def test_what_is_no_object_is_refused(frame: str, refusal: Refusal) -> None:
    with pytest.raises(StreamRefused) as caught:
        exchange_object(frame)

    assert caught.value.refusal is refusal


texts = st.text(st.characters(exclude_categories=()), max_size=80)
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), texts, st.lists(texts, max_size=2)
)
names = st.one_of(
    texts,
    st.sampled_from(
        ["call_id", "from", "to", "operator", "section", "direction", "rate", "mix", "answered"]
    ),
)


@given(st.dictionaries(names, values, max_size=40), st.dictionaries(names, texts, max_size=5))
def test_whatever_is_said_can_be_stored_or_is_refused(
    message: dict[str, Any], parameters: dict[str, str]
) -> None:
    try:
        words = read(message, parameters)
    except StreamRefused:
        return

    kept = [words.from_number, words.to_number, words.operator, *words.metadata]
    kept += [value for value in words.metadata.values() if isinstance(value, str)]
    assert all(is_storable(text) for text in kept)
    assert all(
        len(text) <= 64 for text in (words.from_number, words.operator, *words.metadata.keys())
    )
    assert len(words.metadata) <= METADATA_KEYS
