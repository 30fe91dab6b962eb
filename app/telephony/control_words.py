"""Pure: Asterisk's words: the control messages of chan_websocket, and what the dial string's ``v(…)`` says of a call.

Control messages come as plain text (``EVENT name:value name:value``) or as JSON objects, as the dial string's
``f(…)`` or ``chan_websocket.conf`` says. Source: asterisk/documentation, ``Channel-Drivers/WebSocket.md``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.calls.protocol import Refusal, StreamRefused, Track, is_storable
from app.telephony.messages import Direction, kept_number, names_secret
from asr.types import Encoding

MAX_FIELD_CHARACTERS: Final = 64
MAX_METADATA_KEYS: Final = 32
MAX_METADATA_CHARACTERS: Final = 256
VARIABLE_PREFIX: Final = "MIMAMORI_"
"""Of all the channel's variables only these are kept: somebody named them for us."""

_OWN_PARAMETERS: Final = frozenset(
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
    ]
)
_TRUE, _FALSE = frozenset({"1", "true", "yes"}), frozenset({"0", "false", "no"})


@dataclass(frozen=True, slots=True)
class Codec:
    """What a binary frame holds."""

    encoding: Encoding
    rate_hz: int

    @property
    def bytes_a_second(self) -> int:
        return self.rate_hz * self.encoding.sample_bytes


ULAW: Final = Codec(Encoding.MULAW, 8_000)
_SLIN, _SLIN16 = Codec(Encoding.PCM_S16LE, 8_000), Codec(Encoding.PCM_S16LE, 16_000)
_CODECS: Final[Mapping[str, Codec]] = {
    "ulaw": ULAW,
    "alaw": Codec(Encoding.ALAW, 8_000),
    "slin": _SLIN,
    "slin16": _SLIN16,
}


@dataclass(frozen=True, slots=True)
class ControlWord:
    """One control message."""

    event: str
    fields: Mapping[str, str]
    """Nested values are left out, but for ``channel_variables``."""
    as_json: bool
    variables: Mapping[str, str]


def read_control(frame: str) -> ControlWord | None:
    """Return what *frame* says; None where it is no control message."""
    frame = frame.strip()
    if frame.startswith("{"):
        return _read_json(frame)
    event, *pairs = frame.split() or [""]
    if not event:
        return None
    # A value may hold colons itself, a name never does.
    split = (pair.partition(":") for pair in pairs)
    fields = {name: value for name, colon, value in split if colon}
    return ControlWord(event=event, fields=fields, as_json=False, variables={})


def command(name: str, *, as_json: bool) -> str:
    """Return the text frame that tells Asterisk *name*."""
    return json.dumps({"command": name}) if as_json else name


@dataclass(frozen=True, slots=True)
class DialString:
    """What ``v(…)`` said of this socket."""

    call_id: str
    role: Track | None
    codec: Codec | None
    direction: Direction
    from_number: str
    to_number: str
    operator: str
    answered: bool
    metadata: Mapping[str, str]


def read_parameters(parameters: Mapping[str, str]) -> DialString:
    """Return what the query *parameters* of the socket's URI say.

    Raises:
        StreamRefused: one of them cannot be understood.
    """
    role = parameters.get("role", "")
    if role not in ("", *Track):
        raise StreamRefused(
            Refusal.BAD_TRACKS, "role は caller または operator にしてください(v(role=…))。"
        )
    if role and not parameters.get("call_id"):
        raise StreamRefused(
            Refusal.BAD_CALL_ID,
            "role を指定するときは call_id も指定してください(v(call_id=…,role=…))。",
        )
    section = _short(parameters, "section")
    return DialString(
        call_id=parameters.get("call_id", ""),
        role=Track(role) if role else None,
        codec=_codec_of(parameters),
        direction=_direction(parameters.get("direction") or Direction.INBOUND.value),
        from_number=kept_number(parameters.get("from", "")),
        to_number=kept_number(parameters.get("to", "")),
        operator=_short(parameters, "operator"),
        answered=flag(parameters, "answered", otherwise=True),
        metadata=({"section": section} if section else {})
        | {name: value for name, value in parameters.items() if name not in _OWN_PARAMETERS},
    )


def flag(parameters: Mapping[str, str], name: str, *, otherwise: bool) -> bool:
    """Return what a yes-or-no parameter says.

    Raises:
        StreamRefused: it says neither.
    """
    value = parameters.get(name, "").lower()
    if value and value not in _TRUE | _FALSE:
        raise StreamRefused(
            Refusal.BAD_MESSAGE, f"{name} は 1 または 0 にしてください(v({name}=…))。"
        )
    return value in _TRUE if value else otherwise


def codec_named(name: str) -> Codec:
    """Return Asterisk's format *name* as we hear it.

    Raises:
        StreamRefused: we do not.
    """
    codec = _CODECS.get(name.lower())
    if codec is None:
        raise StreamRefused(
            Refusal.UNSUPPORTED_ENCODING,
            "この音声形式は受け付けられません。ダイヤル文字列の c(…)(externalMedia では format=…)を "
            "ulaw、alaw、slin、slin16 のいずれかにしてください。",
        )
    return codec


def metadata_of(*sources: Mapping[str, str]) -> dict[str, str]:
    """Return what may be stored of *sources*: no secrets, nothing a database cannot keep, and not too much."""
    kept: dict[str, str] = {}
    for source in sources:
        for name, value in source.items():
            if len(kept) == MAX_METADATA_KEYS:
                return kept
            if value and not names_secret(name) and is_storable(name) and is_storable(value):
                kept[name[:MAX_FIELD_CHARACTERS]] = value[:MAX_METADATA_CHARACTERS]
    return kept


def _read_json(frame: str) -> ControlWord | None:
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    event = message.get("event")
    if not isinstance(event, str):
        return None
    variables = message.get("channel_variables")
    return ControlWord(
        event=event,
        fields=_texts(message),
        as_json=True,
        variables=_texts(variables) if isinstance(variables, dict) else {},
    )


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _short(parameters: Mapping[str, str], name: str) -> str:
    value = parameters.get(name, "")
    if len(value) > MAX_FIELD_CHARACTERS or not is_storable(value):
        raise StreamRefused(
            Refusal.BAD_MESSAGE,
            f"{name} は {MAX_FIELD_CHARACTERS} 文字以内にしてください(v({name}=…))。",
        )
    return value


def _direction(named: str) -> Direction:
    if named not in tuple(Direction):
        raise StreamRefused(
            Refusal.BAD_MESSAGE,
            "direction は inbound または outbound にしてください(v(direction=…))。",
        )
    return Direction(named)


def _codec_of(parameters: Mapping[str, str]) -> Codec | None:
    named, rate = parameters.get("format", ""), parameters.get("rate", "")
    if rate not in ("", "8000", "16000"):
        raise StreamRefused(
            Refusal.UNSUPPORTED_RATE, "rate は 8000 または 16000 にしてください(v(rate=…))。"
        )
    if not named:
        if rate == "16000":
            raise StreamRefused(
                Refusal.UNSUPPORTED_RATE,
                "rate=16000 のときは format=slin16 も指定してください(v(format=slin16))。",
            )
        return None
    codec = codec_named("slin16" if (named.lower(), rate) == ("slin", "16000") else named)
    if rate and int(rate) != codec.rate_hz:
        raise StreamRefused(
            Refusal.UNSUPPORTED_RATE,
            "format と rate が合いません。16000 Hz は format=slin16 だけで使えます(v(format=…,rate=…))。",
        )
    return codec
