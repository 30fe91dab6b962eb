"""Glue: the office's figures over REST. They are counts: no call, no person, no word is in an answer."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.download_names import disposition
from app.errors import BadRequest, NotAllowed, NotSignedIn
from app.japan import JAPAN
from app.services import services_of
from app.statistics.desk import StatisticsDesk, statistics_of
from app.statistics.documents import csv_of, xlsx_of
from app.statistics.periods import period_named
from app.statistics.schemas import StatisticsOut
from app.trail.chain import Deed
from app.trail.writing import record

Reader = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR))]
MonthText = Annotated[
    str | None, Query(max_length=7, description="As 2026-04; whole months are counted")
]
SectionText = Annotated[
    str | None,
    Query(max_length=64, description="For auditors of every section; unset: all of them"),
]
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = APIRouter(
    prefix="/v1/statistics",
    tags=["statistics"],
    responses=problems(NotSignedIn, NotAllowed, BadRequest),
)


@router.get("")
async def read_statistics(
    request: Request,
    identity: Reader,
    first: MonthText = None,
    last: MonthText = None,
    section: SectionText = None,
    compare: Annotated[bool, Query(description="Also the same months a year earlier")] = False,  # noqa: FBT002
) -> StatisticsOut:
    """Return the tables of a period: the present fiscal year where none is named.

    Supervisors read their own section's, auditors their own or any, administrators the whole office's.
    Small counts are not told to anybody, not even to those who may see the calls: figures are passed on.
    """
    desk = statistics_of(request)
    return await _figures(desk, identity, first, last, section, compare=compare)


@router.get("/export.{kind}", response_class=Response)
async def export_statistics(
    request: Request,
    identity: Reader,
    kind: Literal["csv", "xlsx"],
    first: MonthText = None,
    last: MonthText = None,
    section: SectionText = None,
    compare: Annotated[bool, Query()] = False,  # noqa: FBT002
) -> Response:
    """Return the same tables as a file."""
    desk = statistics_of(request)
    figures = await _figures(desk, identity, first, last, section, compare=compare)
    write = csv_of if kind == "csv" else xlsx_of
    written = await anyio.to_thread.run_sync(write, figures)
    async with services_of(request).database.transaction() as session:
        told = f"{figures.first}..{figures.last} {kind}"
        await record(session, Deed("statistics.exported", subject=told))
    return attachment(
        written,
        "text/csv; charset=utf-8" if kind == "csv" else XLSX,
        f"statistics-{figures.first}-{figures.last}.{kind}",
    )


def attachment(written: bytes, media_type: str, name: str) -> Response:
    return Response(
        written,
        media_type=media_type,
        headers={
            "Content-Disposition": disposition(name),
            "Cache-Control": "no-store",
        },
    )


async def _figures(
    desk: StatisticsDesk,
    identity: Identity,
    first: str | None,
    last: str | None,
    section: str | None,
    *,
    compare: bool,
) -> StatisticsOut:
    today = desk.clock.now().astimezone(JAPAN).date()
    period = period_named(first, last, today)
    return await desk.answer(identity, period, section=section, compare=compare)
