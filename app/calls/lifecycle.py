"""Adapter: the beginning and the end of a call in the tables, and the events that say so."""

from __future__ import annotations

from typing import Any

from app.callers.number import HashAtStart, masked, no_hash
from app.calls.alert_rows import withdraw_left_over
from app.calls.facts import CallFacts
from app.calls.protocol import CallStarted, Track
from app.calls.records import take_back_level
from app.events import Audience, EventType
from app.ledger import Entry
from app.models import Call, CallTrack
from app.privacy.number_traces import without_number
from app.privacy.numbers import SealNumber, left_plain
from asr.types import AudioFormat, Encoding


async def record_start(
    entry: Entry,
    facts: CallFacts,
    started: CallStarted,
    token_id: int,
    hash_at_start: HashAtStart = no_hash,
    seal_number: SealNumber = left_plain,
) -> None:
    sealed = seal_number(facts.call_id, started.caller_number)
    caller = hash_at_start(started.caller_number, started.metadata)
    entry.session.add(
        Call(
            id=facts.call_id,
            token_id=token_id,
            operator=facts.audience.operator,
            section=facts.audience.section,
            caller_number=started.caller_number if sealed is None else "",
            number_box=sealed.box if sealed is not None else None,
            number_key_id=sealed.key_id if sealed is not None else None,
            called_number=started.called_number,
            caller_hash=caller.hash if caller is not None else None,
            caller_key_id=caller.key_id if caller is not None else None,
            stream_format=_stored_format(started),
            started_at=entry.now,
        )
    )
    await entry.session.flush()
    entry.session.add_all(
        CallTrack(call_id=facts.call_id, track=track.value, judged_ms=0) for track in facts.tracks
    )
    entry.tell(
        EventType.CALL_STARTED,
        facts.call_id,
        facts.audience,
        {
            "operator": facts.audience.operator,
            "section": facts.audience.section,
            # An event goes to everyone who sees the call; who may read the whole number asks for the call.
            "caller_number": masked(started.caller_number),
            "tracks": [track.value for track in facts.tracks],
        },
    )


async def record_end(entry: Entry, facts: CallFacts, reason: str, duration_ms: int | None) -> None:
    call = await entry.session.get(Call, facts.call_id)
    if call is None or call.ended_at is not None:
        return
    if await withdraw_left_over(entry, facts):
        await take_back_level(entry, call, facts)
    call.ended_at = entry.now
    call.end_reason = reason
    if duration_ms is not None:
        call.duration_ms = duration_ms
    entry.tell(
        EventType.CALL_ENDED,
        facts.call_id,
        facts.audience,
        {
            "reason": reason,
            "duration_ms": call.duration_ms,
            "top_level": call.top_level,
            "outcome": call.outcome,
        },
    )


def facts_of(call: Call) -> CallFacts:
    """Return what a stored call knows about itself."""
    stored = call.stream_format
    tracks = tuple(Track(name) for name in stored["tracks"])
    return CallFacts(
        call_id=call.id,
        audience=Audience(operator=call.operator, section=call.section),
        tracks=tracks,
        format=AudioFormat(Encoding(stored["encoding"]), int(stored["rate"]), len(tracks)),
    )


def _stored_format(started: CallStarted) -> dict[str, Any]:
    return {
        "encoding": started.format.encoding.value,
        "rate": started.format.rate_hz,
        "tracks": [track.value for track in started.tracks],
        "metadata": without_number(started.metadata, started.caller_number),
    }
