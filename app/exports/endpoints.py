"""Glue: exports over REST: made from an ended call, fetched once by who made them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from app.auth.identity import Identity
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.download_names import disposition
from app.errors import Conflict, NotAllowed, NotFound, NotSignedIn, Unavailable
from app.exports.disclosing import Place
from app.exports.disclosure_making import Choice, disclosable, make_copy
from app.exports.keeping import exports_of, fetch, keep
from app.exports.making import make_vcon
from app.exports.models import ID_CHARACTERS, CallExport
from app.exports.schemas import (
    DisclosureIn,
    DisclosureOut,
    ExportOut,
    ExportsOut,
    SentenceOut,
    SuggestionOut,
    UnheardOut,
    VconIn,
)
from app.review.looking import Reviewer, over
from app.review.recording import facts_of_recording
from app.review.schemas import RecordingState
from app.services import services_of
from app.trail.looking import Look, looks_of

_EXPORT_ID: Final = re.compile(rf"[A-Za-z0-9_-]{{{ID_CHARACTERS}}}")

router = APIRouter(
    prefix="/v1", tags=["exports"], responses=problems(NotSignedIn, NotAllowed, NotFound)
)


@router.get("/calls/{call_id}/exports")
async def read_exports(request: Request, identity: Reviewer, call_id: str) -> ExportsOut:
    """Return what was exported of an ended call, by whom and when; never the files of others."""
    services = services_of(request)
    over(await load_seen(services, identity, call_id))
    found = await exports_of(services, call_id)
    return ExportsOut(exports=[_out(row, identity) for row in found])


@router.post("/calls/{call_id}/vcon", status_code=201, responses=problems(Conflict, Unavailable))
async def export_vcon(
    request: Request, identity: Reviewer, call_id: str, body: VconIn
) -> ExportOut:
    """Make the call's signed vCon, to be fetched once within the office's time."""
    services = services_of(request)
    made = await make_vcon(services, identity, call_id, with_sound=body.sound)
    return _out(await keep(services, identity, call_id, made), identity)


@router.get("/calls/{call_id}/disclosure", responses=problems(Conflict))
async def read_disclosure(request: Request, identity: Reviewer, call_id: str) -> DisclosureOut:
    """Return the sentences of an ended call and what a copy of it should cover."""
    services = services_of(request)
    found = await disclosable(services, identity, call_id)
    await looks_of(request).note(Look.REVIEW, identity, call_id)
    stored = await facts_of_recording(services.recordings, call_id)
    by_sentence = defaultdict[str, list[SuggestionOut]](list)
    for one in found.suggestions:
        by_sentence[one.place.utterance_id].append(
            SuggestionOut(start=one.place.start, end=one.place.end, kind=one.kind)
        )
    return DisclosureOut(
        covered=not found.sight.whole,
        recorded=stored.state is RecordingState.KEPT,
        sentences=[
            SentenceOut.model_validate(
                {
                    "utterance_id": said.utterance_id,
                    "track": said.track,
                    "start_ms": said.start_ms,
                    "end_ms": said.end_ms,
                    "text": found.sight.of(said.text),
                    "suggestions": by_sentence[said.utterance_id],
                }
            )
            for said in found.said
        ],
        unheard=[
            UnheardOut(track=one.track, start_ms=one.start_ms, end_ms=one.end_ms)
            for one in found.unheard
        ],
    )


@router.post(
    "/calls/{call_id}/disclosure", status_code=201, responses=problems(Conflict, Unavailable)
)
async def make_disclosure(
    request: Request, identity: Reviewer, call_id: str, body: DisclosureIn
) -> ExportOut:
    """Make a copy in which others are covered, in the words and in the sound; to be fetched once."""
    services = services_of(request)
    choice = Choice(
        covers=[Place(one.utterance_id, one.start, one.end) for one in body.covers],
        spared=[Place(one.utterance_id, one.start, one.end) for one in body.spared],
        reach=body.reach,
    )
    made = await make_copy(
        services, identity, call_id, choice, reference=body.reference, with_sound=body.sound
    )
    return _out(await keep(services, identity, call_id, made), identity)


@router.get(
    "/exports/{export_id}",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/vcon+json": {}}, "description": "The file, once"},
        **problems(Conflict),
    },
)
async def fetch_export(request: Request, identity: Reviewer, export_id: str) -> StreamingResponse:
    """Return an export to who made it, once; afterwards it is gone."""
    # Anything else is no id: it asks neither the disk nor a database that knows no NUL.
    known = _EXPORT_ID.fullmatch(export_id) is not None
    row, content = await fetch(services_of(request), identity, export_id if known else "")
    return StreamingResponse(
        content,
        media_type=row.media_type,
        headers={
            "Content-Disposition": disposition(row.file_name),
            "Content-Length": str(row.bytes),
            "Cache-Control": "no-store",
        },
    )


def _out(row: CallExport, identity: Identity) -> ExportOut:
    return ExportOut.model_validate(
        {
            "export_id": row.id if row.by_login == identity.login else None,
            "kind": row.kind,
            "reference": row.reference,
            "covered": row.covered,
            "sound": row.sound,
            "file_name": row.file_name,
            "bytes": row.bytes,
            "sha256": row.sha256,
            "by": row.by_login,
            "made_at": row.made_at,
            "expires_at": row.expires_at,
            "fetched_at": row.fetched_at,
        }
    )
