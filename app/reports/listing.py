"""Glue: the lists of reports and calls that one person may take along, read in one go and bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.callers.repository import matters_of
from app.errors import BadRequest
from app.japan import JAPAN
from app.judgements.repository import standing_of
from app.models import Call
from app.privacy.sight import TextSight
from app.privacy.sight_of_call import text_sights
from app.reports.lists import Sheet, call_sheet, report_sheet
from app.reports.models import IncidentReport
from app.reports.reading import numbers_of
from app.reports.repository import AT_ONCE, ReportState, calls_in, last_versions, reports_in
from app.services import Services

MOST_DAYS: Final = 366
MOST_ROWS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Span:
    """Days of the office's calendar, both included, of the calls' beginnings."""

    since: date
    until: date

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.since, time.min, JAPAN)

    @property
    def ends_at(self) -> datetime:
        """Return the first moment after it."""
        return datetime.combine(self.until + timedelta(days=1), time.min, JAPAN)


def checked_span(since: date, until: date) -> Span:
    """Return the span of a list.

    Raises:
        BadRequest: it ends before it begins, is too long, or beyond the calendar (``list_span``).
    """
    if since > until or (until - since).days >= MOST_DAYS or until.year > 9000 or since.year < 1900:
        raise BadRequest("list_span", "期間は、開始日から終了日まで1年以内で指定してください。")
    return Span(since, until)


async def sheet_of_reports(
    services: Services,
    session: AsyncSession,
    identity: Identity,
    span: Span,
    *,
    section: str | None,
    state: ReportState | None,
    with_words: bool,
) -> Sheet:
    """Return the last version of each report in *span* that *identity* may see.

    Raises:
        BadRequest: they are more than a list takes (``list_too_long``).
    """
    found = await reports_in(
        session,
        identity,
        state=state,
        section=section,
        since=span.begins_at,
        until=span.ends_at,
        limit=MOST_ROWS + 1,
    )
    _check_count(len(found))
    calls = [call for _, call in found]
    numbers = await numbers_of(session, calls)
    words = (
        await _words(services, session, identity, calls, {call.id: one for one, call in found})
        if with_words
        else None
    )
    return report_sheet(
        [(report, call, numbers[call.id]) for report, call in found],
        await _verdicts(session, calls),
        words,
    )


async def sheet_of_calls(
    services: Services,
    session: AsyncSession,
    identity: Identity,
    span: Span,
    *,
    section: str | None,
    with_words: bool,
) -> Sheet:
    """Return the ended calls in *span* that *identity* may see.

    Raises:
        BadRequest: they are more than a list takes (``list_too_long``).
    """
    calls = await calls_in(
        session,
        identity,
        section=section,
        since=span.begins_at,
        until=span.ends_at,
        limit=MOST_ROWS + 1,
    )
    _check_count(len(calls))
    reports = {
        call_id: report
        for ids in _in_parts([call.id for call in calls])
        for call_id, report in (await last_versions(session, ids)).items()
    }
    words = await _words(services, session, identity, calls, reports) if with_words else None
    states = {call_id: report.state for call_id, report in reports.items()}
    return call_sheet(calls, states, await _verdicts(session, calls), words)


async def _verdicts(session: AsyncSession, calls: Sequence[Call]) -> dict[str, str]:
    stands = await standing_of(session, [call.id for call in calls])
    return {call_id: one.verdict.value for call_id, one in stands.items()}


async def _words(
    services: Services,
    session: AsyncSession,
    identity: Identity,
    calls: Sequence[Call],
    reports: dict[str, IncidentReport],
) -> dict[str, tuple[str, str]]:
    """Return what was wanted and answered in each call, as *identity* reads it: of its report, else as noted."""
    words: dict[str, tuple[str, str]] = {}
    by_id = {call.id: call for call in calls}
    for ids in _in_parts(list(by_id)):
        matters = await matters_of(session, ids)
        sights = await text_sights(session, services, identity, [by_id[one] for one in ids])
        said: dict[str, tuple[str, str]] = {}
        for call_id in ids:
            report, matter = reports.get(call_id), matters.get(call_id)
            if report is not None:
                told = report.fields
                said[call_id] = (str(told.get("demand", "")), str(told.get("answer", "")))
            elif matter is not None:
                said[call_id] = (matter.matter, matter.answer)
        words |= await anyio.to_thread.run_sync(_as_read, said, sights)
    return words


def _as_read(
    said: Mapping[str, tuple[str, str]], sights: Mapping[str, TextSight]
) -> dict[str, tuple[str, str]]:
    """Return *said* as it is read; for 500 calls a third of a second, so call it in a thread."""
    return {
        call_id: (sights[call_id].of(demand), sights[call_id].of(answer))
        for call_id, (demand, answer) in said.items()
    }


def _in_parts(ids: list[str]) -> list[list[str]]:
    return [ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)]


def _check_count(count: int) -> None:
    if count > MOST_ROWS:
        raise BadRequest(
            "list_too_long",
            f"一度に書き出せるのは{MOST_ROWS}件までです。期間を短くするか、所属を選んでください。",
        )
