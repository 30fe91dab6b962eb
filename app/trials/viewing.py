"""Adapter: trials as a screen reads them: counts for everybody, calls for auditors alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity, Role
from app.calls.repository import utterances_of, visible
from app.cli.policy_words import stated_words
from app.judgements.repository import standing_of
from app.models import Call
from app.privacy.sight import TextSight
from app.trials.hearing import MOST_DIFFERENCES
from app.trials.models import Trial, TrialCall
from app.trials.repository import call_states, tally_of
from app.trials.schemas import (
    ChangedValueOut,
    DifferenceOut,
    FindingChangeOut,
    RuleKey,
    TallyOut,
    TrialDetailOut,
    TrialOut,
    TriedCallDetailOut,
    TriedCallOut,
    TriedCallsOut,
)
from app.trials.states import CallState, TrialState, without_small_numbers
from detection.errors import PolicyInvalid
from detection.policy_reading import parse_policy
from detection.policy_writing import Difference, differences


async def trials_view(session: AsyncSession, trials: Sequence[Trial]) -> list[TrialOut]:
    states = await call_states(session, [trial.id for trial in trials])
    return [TrialOut(**_trial(trial, states.get(trial.id, {}))) for trial in trials]


async def trial_view(
    session: AsyncSession, identity: Identity, trial: Trial, *, least_shown: int
) -> TrialDetailOut:
    """Return how far *trial* is; numbers below *least_shown* only to who sees the calls."""
    states = (await call_states(session, [trial.id])).get(trial.id, {})
    counted = await tally_of(session, trial.id)
    sees_calls = identity.role is Role.AUDITOR
    numbers = asdict(counted) if sees_calls else without_small_numbers(counted, least_shown)
    changed = _changed(trial)
    return TrialDetailOut(
        **_trial(trial, states),
        values=[
            ChangedValueOut(
                key=one.key,
                label=one.label,
                before=stated_words(one.one, one.unit),
                after=stated_words(one.other, one.unit),
            )
            for one in changed or ()
        ],
        off=_keys(trial.change["off"]),
        on=_keys(trial.change["on"]),
        removed=trial.change["removed"],
        added_toml="\n".join(trial.change["added"]),
        policy_changed=trial.policy_before != trial.policy_after
        if changed is None
        else bool(changed),
        tally=TallyOut(**numbers),
        versions=trial.versions,
        sees_calls=sees_calls,
    )


def _changed(trial: Trial) -> Sequence[Difference] | None:
    """Return what the two policies state differently; None where a later release reads one of them no more."""
    try:
        before, after = (
            parse_policy(text, "policy.toml") for text in (trial.policy_before, trial.policy_after)
        )
    except PolicyInvalid:
        return None
    return differences(before, after)


def _trial(trial: Trial, states: dict[str, int]) -> dict[str, Any]:
    waiting = states.get(CallState.WAITING, 0)
    return {
        "trial_id": trial.id,
        "title": trial.title,
        "state": TrialState(trial.state),
        "why": trial.why,
        "section": trial.section,
        "since": trial.since,
        "until": trial.until,
        "by": trial.by_login,
        "at": trial.at,
        "started_at": trial.started_at,
        "ended_at": trial.ended_at,
        "calls": sum(states.values()),
        "done": sum(states.values()) - waiting,
        "not_comparable": states.get(CallState.NOT_COMPARABLE, 0),
    }


def _keys(pairs: Sequence[Sequence[str]]) -> list[RuleKey]:
    return [RuleKey(rule=rule, category=category) for rule, category in pairs]


async def calls_view(
    session: AsyncSession,
    identity: Identity,
    trial: Trial,
    *,
    only_differing: bool,
    offset: int,
    limit: int,
) -> TriedCallsOut:
    """Return the calls of *trial* that *identity* may see."""
    # Those that could not be compared are told of too: nobody takes them for unchanged.
    apart = (TrialCall.differs.is_(True)) | (TrialCall.state == CallState.NOT_COMPARABLE.value)
    mine = (
        visible(select(Call), identity)
        .join(TrialCall, TrialCall.call_id == Call.id)
        .where(TrialCall.trial_id == trial.id, TrialCall.state != CallState.WAITING.value)
    )
    if only_differing:
        mine = mine.where(apart)
    total = await session.scalar(select(func.count()).select_from(mine.subquery()))
    moved = case((TrialCall.level_before != TrialCall.level_after, 0), else_=1)
    query = mine.add_columns(TrialCall).order_by(moved, Call.started_at.desc(), Call.id)
    rows = (await session.execute(query.offset(offset).limit(limit))).all()
    stands = await standing_of(session, [call.id for call, _ in rows])
    return TriedCallsOut(
        calls=[
            TriedCallOut(
                call_id=call.id,
                section=call.section,
                started_at=call.started_at,
                duration_ms=call.duration_ms,
                state=CallState(tried.state),
                why=tried.why,
                level_before=tried.level_before,
                level_after=tried.level_after,
                come=tried.come,
                gone=tried.gone,
                verdict=stands[call.id].verdict if call.id in stands else None,
                differs=tried.differs,
            )
            for call, tried in rows
        ],
        total=total or 0,
    )


async def differences_view(
    session: AsyncSession, tried: TrialCall, sight: TextSight
) -> TriedCallDetailOut:
    """Return where the two hearings of one call differ, with the words as *sight* reads them."""
    spoken = {row.id: row for row in await utterances_of(session, tried.call_id)}
    return TriedCallDetailOut(
        call_id=tried.call_id,
        differences=[
            DifferenceOut(
                utterance_id=one["utterance_id"],
                track=row.track if row is not None else "",
                text=sight.of(row.text) if row is not None else "",
                start_ms=one["start_ms"],
                level_before=one["level"][0],
                level_after=one["level"][1],
                findings=[
                    FindingChangeOut(rule=rule, category=category, before=before, after=after)
                    for rule, category, before, after in one["findings"]
                ],
                come=one["come"],
                gone=one["gone"],
            )
            for one in tried.differences
            for row in (spoken.get(one["utterance_id"]),)
        ],
        cut=len(tried.differences) >= MOST_DIFFERENCES,
    )
