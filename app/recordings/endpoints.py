"""Glue: recordings over REST: how one stands, pausing it while the call is live, hearing it afterwards."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Final

import anyio.to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.download_names import disposition
from app.errors import Conflict, NotAllowed, NotFound, NotSignedIn, Unavailable
from app.models import Call
from app.recordings.library import StoredRecording
from app.recordings.live import FAILURE_WORDS, LiveRecording, Standing
from app.recordings.notes import paused_by
from app.recordings.pausing import pause, resume
from app.recordings.peaks import peaks_of
from app.recordings.schemas import PeaksOut, RecordingOut, StretchOut
from app.recordings.wav import NotThere, Wav, asked_range
from app.services import Services, services_of
from app.trail.looking import Look, looks_of

BLOCK_BYTES: Final = 262_144
MOST_BINS: Final = 20_000

Viewer = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR))]
AtTheCall = Annotated[Identity, Depends(requires(Role.OPERATOR, Role.SUPERVISOR))]

router = APIRouter(
    prefix="/v1/calls/{call_id}",
    tags=["recordings"],
    responses=problems(NotSignedIn, NotAllowed, NotFound),
)


@router.get("/recording", responses=problems(Unavailable))
async def read_recording(request: Request, identity: Viewer, call_id: str) -> RecordingOut:
    """Return how a live call's recording stands, or what is kept of an ended call's sound."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    if call.ended_at is None:
        return await _live_now(services, identity, call)
    await services.recording_desk.settled(call_id)
    stored = await services.recordings.find(call_id)
    if stored is None:
        return _view(Standing.OFF)
    return RecordingOut(
        standing="kept",
        reason="",
        reason_text="",
        paused=False,
        paused_by="",
        may_pause=False,
        may_hear=_may_hear(services, identity),
        tracks=list(stored.tracks),
        rate_hz=stored.rate_hz,
        samples=stored.samples,
        duration_ms=stored.duration_ms,
        complete=stored.complete,
        stretches=[
            StretchOut.model_validate(
                {"start_ms": one.start_ms, "end_ms": one.end_ms, "kind": one.kind}
            )
            for one in stored.stretches
        ],
    )


@router.post("/recording/pause", responses=problems(Conflict))
async def pause_recording(request: Request, identity: AtTheCall, call_id: str) -> RecordingOut:
    """Record nothing of the call from this moment on. Doing it again does nothing."""
    services = services_of(request)
    call, recording = await _recorded(services, identity, call_id)
    await pause(services.ledger, recording, call, identity)
    return _live_view(identity, recording)


@router.delete("/recording/pause", responses=problems(Conflict))
async def resume_recording(request: Request, identity: AtTheCall, call_id: str) -> RecordingOut:
    """Record again. Doing it again does nothing."""
    services = services_of(request)
    call, recording = await _recorded(services, identity, call_id)
    await resume(services.ledger, recording, call, identity)
    return _live_view(identity, recording)


@router.get("/recording/peaks", responses=problems(Conflict, Unavailable))
async def read_peaks(
    request: Request,
    identity: Viewer,
    call_id: str,
    bins: Annotated[int, Query(ge=1, le=MOST_BINS)] = 2_000,
    from_ms: Annotated[int, Query(ge=0)] = 0,
    to_ms: Annotated[int | None, Query(ge=1, description="The end where nothing is said")] = None,
) -> PeaksOut:
    """Return how loud each track is along the call, or a part of it, for a picture of it."""
    stored = await _heard(request, identity, call_id)
    await looks_of(request).note(Look.CALL, identity, call_id)  # seen, not heard
    first = min(from_ms * stored.rate_hz // 1000, stored.samples)
    end = stored.samples if to_ms is None else min(to_ms * stored.rate_hz // 1000, stored.samples)

    def carried(after: int, count: int) -> bytes:
        return stored.carried(first + after, count)

    work = partial(peaks_of, stored.format, max(0, end - first), bins, carried)
    found = await anyio.to_thread.run_sync(work)
    return PeaksOut(
        bins=bins,
        duration_ms=max(0, end - first) * 1000 // stored.rate_hz,
        peaks={
            track: base64.b64encode(peaks).decode()
            for track, peaks in zip(stored.tracks, found, strict=True)
        },
    )


@router.get(
    "/recording.wav",
    response_class=Response,
    responses={
        200: {"content": {"audio/wav": {}}, "description": "mu-law, 8 kHz, left: the caller"},
        206: {"content": {"audio/wav": {}}, "description": "The part that Range asked for"},
        416: {"description": "Range begins behind the end"},
        **problems(Conflict, Unavailable),
    },
)
async def hear_recording(
    request: Request,
    identity: Viewer,
    call_id: str,
    range_header: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header(alias="If-Range")] = None,
) -> Response:
    """Return the call's sound; only the part that is asked for is opened."""
    stored = await _heard(request, identity, call_id)
    wav = Wav(stored.format, stored.tracks, stored.samples)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition("recording.wav", inline=True),
    }
    try:
        # We give nothing that an If-Range could name, so whoever sends one wants the whole.
        asked = asked_range(range_header if if_range is None else None, wav.length)
    except NotThere:
        return Response(
            status_code=416, headers=headers | {"Content-Range": f"bytes */{wav.length}"}
        )
    begin, end = asked or (0, wav.length)
    await looks_of(request).note(Look.RECORDING, identity, call_id)
    first = await _part(wav, stored, begin, end)  # what cannot be opened is refused, not broken off
    if asked is not None:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{wav.length}"
    return StreamingResponse(
        _sound(wav, stored, first, begin, end),
        status_code=200 if asked is None else 206,
        media_type="audio/wav",
        headers=headers | {"Content-Length": str(end - begin)},
    )


async def _sound(
    wav: Wav, stored: StoredRecording, first: bytes, begin: int, end: int
) -> AsyncIterator[bytes]:
    yield first
    for block in range(begin + BLOCK_BYTES, end, BLOCK_BYTES):
        yield await _part(wav, stored, block, end)


async def _part(wav: Wav, stored: StoredRecording, begin: int, end: int) -> bytes:
    block_end = min(begin + BLOCK_BYTES, end)
    return await anyio.to_thread.run_sync(wav.part, begin, block_end, stored.carried)


async def _recorded(
    services: Services, identity: Identity, call_id: str
) -> tuple[Call, LiveRecording]:
    call = await load_seen(services, identity, call_id)
    if call.ended_at is not None:
        raise Conflict("call_ended", "この通話は終了しています。記録をご覧ください。")
    recording = services.recording_desk.find(call_id)
    if recording is not None:
        return call, recording
    if services.settings.recording.records(call.section):
        raise Conflict(
            "recording_waits",
            "電話の音声が届くのを待っています。届いてから、もう一度押してください。",
        )
    raise Conflict("not_recorded", "この課の通話は録音していません。")


async def _heard(request: Request, identity: Identity, call_id: str) -> StoredRecording:
    """Return the recording of an ended call, if *identity* may hear it.

    Raises:
        NotFound: no such call for these eyes, or nothing was recorded (``recording_unknown``).
        NotAllowed: operators may not hear recordings here (``hearing_not_allowed``).
        Conflict: the call is still live (``call_live``).
        Unavailable: as ``RecordingLibrary.find``.
    """
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    if not _may_hear(services, identity):
        raise NotAllowed(
            "hearing_not_allowed",
            "録音を聞けるのは、監督者と監査担当者です。必要なときは監督者に声をかけてください。",
        )
    if call.ended_at is None:
        raise Conflict("call_live", "通話中です。録音は、通話が終わってから聞けます。")
    await services.recording_desk.settled(call_id)
    stored = await services.recordings.find(call_id)
    if stored is None:
        raise NotFound("recording_unknown", "この通話の録音はありません。")
    return stored


def _may_hear(services: Services, identity: Identity) -> bool:
    return identity.role is not Role.OPERATOR or services.settings.recording.operators_hear_own


async def _live_now(services: Services, identity: Identity, call: Call) -> RecordingOut:
    recording = services.recording_desk.find(call.id)
    if recording is not None and (recording.tape or recording.failure or recording.intake.paused):
        return _live_view(identity, recording)
    if recording is None and not services.settings.recording.records(call.section):
        return _view(Standing.OFF)
    # Nothing is written of it yet, such as after a restart, before its telephone is back: as the record has it.
    async with services.database.transaction() as session:
        by = await paused_by(session, call.id)
    standing = Standing.RECORDING if by is None else Standing.PAUSED
    return _view(standing, paused_by=by, may_pause=_may_pause(identity))


def _live_view(identity: Identity, recording: LiveRecording) -> RecordingOut:
    failure = recording.failure
    return _view(
        recording.standing,
        reason=failure.value if failure is not None else "",
        reason_text=FAILURE_WORDS[failure] if failure is not None else "",
        paused_by=(recording.paused_by or "") if recording.intake.paused else None,
        may_pause=_may_pause(identity),
    )


def _may_pause(identity: Identity) -> bool:
    return identity.role in (Role.OPERATOR, Role.SUPERVISOR)


def _view(
    standing: Standing,
    *,
    reason: str = "",
    reason_text: str = "",
    paused_by: str | None = None,
    may_pause: bool = False,
) -> RecordingOut:
    return RecordingOut(
        standing=standing.value,
        reason=reason,
        reason_text=reason_text,
        paused=paused_by is not None,
        paused_by=paused_by or "",
        may_pause=may_pause,
        may_hear=False,
        tracks=[],
        rate_hz=0,
        samples=0,
        duration_ms=0,
        complete=False,
        stretches=[],
    )
