"""Pure: the words of Genesys AudioHook, version 2: what a message of the client says, how one of ours is written.

Source: AudioHook protocol version 2, "Session messages". What a client must send is asked for;
what it may send is taken where it can be used and left out where not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from app.calls.protocol import MAX_FIELD_CHARACTERS, Refusal, StreamRefused, Track, is_storable
from app.telephony.audiohook_signature import UUID
from app.telephony.first_words import (
    METADATA_CHARACTERS,
    METADATA_KEYS,
    exchange_object,
    mended,
)
from app.telephony.messages import Direction, kept_number, names_secret

VERSION: Final = "2"
RATE_HZ: Final = 8_000
"""The only rate of the protocol."""
MAX_MISSED_S: Final = 4 * 3_600
"""No caller is on hold for so long; a longer hole is a mistake, and would be filled with silence."""
MAX_EXACT_INTEGER: Final = 2**53
NULL_UUID: Final = "00000000-0000-0000-0000-000000000000"
LANGUAGES: Final = ("ja-JP",)
TRACKS: Final[Mapping[str, Track]] = {"external": Track.CALLER, "internal": Track.OPERATOR}
"""The channels are named for who speaks, not for who dialled."""

_DURATION: Final = re.compile(r"PT([0-9]+\.[0-9]*|\.?[0-9]+)S")
_MAX_DURATION_CHARACTERS: Final = 32
_SCHEME: Final = re.compile(r"(?:tel|sips?):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """One text frame, its envelope checked."""

    kind: str
    session_id: str
    seq: int
    serverseq: int
    position_samples: int
    """Where in its stream the client is."""
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Media:
    """One way of sending sound, as it was offered: mu-law, 8 kHz."""

    channels: tuple[str, ...]

    @property
    def tracks(self) -> tuple[Track, ...]:
        return tuple(TRACKS[channel] for channel in self.channels)

    def offered(self) -> dict[str, Any]:
        return {
            "type": "audio",
            "format": "PCMU",
            "channels": list(self.channels),
            "rate": RATE_HZ,
        }


@dataclass(frozen=True, slots=True)
class Opening:
    """What ``open`` tells of the call."""

    organization_id: str
    is_probe: bool
    media: Media | None
    """The offered one that suits us best; None: none does."""
    asks_languages: bool
    from_number: str
    to_number: str
    operator: str
    direction: Direction
    metadata: Mapping[str, Any]


def parse(frame: str) -> ClientMessage:
    """Return what *frame* says.

    Raises:
        StreamRefused: ``frame_too_large``, ``not_json``, or ``bad_message``: the envelope is wrong.
    """
    message = exchange_object(frame)
    kind, session_id, parameters = (message.get(name) for name in ("type", "id", "parameters"))
    if message.get("version") != VERSION:
        raise bad(f"version は {VERSION} にしてください。")
    if not isinstance(kind, str) or not isinstance(session_id, str):
        raise bad("type と id は文字列にしてください。")
    if not isinstance(parameters, dict):
        raise bad("parameters は JSON オブジェクトにしてください。")
    position_samples = samples_of(message.get("position"))
    seq, serverseq = _sequence_number(message, "seq"), _sequence_number(message, "serverseq")
    return ClientMessage(kind, session_id, seq, serverseq, position_samples, parameters)


def server_message(
    kind: str, session_id: str, seq: int, clientseq: int, parameters: Mapping[str, Any]
) -> str:
    return json.dumps(
        {
            "version": VERSION,
            "id": session_id,
            "type": kind,
            "seq": seq,
            "clientseq": clientseq,
            "parameters": parameters,
        },
        ensure_ascii=False,
    )


def samples_of(duration: object) -> int:
    """Return the samples of one track in an ISO 8601 duration as ``PT1.5S``.

    Raises:
        StreamRefused: ``bad_message``: it is no duration in seconds.
    """
    match = (
        _DURATION.fullmatch(duration)
        if isinstance(duration, str) and len(duration) <= _MAX_DURATION_CHARACTERS
        else None
    )
    if match is None:
        raise bad("時間は PT12.34S の形にしてください。")
    return round(Decimal(match[1]) * RATE_HZ)


def missed_samples(parameters: Mapping[str, Any]) -> int:
    """Return how much sound ``resumed`` or ``discarded`` says is not coming.

    Raises:
        StreamRefused: ``bad_message``: it does not say, or it is longer than any call.
    """
    samples_of(parameters.get("start"))
    samples = samples_of(parameters.get("discarded"))
    if samples > MAX_MISSED_S * RATE_HZ:
        raise bad("discarded が長すぎます。")
    return samples


def opening(parameters: Mapping[str, Any], correlation_id: str) -> Opening:
    """Return what the parameters of ``open`` say.

    Raises:
        StreamRefused: ``bad_message``: an id, the participant or the media are missing, or the operator cannot be
            stored.
    """
    participant, offered = parameters.get("participant"), parameters.get("media")
    config = parameters.get("customConfig")
    if not isinstance(participant, dict) or not isinstance(offered, list):
        raise bad("open には participant と media が必要です。")
    if not isinstance(config, dict):
        config = {}
    organization_id = _uuid(parameters, "organizationId")
    conversation_id, participant_id = (
        _uuid(parameters, "conversationId"),
        _uuid(participant, "id"),
    )
    media = _best(offered)
    told = {
        "conversationId": conversation_id,
        "participantId": participant_id,
        "organizationId": organization_id,
        "correlationId": correlation_id,
        "aniName": participant.get("aniName"),
        "language": parameters.get("language"),
        "channels": ",".join(media.channels) if media else "",
        "continuedSession": _continued(parameters.get("continuedSessions")),
        "section": config.get("section"),
    }
    told |= {f"customConfig.{name}": value for name, value in config.items() if name != "section"}
    return Opening(
        organization_id=organization_id,
        is_probe=conversation_id == participant_id == NULL_UUID,
        media=media,
        asks_languages=parameters.get("supportedLanguages") is True,
        from_number=_number(participant, "ani"),
        to_number=_number(participant, "dnis"),
        operator=_field(config, "operator"),
        direction=(
            Direction.OUTBOUND
            if config.get("direction") == Direction.OUTBOUND
            else Direction.INBOUND
        ),
        metadata=_storable_metadata(told),
    )


def bad(message: str) -> StreamRefused:
    return StreamRefused(Refusal.BAD_MESSAGE, message)


def _best(offered: list[Any]) -> Media | None:
    """Return the first mu-law entry with both sides, else the first with one.

    L16 is never chosen: which of its bytes comes first is not told, and every client offers mu-law.
    """
    usable = [media for entry in offered if (media := _media(entry)) is not None]
    return next((media for media in usable if len(media.channels) == 2), next(iter(usable), None))


def _media(entry: object) -> Media | None:
    if not isinstance(entry, dict):
        return None
    channels, rate_hz = entry.get("channels"), entry.get("rate")
    if (
        entry.get("type") != "audio"
        or entry.get("format") != "PCMU"
        or rate_hz != RATE_HZ
        or not isinstance(channels, list)
        or not channels
        or not all(isinstance(name, str) and name in TRACKS for name in channels)
        or len(set(channels)) != len(channels)
    ):
        return None
    return Media(tuple(channels))


def _uuid(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not UUID.fullmatch(value):
        raise bad(f"{name} は UUID にしてください。")
    return value


def _number(participant: Mapping[str, Any], name: str) -> str:
    """Return a number without the scheme and host that it may be written with (``tel:``, ``sip:…@…``)."""
    written = participant.get(name)
    if not isinstance(written, str):
        return _field(participant, name)
    if scheme := _SCHEME.match(written):
        written = re.split("[@;]", written[scheme.end() :], maxsplit=1)[0]
    return kept_number(written)


def _field(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_FIELD_CHARACTERS or not is_storable(value):
        raise bad(f"{name} は {MAX_FIELD_CHARACTERS} 文字以内の文字列にしてください。")
    return value


def _continued(sessions: object) -> str:
    """Return the last session that this one claims to go on with."""
    last = sessions[-1] if isinstance(sessions, list) and sessions else None
    session_id = last.get("id") if isinstance(last, dict) else None
    return session_id if isinstance(session_id, str) and UUID.fullmatch(session_id) else ""


def _storable_metadata(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of *told* an office can keep: short strings, numbers, truths; nothing nested."""
    kept: dict[str, Any] = {}
    for name, value in told.items():
        if len(kept) == METADATA_KEYS:
            break
        if names_secret(name):
            continue
        if isinstance(value, str) and value:
            kept[mended(name, MAX_FIELD_CHARACTERS)] = mended(value, METADATA_CHARACTERS)
        elif isinstance(value, int | float) and abs(value) <= MAX_EXACT_INTEGER:
            kept[mended(name, MAX_FIELD_CHARACTERS)] = value
    return kept


def _sequence_number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise bad(f"{name} は 0 以上の整数にしてください。")
    return value
