"""Adapter: every query about trials, and the stored words of a call that is heard again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity, Role
from app.calls.recovery import pressed_by, standing_deeds
from app.calls.repository import actions_of, utterances_as_judged
from app.judgements.models import Judgement
from app.judgements.repository import standing_of
from app.models import Call, UtteranceRow
from app.trials.hearing import StoredCall
from app.trials.models import Trial, TrialCall
from app.trials.states import OPEN, CallState, Levels, Tally, TrialState, tally
from detection.types import Pressed, Speaker, Utterance


@dataclass(frozen=True, slots=True)
class Range:
    """Which calls a trial hears: the latest ones in it."""

    section: str = ""
    """Empty: every section's."""
    since: datetime | None = None
    until: datetime | None = None
    most_calls: int = 500


async def calls_in(session: AsyncSession, chosen: Range) -> Sequence[str]:
    """Return the ids of ended calls, the latest first."""
    query = select(Call.id).where(Call.ended_at.is_not(None))
    if chosen.section:
        query = query.where(Call.section == chosen.section)
    if chosen.since is not None:
        query = query.where(Call.started_at >= chosen.since)
    if chosen.until is not None:
        query = query.where(Call.started_at < chosen.until)
    ordered = query.order_by(Call.started_at.desc(), Call.id).limit(chosen.most_calls)
    return (await session.scalars(ordered)).all()


async def stored_call(session: AsyncSession, call_id: str) -> StoredCall | None:
    """Return what is heard again of a call; None where it was deleted meanwhile."""
    call = await session.get(Call, call_id)
    if call is None:
        return None
    presses = [
        (action.at, pressed)
        for action in standing_deeds(await actions_of(session, call_id))
        if (pressed := pressed_by(action)) is not None
    ]
    told: list[Utterance | Pressed] = []
    for row in await utterances_as_judged(session, call_id):
        while presses and presses[0][0] < row.heard_at:
            told.append(presses.pop(0)[1])
        told.append(_utterance(row))
    told += [pressed for _, pressed in presses]
    return StoredCall(call_id, tuple(told), call.duration_ms)


def _utterance(row: UtteranceRow) -> Utterance:
    return Utterance(
        utterance_id=row.id,
        speaker=Speaker(row.track),
        text=row.text,
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        confidence=row.confidence,
        hypotheses=tuple(row.hypotheses),
    )


def visible_trials(identity: Identity) -> Select[Trial]:
    """Return the trials that *identity* may read: an auditor of one section those of that section alone."""
    query = select(Trial)
    if identity.role is Role.AUDITOR and identity.section:
        query = query.where(Trial.section == identity.section)
    return query


async def trials_for(session: AsyncSession, identity: Identity, limit: int) -> Sequence[Trial]:
    """Return the latest trials first."""
    query = visible_trials(identity).order_by(Trial.at.desc(), Trial.id).limit(limit)
    return (await session.scalars(query)).all()


async def trial_for(session: AsyncSession, identity: Identity, trial_id: str) -> Trial | None:
    return await session.scalar(visible_trials(identity).where(Trial.id == trial_id))


async def next_trial(session: AsyncSession) -> Trial | None:
    """Return the trial to work on: one that was begun goes before one that waits, then the oldest."""
    query = select(Trial).where(Trial.state.in_([state.value for state in OPEN]))
    # "running" sorts before "waiting"
    return await session.scalar(query.order_by(Trial.state, Trial.at, Trial.id).limit(1))


async def open_trials(session: AsyncSession) -> int:
    states = [state.value for state in (*OPEN, TrialState.PREPARING)]
    query = select(func.count()).select_from(Trial).where(Trial.state.in_(states))
    return await session.scalar(query) or 0


async def next_call(session: AsyncSession, trial_id: str) -> str | None:
    """Return the call to compare next; None where none is left, or the trial was cancelled or deleted."""
    query = (
        select(TrialCall.call_id)
        .join(Trial, Trial.id == TrialCall.trial_id)
        .where(
            Trial.id == trial_id,
            Trial.state == TrialState.RUNNING.value,
            TrialCall.state == CallState.WAITING.value,
        )
    )
    return await session.scalar(query.order_by(TrialCall.place).limit(1))


async def move(
    session: AsyncSession,
    trial_id: str,
    to: TrialState,
    *,
    at: datetime,
    why: str = "",
) -> bool:
    """Move an open trial, or one that is being prepared; return whether it was."""
    values: dict[str, object] = {"state": to.value, "why": why}
    if to is TrialState.RUNNING:
        values["started_at"] = func.coalesce(Trial.started_at, at)
    elif to not in OPEN:
        values["ended_at"] = at
    moved = await session.execute(
        update(Trial)
        .where(
            Trial.id == trial_id,
            Trial.state.in_([state.value for state in (*OPEN, TrialState.PREPARING)]),
        )
        .values(values)
        .returning(Trial.id)
    )
    return moved.first() is not None


async def note_versions(session: AsyncSession, trial_id: str, versions: dict[str, str]) -> None:
    await session.execute(update(Trial).where(Trial.id == trial_id).values(versions=versions))


async def note_call(
    session: AsyncSession, trial_id: str, call_id: str, values: dict[str, object]
) -> None:
    """Write what became of one call. One that is not waiting any more stays as it is: nothing counts twice."""
    await session.execute(
        update(TrialCall)
        .where(
            TrialCall.trial_id == trial_id,
            TrialCall.call_id == call_id,
            TrialCall.state == CallState.WAITING.value,
        )
        .values(values)
    )


async def call_states(session: AsyncSession, trial_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return for each trial how many of its calls stand in which state."""
    query = (
        select(TrialCall.trial_id, TrialCall.state, func.count().label("calls"))
        .where(TrialCall.trial_id.in_(trial_ids))
        .group_by(TrialCall.trial_id, TrialCall.state)
    )
    found: dict[str, dict[str, int]] = {}
    for row in await session.execute(query):
        found.setdefault(row.trial_id, {})[row.state] = row.calls
    return found


async def counts_of(session: AsyncSession, trial_id: str) -> Tally:
    """Return what the compared calls come to, whatever was judged; counted where they lie: there may be thousands."""

    def number_of(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    before, after = TrialCall.level_before, TrialCall.level_after
    query = select(
        number_of(after > before).label("up"),
        number_of(after < before).label("down"),
        number_of(after == before).label("same"),
        number_of(TrialCall.differs.is_(True)).label("differing"),
        func.coalesce(func.sum(TrialCall.come), 0).label("come"),
        func.coalesce(func.sum(TrialCall.gone), 0).label("gone"),
    ).where(TrialCall.trial_id == trial_id, TrialCall.state == CallState.COMPARED.value)
    row = (await session.execute(query)).one()
    return Tally(
        up=row.up,
        down=row.down,
        same=row.same,
        differing=row.differing,
        alerts_come=int(row.come),
        alerts_gone=int(row.gone),
    )


async def judged_levels(session: AsyncSession, trial_id: str) -> list[Levels]:
    """Return the levels of those compared calls that were judged."""
    query = select(
        TrialCall.call_id,
        TrialCall.level_before,
        TrialCall.level_after,
        TrialCall.come,
        TrialCall.gone,
        TrialCall.differs,
    ).where(
        TrialCall.trial_id == trial_id,
        TrialCall.state == CallState.COMPARED.value,
        TrialCall.call_id.in_(select(Judgement.call_id)),
    )
    return [Levels(*row) for row in await session.execute(query)]


async def tally_of(session: AsyncSession, trial_id: str) -> Tally:
    """Return the numbers of a trial, by the judgements as they stand now."""
    levels = await judged_levels(session, trial_id)
    judged = tally(levels, await standing_of(session, [one.call_id for one in levels]))
    counted = await counts_of(session, trial_id)
    return replace(
        counted,
        harassment_missed=judged.harassment_missed,
        fair_relieved=judged.fair_relieved,
        harassment_found=judged.harassment_found,
        fair_alarmed=judged.fair_alarmed,
        harassment=judged.harassment,
        fair=judged.fair,
    )


async def add_calls(session: AsyncSession, trial_id: str, call_ids: Sequence[str], at: int) -> None:
    """Add calls that wait, from place *at* on; one that was deleted meanwhile is left out."""
    there = set(await session.scalars(select(Call.id).where(Call.id.in_(call_ids))))
    rows = [
        {
            "trial_id": trial_id,
            "call_id": call_id,
            "place": at + place,
            "state": CallState.WAITING.value,
            "why": "",
            "level_before": 0,
            "level_after": 0,
            "come": 0,
            "gone": 0,
            "differs": False,
            "differences": [],
        }
        for place, call_id in enumerate(call_ids)
        if call_id in there
    ]
    if rows:
        await session.execute(insert(TrialCall), rows)


async def give_up_unprepared(session: AsyncSession, *, before: datetime, at: datetime) -> None:
    """Fail the trials that were cut off while their calls were being written down."""
    await session.execute(
        update(Trial)
        .where(Trial.state == TrialState.PREPARING.value, Trial.at < before)
        .values(state=TrialState.FAILED.value, why="interrupted", ended_at=at)
    )
