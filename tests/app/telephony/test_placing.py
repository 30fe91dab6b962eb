"""Numbers and extensions tell whose call it is."""

from __future__ import annotations

from typing import Any

import pytest

from app.calls.protocol import Track
from app.telephony.messages import CallBegan, Direction
from app.telephony.placing import PlacingRules, operator_at, place
from asr.types import Encoding

RULES = PlacingRules(
    sections_by_number={
        "011-381-1401": "市民課",
        "+81113811402": "税務課",
        "011-381-1403": "福祉課",
    },
    operators_by_extension={"2301": "sato", "agent-7": "ito"},
    outbound_from=("0113811",),
)


def began(**fields: Any) -> CallBegan:
    return CallBegan(call_id="x.1", encoding=Encoding.MULAW, rate_hz=8_000, **fields)


@pytest.mark.parametrize(
    ("number", "section"),
    [
        ("0113811401", "市民課"),
        ("+81113811401", "市民課"),
        ("011-381-1402", "税務課"),
        ("0113811403", "福祉課"),
        ("0119999999", None),
        ("", None),
    ],
)
def test_the_number_that_was_dialled_tells_the_section(number: str, section: str | None) -> None:
    placed = place(began(from_number="09012345678", to_number=number), RULES)

    assert placed.started.metadata.get("section") == section


def test_what_the_exchange_names_counts_more_than_the_number() -> None:
    placed = place(began(to_number="0113811401", metadata={"section": "福祉課"}), RULES)

    assert placed.started.metadata["section"] == "福祉課"


@pytest.mark.parametrize(
    ("named", "to_number", "operator"),
    [
        ("2301", "0113811401", "sato"),
        ("agent-7", "", "ito"),
        ("suzuki", "", "suzuki"),
        ("", "2301", "sato"),
        ("23-01", "", "sato"),
        ("tanaka2301", "", "tanaka2301"),
        ("田中2301", "", "田中2301"),
        ("", "0113811401", ""),
    ],
)
def test_an_extension_tells_who_is_on_the_line(named: str, to_number: str, operator: str) -> None:
    placed = place(began(operator=named, to_number=to_number), RULES)

    assert placed.started.operator == operator


@pytest.mark.parametrize(
    "outbound",
    [
        began(direction=Direction.OUTBOUND, from_number="x", to_number="0901"),
        began(from_number="+81113811401", to_number="0901"),
    ],
)
def test_a_call_that_the_office_dialled_turns_its_tracks_round(outbound: CallBegan) -> None:
    placed = place(outbound, RULES)

    assert placed.started.tracks == (Track.OPERATOR, Track.CALLER)
    assert placed.started.caller_number == "0901"
    assert placed.track(Track.CALLER) is Track.OPERATOR


@pytest.mark.parametrize("beginning", ["", " ", "内線"])
def test_a_beginning_without_a_digit_makes_no_call_outbound(beginning: str) -> None:
    placed = place(began(from_number="09012345678"), PlacingRules({}, {}, (beginning,)))

    assert placed.started.tracks == (Track.CALLER, Track.OPERATOR)


def test_tracks_named_for_who_speaks_are_never_turned_round() -> None:
    placed = place(began(from_number="0113811401", to_number="0901", speakers_named=True), RULES)

    assert placed.started.tracks == (Track.CALLER, Track.OPERATOR)
    assert placed.started.caller_number == "0901"


def test_who_sits_nowhere_keeps_the_name_that_was_given() -> None:
    assert operator_at("9999", "tanaka", RULES) == "tanaka"
