"""Glue: the page 「報告書」: the reports that somebody may see, and lists to take along. Works without script."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.auth.identity import Identity, Role
from app.callers.deciding import today_in_japan
from app.calls.schemas import StorableText
from app.errors import BadRequest
from app.models import Call
from app.reports.endpoints import Viewer
from app.reports.file_endpoints import Lister, ListQuery, list_file
from app.reports.listing import Span, checked_span
from app.reports.reading import numbers_of
from app.reports.repository import STATE_WORDS, ReportState, calls_without_report, reports_in
from app.screens.language import Phrase, phrase
from app.screens.rendering import refusal_words, render
from app.screens.words import LEVELS, OUTCOMES
from app.search.queries import sections
from app.services import services_of
from app.trail.looking import Look, looks_of
from detection.types import Outcome, Severity

PAGE: Final = 50
DAYS_AT_FIRST: Final = 90
GRAVE_SHOWN: Final = 20
OTHERS_SHOWN: Final = 50

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownLine:
    report_id: int
    number: str
    version: Phrase
    state: str
    state_words: str
    call: ShownCall
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class ShownCall:
    call_id: str
    began: datetime
    lasted: Phrase
    section: str
    level: int
    level_words: str
    outcome: str


@router.get("/reports")
async def reports_page(
    request: Request,
    identity: Viewer,
    state: str = "",
    section: Annotated[StorableText, Query(max_length=64)] = "",
    since: str = "",
    until: str = "",
    page: Annotated[int, Query(ge=1, le=2_000)] = 1,
) -> Response:
    return await _page(request, identity, state, section, since, until, page)


@router.get("/reports/lists/{ending}")
async def list_of_page(
    request: Request,
    identity: Lister,
    ending: Literal["xlsx", "csv"],
    of: Literal["reports", "calls"] = "reports",
    state: str = "",
    section: Annotated[StorableText, Query(max_length=64)] = "",
    since: str = "",
    until: str = "",
    words: str = "",
) -> Response:
    """Return the list that the page asks for; what is refused is told on the page."""
    try:
        span = _span(since, until, today_in_japan(services_of(request).clock.now()))
        wanted = ListQuery(
            since=span.since,
            until=span.until,
            of=of,
            section=section,
            state=_state(state) or "",
            words=words == "true",
        )
        return await list_file(request, identity, wanted, ending)
    except BadRequest as refused:
        return await _page(request, identity, state, section, since, until, refused=refused)


async def _page(
    request: Request,
    identity: Identity,
    state: str,
    section: str,
    since: str,
    until: str,
    page: int = 1,
    *,
    refused: BadRequest | None = None,
) -> Response:
    services = services_of(request)
    today = today_in_japan(services.clock.now())
    try:
        span = _span(since, until, today)
    except BadRequest as wrong:
        span, refused = _span("", "", today), wrong
    wanted = _state(state)
    async with services.database.transaction() as session:
        found = await reports_in(
            session,
            identity,
            state=wanted,
            section=section or None,
            since=span.begins_at,
            until=span.ends_at,
            limit=PAGE + 1,
            offset=(page - 1) * PAGE,
        )
        numbers = await numbers_of(session, [call for _, call in found])
        grave = await calls_without_report(session, identity, GRAVE_SHOWN, grave=True)
        others = await calls_without_report(session, identity, OTHERS_SHOWN, grave=False)
        offered = await sections(session, identity) if identity.role is not Role.OPERATOR else []
    await looks_of(request).note(Look.REPORTS, identity)
    return render(
        request,
        "reports.html",
        identity=identity,
        lines=[
            ShownLine(
                report_id=report.id,
                number=numbers[call.id],
                version=phrase("第{n}版", n=report.version),
                state=report.state,
                state_words=STATE_WORDS[ReportState(report.state)],
                call=_call(call),
                changed_at=report.changed_at,
                changed_by=report.changed_by,
            )
            for report, call in found[:PAGE]
        ],
        states=[(one.value, words) for one, words in STATE_WORDS.items()],
        state=wanted.value if wanted is not None else "",
        sections=offered if len(offered) > 1 else [],
        section=section,
        since=span.since.isoformat(),
        until=span.until.isoformat(),
        page=page,
        more=len(found) > PAGE,
        grave=[_call(call) for call in grave],
        others=[_call(call) for call in others],
        may_export=_may_export(identity),
        failure=refusal_words(request, refused) if refused is not None else "",
        status_code=refused.status if refused is not None else 200,
    )


def _state(state: str) -> ReportState | None:
    return ReportState(state) if state in set(ReportState) else None


def _may_export(identity: Identity) -> bool:
    return identity.role in {Role.SUPERVISOR, Role.AUDITOR}


def _span(since: str, until: str, today: date) -> Span:
    """Return the days that were asked for, else the last three months.

    Raises:
        BadRequest: as ``checked_span`` says.
    """
    last, first = today, today - timedelta(days=DAYS_AT_FIRST)
    with suppress(ValueError):
        last = date.fromisoformat(until)
    with suppress(ValueError):
        first = date.fromisoformat(since)
    return checked_span(first, last)


def _call(call: Call) -> ShownCall:
    return ShownCall(
        call_id=call.id,
        began=call.started_at,
        lasted=_lasted(call.duration_ms),
        section=call.section,
        level=call.top_level,
        level_words=LEVELS[Severity(call.top_level)].label,
        outcome=OUTCOMES[Outcome(call.outcome)],
    )


def _lasted(duration_ms: int) -> Phrase:
    minutes, seconds = divmod(max(0, duration_ms) // 1000, 60)
    return phrase("{m}分{s}秒", m=minutes, s=seconds) if minutes else phrase("{s}秒", s=seconds)
