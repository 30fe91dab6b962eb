"""Field maps: whose message it is, and what the office gave along."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.protocol import Refusal, StreamRefused, Track
from app.telephony.field_maps import (
    EXOTEL,
    FIELD_MAPS,
    PLIVO,
    SIGNALWIRE,
    TELNYX,
    TWILIO,
    FieldMap,
    detect,
    field_map,
    parameters_of,
    tracks_named,
)

BOTH = (Track.CALLER, Track.OPERATOR)


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ({"streamSid": "MZ1", "start": {"streamSid": "MZ1", "callSid": "CA1"}}, TWILIO),
        ({"stream_id": "32DE", "start": {"call_control_id": "v2:x", "from": "+81"}}, TELNYX),
        ({"start": {"streamId": "s", "callId": "c"}, "extra_headers": "{}"}, PLIVO),
        ({"stream_sid": "MZ1", "start": {"stream_sid": "MZ1", "call_sid": "CA1"}}, EXOTEL),
        ({"start": {"callSid": "CA1"}}, None),
        ({"start": {}}, None),
        ({"start": "x"}, None),
        ({}, None),
    ],
)
def test_an_exchange_is_told_by_the_names_in_its_start(
    message: dict[str, Any], fields: FieldMap | None
) -> None:
    assert detect(message) is fields


def test_every_exchange_has_a_map_of_its_name() -> None:
    assert set(FIELD_MAPS) == {"twilio", "telnyx", "plivo", "signalwire", "exotel"}
    assert all(field_map(name).shape == name for name in FIELD_MAPS)


def test_a_name_without_a_map_is_refused() -> None:
    with pytest.raises(StreamRefused) as caught:
        field_map("vonage")

    assert caught.value.refusal is Refusal.BAD_MESSAGE


def test_only_telnyx_makes_no_promise_about_order() -> None:
    assert [fields.shape for fields in FIELD_MAPS.values() if not fields.ordered] == ["telnyx"]


@pytest.mark.parametrize(
    ("names", "tracks"),
    [
        (["inbound", "outbound"], BOTH),
        (["outbound", "inbound"], BOTH),
        (["inbound"], (Track.CALLER,)),
        (["outbound_track"], (Track.OPERATOR,)),
        ("both_tracks", BOTH),
        (["music"], ()),
        ([["inbound"]], ()),
        (None, ()),
    ],
)
def test_tracks_have_many_names(names: object, tracks: tuple[Track, ...]) -> None:
    assert tracks_named(names) == tracks


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (TWILIO, {"start": {"customParameters": {"token": "t", "from": "81"}}}),
        (SIGNALWIRE, {"start": {"customParameters": {"token": "t", "from": 81}}}),
        (
            TELNYX,
            {
                "start": {
                    "custom_parameters": [
                        {"name": "token", "value": "t"},
                        {"name": "from", "value": "81"},
                    ]
                }
            },
        ),
        (EXOTEL, {"start": {"custom_parameters": {"token": "t", "from": "81", "x": {"y": 1}}}}),
        (PLIVO, {"extra_headers": "{X-PH-token: t, X-PH-from: 81}"}),
        (PLIVO, {"extra_headers": "token=t,from=81"}),
        (PLIVO, {"extra_headers": '{"X-PH-token": "t", "X-PH-from": "81"}'}),
        (PLIVO, {"extra_headers": {"x-ph-token": "t", "x-ph-from": "81"}}),
    ],
)
def test_parameters_are_read_however_they_are_written(
    fields: FieldMap, message: dict[str, Any]
) -> None:
    assert parameters_of(message, fields) == {"token": "t", "from": "81"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(json_values, st.sampled_from(sorted(FIELD_MAPS)))
def test_whatever_is_given_along_becomes_a_flat_table(value: object, shape: str) -> None:
    fields = FIELD_MAPS[shape]
    message: Any = value
    for key in reversed(fields.parameters):
        message = {key: message}

    parameters = parameters_of(message, fields)

    assert all(isinstance(part, str) for pair in parameters.items() for part in pair)
