"""Glue: works through the trials that were asked for, one at a time, behind everything else that the server does.

Each call is one small step: read it, have it heard in the process beside us, write one row. A trial that a restart
cut off goes on with the calls that still wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import anyio
import structlog

from app.db import Database
from app.health import Status, health_of
from app.responses.scripts import load_scripts, warning_sentences
from app.services import Services
from app.trials.hearers import HearerLost, NotComparable, ProcessHearer, hearing_process
from app.trials.models import Trial
from app.trials.repository import (
    give_up_unprepared,
    move,
    next_call,
    next_trial,
    note_call,
    note_versions,
    stored_call,
)
from app.trials.rules import RulesSpec
from app.trials.states import CallState, TrialState

LOOK_SECONDS: Final = 2
"""How often the tables are asked for a trial. They are asked, not told of it: another process may have written it."""
TROUBLE_SECONDS: Final = 30
PREPARED_WITHIN: Final = timedelta(minutes=10)
TRIAL_LOCK: Final = 7_263_029
"""Any number, the same in every server that tries rules."""
MOST_LOST: Final = 3
"""Processes in a row that did not live through a single call."""

_log = structlog.get_logger()


async def run_trials(services: Services) -> None:
    """Work until cancelled. Whatever goes wrong costs the trial at most, never a live call."""
    while True:
        wait_seconds = LOOK_SECONDS
        try:
            async with services.database.transaction() as session:
                trial = await next_trial(session)
                if trial is None:
                    now = services.clock.now()
                    await give_up_unprepared(session, before=now - PREPARED_WITHIN, at=now)
            if trial is not None:
                async with alone(services.database) as mine:
                    if mine:
                        await _run(services, trial)
                        continue
        except Exception as broken:  # noqa: BLE001 - the database may be away, a disk full: it goes on later
            _log.warning("a trial of rules was held up", error=type(broken).__name__)
            wait_seconds = TROUBLE_SECONDS
        await anyio.sleep(wait_seconds)


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[bool]:
    """Say whether no other server of the office works on trials; none does until the block ends."""
    if not database.is_postgresql:
        yield True
        return
    async with database.turn(TRIAL_LOCK) as taken:
        yield taken


async def _run(services: Services, trial: Trial) -> None:
    async with services.database.transaction() as session:
        if not await move(session, trial.id, TrialState.RUNNING, at=services.clock.now()):
            return
    lost = 0
    while lost < MOST_LOST:
        heard = 0
        try:
            async with hearing_process() as hearer:
                await _open(services, trial, hearer)
                while (more := await _step(services, trial.id, hearer)) is not None:
                    heard += more
            break
        except HearerLost as ended:
            lost = 1 if heard else lost + 1
            _log.warning("the process that hears calls again ended", why=str(ended)[:40])
    async with services.database.transaction() as session:
        to = TrialState.DONE if lost < MOST_LOST else TrialState.FAILED
        why = "" if to is TrialState.DONE else "hearer_lost"
        await move(session, trial.id, to, at=services.clock.now(), why=why)


async def _open(services: Services, trial: Trial, hearer: ProcessHearer) -> None:
    versions = await hearer.opened(*specs_of(trial), known_warnings(services))
    async with services.database.transaction() as session:
        await note_versions(session, trial.id, versions)


async def _step(services: Services, trial_id: str, hearer: ProcessHearer) -> int | None:
    """Compare one call; return how many were, None where none is left."""
    if health_of(services.transcriber).status is Status.BEHIND:
        await anyio.sleep(LOOK_SECONDS)  # live calls need the machine now
        return 0
    async with services.database.transaction() as session:
        call_id = await next_call(session, trial_id)
        call = await stored_call(session, call_id) if call_id is not None else None
    if call_id is None:
        return None
    if call is None:
        return 0  # deleted between two questions; its row went with it
    values: dict[str, object] = {"state": CallState.NOT_COMPARABLE.value}
    try:
        values = _compared(await hearer.compared(call))
    except NotComparable as failed:
        values["why"] = str(failed)[:64]
    except HearerLost as ended:
        values["why"] = str(ended)[:64]
        await _note(services, trial_id, call_id, values)
        raise
    await _note(services, trial_id, call_id, values)
    return 1


async def _note(services: Services, trial_id: str, call_id: str, values: dict[str, object]) -> None:
    async with services.database.transaction() as session:
        await note_call(session, trial_id, call_id, values)


def _compared(fields: dict[str, Any]) -> dict[str, object]:
    return {"state": CallState.COMPARED.value, "why": "", **fields}


def specs_of(trial: Trial) -> tuple[RulesSpec, RulesSpec]:
    """Return the rules before and after the change of *trial*."""
    change, off = trial.change, {(rule, category) for rule, category in trial.off_before}
    wanted = off | {tuple(key) for key in change["off"]}
    kept = wanted - {tuple(key) for key in change["on"]}
    before = RulesSpec(policy=trial.policy_before, off=tuple(sorted(off)))
    after = RulesSpec(
        policy=trial.policy_after,
        off=tuple(sorted((rule, category) for rule, category in kept)),
        added=tuple(change["added"]),
        removed=tuple(change["removed"]),
    )
    return before, after


def known_warnings(services: Services) -> tuple[str, ...]:
    """Return the sentences by which the operator's warnings are known: shipped, and as the office words them now."""
    shipped, now = load_scripts(), services.scripts.now
    return tuple(dict.fromkeys((*warning_sentences(shipped), *warning_sentences(now))))
