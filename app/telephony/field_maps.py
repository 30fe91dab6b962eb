"""Pure: where each exchange that streams JSON like Twilio keeps what: one dialect, five maps.

All send ``connected``, ``start``, ``media`` and ``stop`` with base64 sound under ``media``; they differ in spelling,
in what ``start`` says, and in what they promise about order. Sources: the exchanges' own pages on media streaming.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.calls.protocol import Refusal, StreamRefused, Track
from app.telephony.messages import BOTH
from asr.types import Encoding

G711: Final[Mapping[str, Encoding]] = {
    "audio/x-mulaw": Encoding.MULAW,
    "audio/mulaw": Encoding.MULAW,
    "audio/pcmu": Encoding.MULAW,
    "pcmu": Encoding.MULAW,
    "audio/x-alaw": Encoding.ALAW,
    "audio/alaw": Encoding.ALAW,
    "audio/pcma": Encoding.ALAW,
    "pcma": Encoding.ALAW,
}
"""Names of G.711 in use, in lower case."""
RAW: Final[Mapping[str, Encoding]] = {"audio/x-raw": Encoding.PCM_S16LE}
TRACK_NAMES: Final[Mapping[str, tuple[Track, ...]]] = {
    "inbound": (Track.CALLER,),
    "inbound_track": (Track.CALLER,),
    "outbound": (Track.OPERATOR,),
    "outbound_track": (Track.OPERATOR,),
    "both": BOTH,
    "both_tracks": BOTH,
}
"""Inbound is what comes into the exchange over the leg that is streamed: the caller, on a caller's leg."""
_PLIVO_PREFIX: Final = "x-ph-"
_PARAMETER: Final = re.compile(r"\s*([^:=]+?)\s*[:=]\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class FieldMap:
    """How one exchange spells what all of them say. Names without a path are keys of ``start``."""

    shape: str
    """Also the first part of a call's id here."""
    stream_id: str
    """In ``start`` or beside it, and beside every ``media``."""
    call_id: str
    account_id: str
    sequence: str
    """Beside ``event``: counts all messages of a stream."""
    parameters: tuple[str, ...]
    """Path, from the whole message, to what the office gave along."""
    media_format: str
    sample_rate: str
    """Within ``media_format``."""
    encodings: Mapping[str, Encoding]
    brings: tuple[Track, ...] = BOTH
    """Where ``start`` does not say which tracks come."""
    from_number: str = ""
    to_number: str = ""
    kept: tuple[str, ...] = ()
    """Further keys of ``start`` that an office may want to see later."""
    numbers_are_strings: bool = True
    """So it writes them; both are read."""
    ordered: bool = True
    """Whether frames come in the order of ``media.chunk``."""
    signed: bool = False
    """Whether its handshake carries ``X-Twilio-Signature``."""
    frame_ms: int = 20
    """Usual length of a frame; nobody promises it."""


TWILIO: Final = FieldMap(
    shape="twilio",
    stream_id="streamSid",
    call_id="callSid",
    account_id="accountSid",
    sequence="sequenceNumber",
    parameters=("start", "customParameters"),
    media_format="mediaFormat",
    sample_rate="sampleRate",
    encodings=G711,
    signed=True,
)
SIGNALWIRE: Final = replace(TWILIO, shape="signalwire", signed=False)
TELNYX: Final = FieldMap(
    shape="telnyx",
    stream_id="stream_id",
    call_id="call_control_id",
    account_id="user_id",
    sequence="sequence_number",
    parameters=("start", "custom_parameters"),
    media_format="media_format",
    sample_rate="sample_rate",
    encodings=G711,
    from_number="from",
    to_number="to",
    kept=("call_session_id",),
    ordered=False,
)
PLIVO: Final = FieldMap(
    shape="plivo",
    stream_id="streamId",
    call_id="callId",
    account_id="accountId",
    sequence="sequenceNumber",
    parameters=("extra_headers",),
    media_format="mediaFormat",
    sample_rate="sampleRate",
    encodings=G711,
    numbers_are_strings=False,
)
EXOTEL: Final = FieldMap(
    shape="exotel",
    stream_id="stream_sid",
    call_id="call_sid",
    account_id="account_sid",
    sequence="sequence_number",
    parameters=("start", "custom_parameters"),
    media_format="media_format",
    sample_rate="sample_rate",
    encodings=RAW,
    brings=(Track.CALLER,),
    from_number="from",
    to_number="to",
    frame_ms=100,
)
FIELD_MAPS: Final[Mapping[str, FieldMap]] = {
    each.shape: each for each in (TWILIO, TELNYX, PLIVO, SIGNALWIRE, EXOTEL)
}
_DETECTED: Final = (TWILIO, TELNYX, PLIVO, EXOTEL)
"""SignalWire's messages are Twilio's: only its name in the address tells it."""


def field_map(shape: str) -> FieldMap:
    """Return the map of *shape*.

    Raises:
        StreamRefused: ``bad_message``: there is none of that name.
    """
    found = FIELD_MAPS.get(shape)
    if found is None:
        raise StreamRefused(
            Refusal.BAD_MESSAGE,
            f"shape は {'、'.join(FIELD_MAPS)} のいずれかにしてください。",
        )
    return found


def detect(message: Mapping[str, Any]) -> FieldMap | None:
    """Return the map whose names this ``start`` message uses; None where nobody's do."""
    start = message.get("start")
    if not isinstance(start, dict):
        return None
    for fields in _DETECTED:
        if fields.call_id in start and (fields.stream_id in start or fields.stream_id in message):
            return fields
    return None


def tracks_named(value: object) -> tuple[Track, ...]:
    """Return the tracks in a list of an exchange's names; empty where it names none that is known."""
    names = value if isinstance(value, list) else [value]
    named = {
        track for name in names if isinstance(name, str) for track in TRACK_NAMES.get(name, ())
    }
    return tuple(track for track in BOTH if track in named)


def parameters_of(message: Mapping[str, Any], fields: FieldMap) -> dict[str, str]:
    """Return what the office gave along with the stream, flat: nested values are left out.

    Exchanges write it as an object, as a list of ``{"name", "value"}``, or (Plivo) as a string of pairs
    in which each name has a prefix.
    """
    value: object = message
    for key in fields.parameters:
        value = value.get(key) if isinstance(value, dict) else None
    pairs: list[tuple[object, object]] = []
    if isinstance(value, str):
        pairs = _written_pairs(value)
    elif isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = [(each.get("name"), each.get("value")) for each in value if isinstance(each, dict)]
    return {
        _plain(name): str(told)
        for name, told in pairs
        if isinstance(name, str) and name and isinstance(told, str | int | float)
    }


def _written_pairs(text: str) -> list[tuple[object, object]]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, dict):
        return list(read.items())
    parts = (_PARAMETER.fullmatch(part) for part in text.strip().strip("{}").split(","))
    return [(part[1], part[2]) for part in parts if part]


def _plain(name: str) -> str:
    return name[len(_PLIVO_PREFIX) :] if name.lower().startswith(_PLIVO_PREFIX) else name
