"""Glue: a report as one person reads it: with covered words covered, and what this person may do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity, Role
from app.callers.number import masked
from app.calls.endpoints import numbers_for
from app.japan import JAPAN
from app.models import Call
from app.privacy.sight import TextSight
from app.privacy.sight_of_call import text_sight
from app.reports.filling import filled
from app.reports.form import FIELDS, edited_in
from app.reports.gathering import call_record, quoted
from app.reports.guarding import report_seen
from app.reports.models import IncidentReport, ReportStep
from app.reports.record import CallRecord, Said
from app.reports.repository import (
    OPEN,
    ReportState,
    authors_of,
    first_ids,
    steps_of,
    versions_of,
)
from app.services import Services


@dataclass(frozen=True, slots=True)
class May:
    """What somebody may do with a report as it stands."""

    write: bool
    submit: bool
    withdraw: bool
    decide: bool
    correct: bool
    is_author: bool


@dataclass(frozen=True, slots=True)
class ReadReport:
    report: IncidentReport
    call: Call
    record: CallRecord
    number: str
    """Of the report, the same in all its versions."""
    caller_number: str
    """As much of it as this person reads."""
    texts: Mapping[str, str]
    """By key, as this person reads them; so are the others."""
    originals: Mapping[str, str]
    record_texts: Mapping[str, str]
    """What would be filled in now."""
    covered: frozenset[str]
    """Keys of the fields in which this person reads covered words: not to be written over."""
    edited: frozenset[str]
    quotes: tuple[Said, ...]
    offered: tuple[Said, ...]
    """What may be quoted, the chosen among it."""
    sight: TextSight
    versions: Sequence[IncidentReport]
    """The latest first."""
    steps: Sequence[ReportStep]
    may: May


async def read_report(
    services: Services, session: AsyncSession, identity: Identity, report_id: int
) -> ReadReport:
    """Return a report as *identity* reads it.

    Raises:
        NotFound: there is none, or not for these eyes (``report_unknown``).
    """
    report, call = await report_seen(session, identity, report_id)
    sight = await text_sight(session, services, identity, call)
    record = await call_record(services, session, call)
    versions = await versions_of(session, call.id)
    chosen = await quoted(session, call, report.quotes)
    steps = await steps_of(session, report.id)
    authors = await authors_of(session, report)
    number = numbers_for(services, identity).of_call(call)

    def composed() -> ReadReport:
        texts = {field.key: str(report.fields.get(field.key, "")) for field in FIELDS}
        seen = {key: sight.of(text) for key, text in texts.items()}
        originals = {key: str(text) for key, text in report.originals.items()}
        return ReadReport(
            report=report,
            call=call,
            record=record,
            number=report_number(call, versions[-1].id),
            caller_number=number if sight.whole else masked(number),
            texts=seen,
            originals={key: sight.of(text) for key, text in originals.items()},
            record_texts={key: sight.of(text) for key, text in filled(record).items()},
            covered=frozenset(key for key, text in texts.items() if seen[key] != text),
            edited=edited_in(texts, originals),
            quotes=_seen(chosen, sight),
            offered=_seen(_offered(record.said, chosen), sight),
            sight=sight,
            versions=versions,
            steps=steps,
            may=_may(identity, report, versions, authors),
        )

    # Covering sixty long texts takes a third of a second, which no live call may wait for.
    return await anyio.to_thread.run_sync(composed)


def _may(
    identity: Identity,
    report: IncidentReport,
    versions: Sequence[IncidentReport],
    authors: frozenset[str],
) -> May:
    person = identity.user_id is not None
    author = identity.login in authors
    writing = person and ReportState(report.state) in OPEN
    waiting = person and report.state == ReportState.SUBMITTED
    return May(
        write=writing,
        submit=writing and author,
        withdraw=waiting and author,
        decide=waiting and identity.role is Role.SUPERVISOR and not author,
        correct=person and report.state == ReportState.APPROVED and versions[0].id == report.id,
        is_author=author,
    )


async def numbers_of(session: AsyncSession, calls: Sequence[Call]) -> dict[str, str]:
    """Return the number of the report of each of *calls* that has one."""
    first = await first_ids(session, [call.id for call in calls])
    return {call.id: report_number(call, first[call.id]) for call in calls if call.id in first}


def report_number(call: Call, first_id: int) -> str:
    """Return the number that all versions share: the day of the call, and the id of the first."""
    return f"{call.started_at.astimezone(JAPAN):%Y%m%d}-{first_id:04}"


def _offered(said: Sequence[Said], chosen: Sequence[Said]) -> list[Said]:
    known = {one.utterance_id for one in said}
    return sorted(
        (*said, *(one for one in chosen if one.utterance_id not in known)),
        key=lambda one: one.start_ms,
    )


def _seen(said: Sequence[Said], sight: TextSight) -> tuple[Said, ...]:
    return tuple(replace(one, text=sight.of(one.text)) for one in said)
