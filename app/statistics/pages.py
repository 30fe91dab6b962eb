"""Glue: the page 「統計」, whose figures arrive through ``/v1/statistics``, and the yearly sheet."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.errors import NotAllowed, NotSignedIn
from app.japan import JAPAN
from app.screens.rendering import render
from app.services import services_of
from app.statistics.desk import statistics_of
from app.statistics.endpoints import XLSX, attachment
from app.statistics.periods import fiscal_year
from app.statistics.sheet import YearSheet, era_year, sheet_of
from app.statistics.sheet_files import docx_of, xlsx_of
from app.trail.chain import Deed
from app.trail.writing import record

Reader = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR))]
Publisher = Annotated[Identity, Depends(requires(Role.AUDITOR, Role.ADMINISTRATOR))]
Year = Annotated[int, Path(ge=2000, le=2098)]
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
YEARS_BACK: Final = 5

router = APIRouter()


@router.get("/statistics", include_in_schema=False)
async def statistics_page(request: Request, identity: Reader) -> Response:
    this = statistics_of(request).today_month()
    years = [this.fiscal_year - back for back in range(YEARS_BACK + 1)]
    return render(
        request,
        "statistics.html",
        identity=identity,
        this_month=str(this),
        fiscal_years=[(year, era_year(year)) for year in years],
        publishes=_publishes(identity),
    )


@router.get("/statistics/yearly/{year}", include_in_schema=False)
async def yearly_page(request: Request, identity: Publisher, year: Year) -> Response:
    sheet = await _sheet(request, identity, year)
    return render(request, "statistics_yearly.html", identity=identity, sheet=sheet)


@router.get(
    "/v1/statistics/yearly/{year}.{kind}",
    tags=["statistics"],
    response_class=Response,
    responses=problems(NotSignedIn, NotAllowed),
)
async def yearly_file(
    request: Request, identity: Publisher, year: Year, kind: Literal["docx", "xlsx"]
) -> Response:
    """Return the sheet that the office publishes of a fiscal year, for Word or Excel."""
    sheet = await _sheet(request, identity, year)
    written = await anyio.to_thread.run_sync(docx_of if kind == "docx" else xlsx_of, sheet)
    async with services_of(request).database.transaction() as session:
        await record(session, Deed("statistics.exported", subject=f"{year} {kind}"))
    media_type = DOCX if kind == "docx" else XLSX
    return attachment(written, media_type, f"statistics-{year}.{kind}")


async def _sheet(request: Request, identity: Identity, year: int) -> YearSheet:
    """Raise NotAllowed for auditors of one section: the sheet is the whole office's."""
    if not _publishes(identity):
        raise NotAllowed(
            "office_figures_only",
            "公表用資料は庁内全体のものです。すべての課を受け持つ監査担当者か管理者が作成できます。",
        )
    desk = statistics_of(request)
    figures = await desk.answer(identity, fiscal_year(year), section=None, compare=True)
    today = desk.clock.now().astimezone(JAPAN).date()
    office = services_of(request).settings.aids.office_name
    return sheet_of(figures, year=year, office=office, today=today)


def _publishes(identity: Identity) -> bool:
    return identity.role is Role.ADMINISTRATOR or (
        identity.role is Role.AUDITOR and not identity.section
    )
