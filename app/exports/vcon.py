"""Pure: one call as a vCon (draft-ietf-vcon-vcon-core-04): who spoke, the sound, what was heard, found and done.

Times in it are moments; milliseconds of the call's sound stand beside them where a reader needs to find the place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.exports.base64_stream import base64url
from app.review.schemas import ReviewOut, ReviewUtteranceOut

SYNTAX: Final = "0.4.0"
VENDOR: Final = "Mimamori"
CALLER, OPERATOR = 0, 1
_PARTY_OF: Final = {"caller": CALLER, "operator": OPERATOR}
_WAV: Final = "audio/wav"
_TEXT: Final = "text/plain"
_JSON: Final = "application/json"
_NAME_BITS: Final = 62


@dataclass(frozen=True, slots=True)
class Sound:
    """The call's sound as one WAV file, left the caller."""

    pieces: Callable[[], Iterable[bytes]]
    """The file from its beginning, however often."""
    sha512: bytes
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What is exported of a call."""

    review: ReviewOut
    """As it is to be read: with what is to be covered covered."""
    sound: Sound | None
    judgements: Sequence[Mapping[str, Any]]
    """What people found it to be, in the order in which they said so; as JSON."""
    made_at: datetime
    office: str
    """Its name in the network, such as ``mimamori.city.example.jp``."""
    random: bytes
    """Eight bytes, so that two exports of one moment differ."""


def json_of(exported: Exported) -> tuple[str, Iterator[bytes]]:
    """Return the UUID of the unsigned container, and its JSON in pieces."""
    made = _vcon_of(exported)
    return made["uuid"], _written(made, exported)


def _written(made: dict[str, Any], exported: Exported) -> Iterator[bytes]:
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    if exported.sound is None:
        yield text.encode()
        return
    before, _, after = text.partition(_sound_stands(exported))
    yield before.encode()
    yield from base64url(exported.sound.pieces())
    yield after.encode()


def _sound_stands(exported: Exported) -> str:
    """Return what stands for the sound until it is written: nobody can have said or noted it."""
    return hashlib.sha256(b"sound" + exported.random).hexdigest()


def _vcon_of(exported: Exported) -> dict[str, Any]:
    review, call = exported.review, exported.review.call
    made: dict[str, Any] = {
        "vcon": SYNTAX,
        "uuid": str(uuid_of(exported.office, exported.made_at, exported.random)),
        "created_at": exported.made_at.isoformat(),
        "subject": f"call {call.call_id}",
        "parties": _parties(review),
        "dialog": _dialog(exported),
        "analysis": _analysis(exported),
        "attachments": _attachments(review),
    }
    if review.covered:
        # What lies below stays in the office; the draft wants no uuid where there is no such container.
        made["redacted"] = {"type": "personal data of callers and third persons"}
    return made


def uuid_of(office: str, at: datetime, random: bytes) -> UUID:
    """Return a version 8 UUID of the office's name and the moment (draft, 4.1.2)."""
    time_bits = (int(at.timestamp() * 1000) & (1 << 48) - 1) << 80
    name = hashlib.sha256(office.encode() + random).digest()
    name_bits = int.from_bytes(name[:8], "big") & (1 << _NAME_BITS) - 1
    high = int.from_bytes(random[:2], "big") & 0xFFF
    return UUID(int=time_bits | 0x8 << 76 | high << 64 | 0b10 << 62 | name_bits)


def _parties(review: ReviewOut) -> list[dict[str, Any]]:
    call = review.call
    caller: dict[str, Any] = {"role": "caller"}
    if call.caller_number:
        caller["tel"] = call.caller_number
    operator = {"role": "operator", "name": call.operator or "operator"}
    supervisors = {stay.login: stay.display_name for stay in review.stays}
    return [
        caller,
        operator,
        *({"role": "supervisor", "name": name or login} for login, name in supervisors.items()),
    ]


def _dialog(exported: Exported) -> list[dict[str, Any]]:
    """Return the sound, or where there is none each sentence as a text."""
    started = exported.review.call.started_at
    if exported.sound is None:
        return [_sentence(said, started) for said in exported.review.utterances]
    digest = b"".join(base64url((exported.sound.sha512,)))
    return [
        {
            "type": "recording",
            "start": started.isoformat(),
            "duration": exported.sound.duration_ms / 1000,
            "parties": [CALLER, OPERATOR],  # one a channel
            "originator": CALLER,
            **_media(_WAV),
            "filename": f"{exported.review.call.call_id}.wav",
            "encoding": "base64url",
            "body": _sound_stands(exported),
            "content_hash": f"sha512-{digest.decode()}",
        }
    ]


def _sentence(said: ReviewUtteranceOut, started: datetime) -> dict[str, Any]:
    return {
        "type": "text",
        "start": _moment(started, said.start_ms),
        "duration": (said.end_ms - said.start_ms) / 1000,
        "parties": [_PARTY_OF[said.track]],
        "originator": _PARTY_OF[said.track],
        **_media(_TEXT),
        "encoding": "none",
        "body": said.text,
    }


def _analysis(exported: Exported) -> list[dict[str, Any]]:
    review = exported.review
    about = 0 if exported.sound is not None else list(range(len(review.utterances)))
    started = review.call.started_at
    models = [one.model for one in review.models]
    spoken = [
        {
            "party": _PARTY_OF[said.track],
            "start": _moment(started, said.start_ms),
            "duration": (said.end_ms - said.start_ms) / 1000,
            "start_ms": said.start_ms,
            "text": said.text,
            "confidence": round(said.confidence, 3),
            "doubts": said.doubts,
            "model": models[said.model] if said.model < len(models) else "",
        }
        for said in review.utterances
    ]
    found = [one.model_dump(mode="json", exclude={"explanation"}) for one in review.findings]
    judged = {
        "level": review.call.top_level,
        "outcome": review.call.outcome,
        "levels": [one.model_dump(mode="json") for one in review.levels],
        "alerts": [one.model_dump(mode="json") for one in review.alerts],
        "versions": [one.model_dump(mode="json") for one in review.versions],
    }
    parts: list[tuple[str, object]] = [
        ("transcript", spoken),
        ("findings", found),
        ("decisions", judged),
    ]
    if exported.judgements:
        parts.append(("judgements", list(exported.judgements)))
    return [
        {
            "type": kind,
            "dialog": about,
            "vendor": VENDOR,
            "product": ", ".join(models) if kind == "transcript" else "rules and policy",
            "schema": f"mimamori-{kind}-1",
            **_json(content),
        }
        for kind, content in parts
    ]


def _attachments(review: ReviewOut) -> list[dict[str, Any]]:
    """Return what was done beside the talk: warnings, notes, joins, clocks."""
    deeds = [deed.model_dump(mode="json", exclude_defaults=True) for deed in review.deeds]
    gaps = [gap.model_dump(mode="json") for gap in review.gaps]
    started = review.call.started_at.isoformat()
    return [
        {"type": kind, "purpose": kind, "start": started, "party": OPERATOR, **_json(content)}
        for kind, content in (("deeds", deeds), ("gaps", gaps))
        if content
    ]


def _media(kind: str) -> dict[str, str]:
    # The draft says "mediatype"; readers of its first versions know it as "mimetype".
    return {"mediatype": kind, "mimetype": kind}


def _json(content: object) -> dict[str, str]:
    return {
        "mediatype": _JSON,
        "encoding": "json",
        "body": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
    }


def _moment(started: datetime, after_ms: int) -> str:
    return (started + timedelta(milliseconds=after_ms)).isoformat()
