"""Adapter: the calls that could be what is searched for, and their words. Takes a session, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, exists, func, null, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.calls.repository import visible
from app.judgements.models import Judgement
from app.models import AlertRow, Call, DecisionRow, FindingRow, UtteranceRow
from app.recordings.models import Recording
from app.reports.models import IncidentReport
from app.search.asking import Asked, Facts, JudgedAs
from app.search.index import Covers, may_match, pieces_by_their_index
from app.search.matching import Spoken
from app.search.models import SearchedCall
from app.search.paging import Place
from detection.types import Step

SaidPlace = tuple[str, str, int]
"""Call, track, and which of its utterances, counted from 0 in the order of their ends."""


@dataclass(frozen=True, slots=True)
class Said:
    utterance_id: str
    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    place: Place
    number: int | None
    """Of its words in the index; None where no words are asked for."""


_COLUMNS: Final = (
    SearchedCall.number,
    SearchedCall.caller_words,
    SearchedCall.caller_readings,
    SearchedCall.operator_words,
    SearchedCall.operator_readings,
)
_WRITTEN: Final = (SearchedCall.number, SearchedCall.caller_words, SearchedCall.operator_words)


async def candidates(
    session: AsyncSession,
    identity: Identity,
    facts: Facts,
    asked: Asked,
    *,
    after: Place | None,
    limit: int | None,
) -> list[Candidate]:
    """Return the calls that *identity* may see and that could match, the newest first."""
    query = _wanted(session, identity, facts, asked)
    if after is not None:
        query = query.where(
            or_(
                Call.started_at < after.started_at,
                and_(Call.started_at == after.started_at, Call.id < after.call_id),
            )
        )
    number = SearchedCall.number if asked.names_words else null()
    query = query.order_by(Call.started_at.desc(), Call.id.desc()).limit(limit)
    async with pieces_by_their_index(session) if asked.terms else nullcontext():
        rows = await session.execute(query.with_only_columns(Call.started_at, Call.id, number))
    return [Candidate(Place(row[0], row[1]), row[2]) for row in rows]


async def count_up_to(
    session: AsyncSession, identity: Identity, facts: Facts, asked: Asked, most: int
) -> int:
    """Return how many candidates there are, counting no further than *most*."""
    some = _wanted(session, identity, facts, asked).with_only_columns(Call.id).limit(most)
    return await session.scalar(select(func.count()).select_from(some.subquery())) or 0


async def spoken_in(
    session: AsyncSession, numbers: Sequence[int], *, by_sound: bool
) -> dict[int, tuple[Spoken, Spoken]]:
    """Return both sides' words of the calls that the index knows as *numbers*; their sound where it is asked for."""
    query = select(*(_COLUMNS if by_sound else _WRITTEN)).where(SearchedCall.number.in_(numbers))
    rows = await session.execute(query)
    if not by_sound:
        return {row[0]: (_silent("caller", row[1]), _silent("operator", row[2])) for row in rows}
    return {
        row[0]: (Spoken("caller", row[1], row[2]), Spoken("operator", row[3], row[4]))
        for row in rows
    }


def _silent(track: str, words: str) -> Spoken:
    return Spoken(track, words, "\n" * words.count("\n"))


async def covers_of(session: AsyncSession, numbers: Collection[int]) -> dict[int, Covers]:
    """Return what is covered in the words of the calls that the index knows as *numbers*."""
    query = select(SearchedCall.number, SearchedCall.covers).where(
        SearchedCall.number.in_(list(numbers))
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def calls_by_id(session: AsyncSession, call_ids: Collection[str]) -> dict[str, Call]:
    rows = await session.scalars(select(Call).where(Call.id.in_(list(call_ids))))
    return {call.id: call for call in rows}


async def categories_of(
    session: AsyncSession, call_ids: Collection[str]
) -> dict[str, dict[str, int]]:
    """Return the categories found in each call, with the gravest severity of each."""
    query = (
        select(FindingRow.call_id, FindingRow.category, func.max(FindingRow.severity))
        .where(FindingRow.call_id.in_(list(call_ids)), FindingRow.severity > 0)
        .group_by(FindingRow.call_id, FindingRow.category)
    )
    found: dict[str, dict[str, int]] = {}
    for call_id, category, severity in await session.execute(query):
        found.setdefault(call_id, {})[category] = severity
    return found


async def said_at(session: AsyncSession, places: Collection[SaidPlace]) -> dict[SaidPlace, Said]:
    """Return the utterances at *places*, as far as they are still there.

    The database counts to them: hours of talk are not read for three lines of it.
    """
    number = func.row_number().over(
        partition_by=(UtteranceRow.call_id, UtteranceRow.track),
        order_by=(UtteranceRow.end_ms, UtteranceRow.id),
    )
    counted = (
        select(UtteranceRow.id, UtteranceRow.call_id, UtteranceRow.track, number.label("number"))
        .where(UtteranceRow.call_id.in_({call_id for call_id, _, _ in places}))
        .subquery()
    )
    query = (
        select(
            counted.c.call_id,
            counted.c.track,
            counted.c.number,
            UtteranceRow.id,
            UtteranceRow.start_ms,
            UtteranceRow.end_ms,
            UtteranceRow.text,
        )
        .join(UtteranceRow, UtteranceRow.id == counted.c.id)
        .where(
            tuple_(counted.c.call_id, counted.c.track, counted.c.number).in_(
                [(call_id, track, index + 1) for call_id, track, index in places]
            )
        )
    )
    rows = await session.execute(query) if places else ()
    return {(row[0], row[1], row[2] - 1): Said(*row[3:]) for row in rows}


async def held(
    session: AsyncSession, call_ids: Collection[str]
) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return which of *call_ids* have an alert marked 誤検知, a recording, a report."""
    wanted = list(call_ids)
    alerts = select(AlertRow.call_id).where(
        AlertRow.call_id.in_(wanted), AlertRow.false_alarm.is_(True)
    )
    recordings = select(Recording.call_id).where(Recording.call_id.in_(wanted))
    reports = select(IncidentReport.call_id).where(IncidentReport.call_id.in_(wanted))
    return (
        frozenset(await session.scalars(alerts)),
        frozenset(await session.scalars(recordings)),
        frozenset(await session.scalars(reports)),
    )


async def sections(session: AsyncSession, identity: Identity) -> list[str]:
    """Return the sections whose ended calls *identity* may see."""
    query = visible(select(Call), identity).where(Call.ended_at.is_not(None))
    return sorted(
        filter(None, await session.scalars(query.with_only_columns(Call.section).distinct()))
    )


def _wanted(session: AsyncSession, identity: Identity, facts: Facts, asked: Asked) -> Select[Call]:
    query = visible(select(Call), identity).where(Call.ended_at.is_not(None), *_facts(facts))
    if asked.names_words:
        query = query.join(SearchedCall, SearchedCall.call_id == Call.id)
        possible = may_match(session, asked)
        if possible is not None:
            query = query.where(possible)
    return query


def _facts(facts: Facts) -> list[ColumnElement[bool]]:
    kept = list[ColumnElement[bool]]()
    if facts.section is not None:
        kept.append(Call.section == facts.section)
    if facts.levels:
        kept.append(Call.top_level.in_(sorted(facts.levels)))
    if facts.outcomes:
        kept.append(Call.outcome.in_(sorted(one.value for one in facts.outcomes)))
    if facts.began_from is not None:
        kept.append(Call.started_at >= facts.began_from)
    if facts.began_before is not None:
        kept.append(Call.started_at < facts.began_before)
    if facts.shortest_ms is not None:
        kept.append(Call.duration_ms >= facts.shortest_ms)
    if facts.longest_ms is not None:
        kept.append(Call.duration_ms <= facts.longest_ms)
    if facts.caller_hashes is not None:
        kept.append(Call.caller_hash.in_(sorted(facts.caller_hashes)))
    return [*kept, *_facts_elsewhere(facts)]


def _facts_elsewhere(facts: Facts) -> list[ColumnElement[bool]]:
    kept = list[ColumnElement[bool]]()
    if facts.categories:
        found = sorted(one.value for one in facts.categories)
        kept.append(
            exists().where(
                FindingRow.call_id == Call.id,
                FindingRow.category.in_(found),
                FindingRow.severity > 0,
            )
        )
    if facts.welfare:
        kept.append(
            exists().where(DecisionRow.call_id == Call.id, DecisionRow.step == Step.WELFARE.value)
        )
    if facts.false_alarm:
        kept.append(exists().where(AlertRow.call_id == Call.id, AlertRow.false_alarm.is_(True)))
    if facts.recording:
        kept.append(exists().where(Recording.call_id == Call.id))
    if facts.report:
        kept.append(exists().where(IncidentReport.call_id == Call.id))
    if facts.judged is JudgedAs.NONE:
        kept.append(~exists().where(Judgement.call_id == Call.id))
    elif facts.judged is not None:
        # Which of several judgements stands is decided by app.judgements, of the calls that are left.
        kept.append(exists().where(Judgement.call_id == Call.id))
    return kept
