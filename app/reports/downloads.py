"""Glue: files that somebody takes along: named, not kept by browsers, each on the trail before it is handed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar, cast

import anyio
import anyio.to_thread
from fastapi import Request
from fastapi.responses import Response

from app.download_names import disposition
from app.services import services_of
from app.trail.chain import Deed
from app.trail.writing import record

T = TypeVar("T")
PDF: Final = "application/pdf"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV: Final = "text/csv; charset=utf-8"


def file_answer(contents: bytes, *, name: str, plain_name: str, media_type: str) -> Response:
    """Return *contents* as a download called *name*; *plain_name* is for programs that know ASCII only."""
    called = disposition(name, plain_name=plain_name)
    return Response(
        contents,
        media_type=media_type,
        headers={"Content-Disposition": called, "Cache-Control": "no-store"},
    )


async def made_aside(request: Request, make: Callable[[], T]) -> T:
    """Run *make*, which computes for a second, in a thread; one at a time, so that live calls keep their share."""
    state = request.app.state
    if not hasattr(state, "report_slots"):
        state.report_slots = anyio.CapacityLimiter(1)
    limiter = cast("anyio.CapacityLimiter", state.report_slots)
    return await anyio.to_thread.run_sync(make, limiter=limiter)


async def note_export(request: Request, kind: str, *, call_id: str = "", subject: str) -> None:
    """Put on the trail what was taken along; *subject* holds no word of a call."""
    async with services_of(request).database.transaction() as session:
        await record(session, Deed(kind, call_id=call_id, subject=subject[:160]))
