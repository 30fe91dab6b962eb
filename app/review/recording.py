"""Glue: what there is to hear of a call."""

from __future__ import annotations

from app.errors import Unavailable
from app.recordings.library import RecordingLibrary
from app.review.schemas import RecordingState, ReviewRecordingOut, StretchOut
from app.services import Services


async def recording_of(services: Services, call_id: str) -> ReviewRecordingOut:
    """Return the facts of the recording once all of it is written."""
    await services.recording_desk.settled(call_id)
    return await facts_of_recording(services.recordings, call_id)


async def facts_of_recording(library: RecordingLibrary, call_id: str) -> ReviewRecordingOut:
    """Return what is kept; what cannot be read is told, and keeps nobody from the words."""
    try:
        stored = await library.find(call_id)
    except Unavailable as refused:
        return ReviewRecordingOut(
            state=RecordingState.UNREADABLE, code=refused.code, message=refused.message
        )
    if stored is None or not stored.samples:
        return ReviewRecordingOut(state=RecordingState.NONE)
    return ReviewRecordingOut(
        state=RecordingState.KEPT,
        tracks=[track.value for track in stored.tracks],
        duration_ms=stored.duration_ms,
        complete=stored.complete,
        stretches=[
            StretchOut(start_ms=one.start_ms, end_ms=one.end_ms, kind=one.kind)
            for one in stored.stretches
        ],
    )
