"""Pure: whose call it is, by the rules of the office: section, operator, direction, and which track is the caller."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.calls.protocol import CallStarted, Track
from app.telephony.messages import CallBegan, Direction

_OTHER: Mapping[Track, Track] = {Track.CALLER: Track.OPERATOR, Track.OPERATOR: Track.CALLER}
_LETTER = re.compile(r"[^\W\d_]")
_NOT_DIGITS = re.compile(r"[^0-9+*#]")


@dataclass(frozen=True, slots=True)
class PlacingRules:
    """What an office says about its numbers and extensions."""

    sections_by_number: Mapping[str, str]
    operators_by_extension: Mapping[str, str]
    outbound_from: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    started: CallStarted
    turned: bool
    """The exchange's calling side is the office: its tracks are to be exchanged."""

    def track(self, named: Track) -> Track:
        """Return whose voice the track is that the exchange calls *named*."""
        return _OTHER[named] if self.turned else named


def place(began: CallBegan, rules: PlacingRules) -> Placed:
    """Return the call as the office sees it.

    A number is compared by its digits; the most telling source wins: what the exchange named, then the rules.
    """
    outbound = began.direction is Direction.OUTBOUND or _is_own(
        began.from_number, rules.outbound_from
    )
    far, near = began.from_number, began.to_number
    if outbound:
        far, near = near, far
    metadata: dict[str, Any] = dict(began.metadata)
    if outbound:
        metadata["direction"] = Direction.OUTBOUND.value
    if not metadata.get("section"):
        section = _by_number(rules.sections_by_number, near)
        if section:
            metadata["section"] = section
    started = CallStarted(
        call_id=began.call_id,
        # The order of the tracks is the exchange's: the bytes stay where they are, only their names turn.
        tracks=began.tracks,
        format=began.format,
        resume=began.resume,
        caller_number=far,
        called_number=near,
        operator=operator_at(began.operator or ("" if outbound else near), began.operator, rules),
        metadata=metadata,
    )
    turned = outbound and not began.speakers_named
    if turned:
        started = replace(started, tracks=tuple(_OTHER[track] for track in began.tracks))
    return Placed(started, turned)


def operator_at(extension: str, otherwise: str, rules: PlacingRules) -> str:
    """Return who sits at *extension*; *otherwise* where the rules know nobody."""
    known = rules.operators_by_extension
    # A login name that ends in a digit is nobody's extension.
    dialled = "" if _LETTER.search(extension) else _digits(extension)
    return known.get(extension) or known.get(dialled) or otherwise


def _by_number(table: Mapping[str, str], number: str) -> str:
    digits = _digits(number)
    if not digits:
        return ""
    for written, section in table.items():
        if _national(_digits(written)) == _national(digits):
            return section
    return ""


def _is_own(number: str, beginnings: tuple[str, ...]) -> bool:
    national = _national(_digits(number))
    own = [digits for beginning in beginnings if (digits := _national(_digits(beginning)))]
    return bool(national) and any(national.startswith(digits) for digits in own)


def _digits(number: str) -> str:
    # In a settings file, digits may be as wide as the letters beside them.
    return _NOT_DIGITS.sub("", unicodedata.normalize("NFKC", number))


def _national(digits: str) -> str:
    """Return a number as it is dialled in Japan: +81 11 … and 011 … are the same."""
    return "0" + digits[3:] if digits.startswith("+81") else digits
