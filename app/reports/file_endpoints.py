"""Glue: reports as DOCX and PDF, and lists of reports and calls as Excel and CSV, over REST."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.schemas import StorableText
from app.errors import BadRequest, NotAllowed, NotFound, NotSignedIn
from app.privacy.known import covered_sights
from app.privacy.sight import WHOLE
from app.reports.composing import composed
from app.reports.docx import docx_of
from app.reports.downloads import CSV, DOCX, PDF, XLSX, file_answer, made_aside, note_export
from app.reports.endpoints import ReportId, Viewer
from app.reports.layout import Document
from app.reports.list_files import csv_of, xlsx_of
from app.reports.listing import Span, checked_span, sheet_of_calls, sheet_of_reports
from app.reports.lists import Sheet
from app.reports.pdf import pdf_of
from app.reports.reading import ReadReport, read_report
from app.reports.repository import ReportState
from app.services import services_of

Names = Annotated[
    Literal["covered", "whole"],
    Query(description="Whether names in words of the call are covered"),
]
Lister = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR))]


class ListQuery(BaseModel):
    """Which list, of which calls."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    since: date
    """First day of the calls' beginnings, in Japan."""
    until: date
    """Their last day; a year at most."""
    of: Literal["reports", "calls"] = "reports"
    section: StorableText = Field(default="", max_length=64)
    """Empty: all that you may see."""
    state: ReportState | Literal[""] = ""
    """Of reports; empty: any."""
    words: bool = False
    """Also what was wanted and answered, as far as you may read it."""


Wanted = Annotated[ListQuery, Query()]
_FILES: Final[Mapping[str, tuple[str, Callable[[Sheet], bytes]]]] = {
    "xlsx": (XLSX, xlsx_of),
    "csv": (CSV, csv_of),
}
_OF: Final = {"reports": "報告書の一覧", "calls": "通話の一覧"}

router = APIRouter(
    prefix="/v1/reports", tags=["reports"], responses=problems(NotSignedIn, NotAllowed)
)


@router.get("/list.xlsx", response_class=Response, responses=problems(BadRequest))
async def list_as_excel(request: Request, identity: Lister, wanted: Wanted) -> Response:
    """Return reports, or calls, of at most a year as Excel workbook."""
    return await list_file(request, identity, wanted, "xlsx")


@router.get("/list.csv", response_class=Response, responses=problems(BadRequest))
async def list_as_csv(request: Request, identity: Lister, wanted: Wanted) -> Response:
    """Return the same as CSV: UTF-8 with its mark, so that Excel reads it."""
    return await list_file(request, identity, wanted, "csv")


@router.get("/{report_id}/document.pdf", response_class=Response, responses=problems(NotFound))
async def report_as_pdf(
    request: Request, identity: Viewer, report_id: ReportId, names: Names = "covered"
) -> Response:
    """Return the report as PDF; marked 「案」 until it is approved."""
    return await _document(request, identity, report_id, names, "pdf", PDF, pdf_of)


@router.get("/{report_id}/document.docx", response_class=Response, responses=problems(NotFound))
async def report_as_docx(
    request: Request, identity: Viewer, report_id: ReportId, names: Names = "covered"
) -> Response:
    """Return the report as DOCX; marked 「案」 until it is approved."""
    now = services_of(request).clock.now()
    make = partial(docx_of, made_at=now)
    return await _document(request, identity, report_id, names, "docx", DOCX, make)


async def _document(
    request: Request,
    identity: Identity,
    report_id: int,
    names: Literal["covered", "whole"],
    ending: str,
    media_type: str,
    make: Callable[[Document], bytes],
) -> Response:
    services = services_of(request)
    async with services.database.transaction() as session:
        read = await read_report(services, session, identity, report_id)
        # Who reads the call covered gets it covered, whatever they ask for: their sight is in the texts.
        sight = WHOLE
        if names == "covered" and read.sight.whole:
            sights = await covered_sights(session, services.database, [read.call.id])
            sight = sights[read.call.id]
    document = composed(
        read, services.settings.reports, office=services.settings.aids.office_name, sight=sight
    )
    contents = await made_aside(request, partial(make, document))
    await note_export(
        request,
        "report.exported",
        call_id=read.call.id,
        subject=f"{read.report.id} r{read.report.revision} {ending} names {names}",
    )
    return file_answer(
        contents,
        name=_file_name(read, document, ending),
        plain_name=f"report-{read.number}-v{read.report.version}.{ending}",
        media_type=media_type,
    )


def _file_name(read: ReadReport, document: Document, ending: str) -> str:
    draft = "_案" if document.draft else ""
    title = "".join(letter for letter in document.title if letter not in '\\/:*?"<>|')
    return f"{title}_{read.number}_{document.version}{draft}.{ending}"


async def list_file(
    request: Request, identity: Identity, wanted: ListQuery, ending: Literal["xlsx", "csv"]
) -> Response:
    """Return the list as a file; on the trail.

    Raises:
        BadRequest: its days are none or too many, or its rows (``list_span``, ``list_too_long``).
    """
    media_type, make = _FILES[ending]
    span = checked_span(wanted.since, wanted.until)
    sheet = await _sheet(request, identity, wanted, span)
    contents = await made_aside(request, partial(make, sheet))
    days = f"{span.since:%Y%m%d}-{span.until:%Y%m%d}"
    said = " words" if wanted.words else ""
    await note_export(request, "list.exported", subject=f"{wanted.of} {ending} {days}{said}")
    return file_answer(
        contents,
        name=f"{_OF[wanted.of]}_{days}.{ending}",
        plain_name=f"{wanted.of}-{days}.{ending}",
        media_type=media_type,
    )


async def _sheet(request: Request, identity: Identity, wanted: ListQuery, span: Span) -> Sheet:
    services = services_of(request)
    async with services.database.transaction() as session:
        if wanted.of == "calls":
            return await sheet_of_calls(
                services,
                session,
                identity,
                span,
                section=wanted.section or None,
                with_words=wanted.words,
            )
        return await sheet_of_reports(
            services,
            session,
            identity,
            span,
            section=wanted.section or None,
            state=wanted.state or None,
            with_words=wanted.words,
        )
