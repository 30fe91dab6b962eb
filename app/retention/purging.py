"""Glue: deletes calls one by one, so that wherever it is cut off the next run finishes, and looks again at the end.

First the call is written down with its run; then its files go, then its rows, and with them the mark that
it is done. What a run of an earlier day has left unfinished is finished before anything new is begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import anyio
import structlog
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.deciding import today_in_japan
from app.privacy import known
from app.recordings.models import Recording
from app.retention.kinds import CallFacts, What, due
from app.retention.models import Deletion, PurgeRun
from app.retention.places import delete_rows, rows_left
from app.retention.planning import Due, digest_of_all, key_of, plan, rule_of
from app.retention.repository import (
    AT_ONCE,
    begun_deletions,
    deletions_of,
    facts_of,
    lock_call,
    there_among,
    unfinished_runs,
    untidied_runs,
)
from app.retention.running import Progress, PurgeParts
from app.retention.turns import one_at_a_time
from app.retention.wiping import Wiped, wipe
from app.trail.chain import Deed
from app.trail.writing import record

RETENTION: Final = "retention"
ERASURE: Final = "erasure"
GAP_SECONDS: Final = 0.05
"""Between two deletions while calls are live: their writes go first."""

MayGo = Callable[[CallFacts, What], bool]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Purged:
    """What one go has done: the runs that it finished, and how many calls it could not delete."""

    runs: tuple[str, ...]
    failed: int


def no_progress(_done: int, _all: int) -> None:
    return None


async def purge_due(
    parts: PurgeParts, *, by_login: str = "", progress: Progress = no_progress
) -> Purged:
    """Finish what was interrupted, then delete what is due now.

    Raises:
        Conflict: another purge is running (``purge_running``).
    """
    async with one_at_a_time(parts.database, parts.data_dir):
        finished, failed = await _finish_interrupted(parts)
        async with parts.database.transaction() as session:
            found = await plan(session, parts.settings, parts.clock.now())
            due_now = await _not_begun(session, found.due)
        if not due_now:
            await _tidy(parts)
            return Purged(finished.runs, failed)

        def still_due(facts: CallFacts, what: What) -> bool:
            return due(facts, parts.settings, parts.clock.now()) is what

        run = await _run(parts, RETENTION, by_login, due_now, still_due, progress)
        await _tidy(parts)
        return Purged((*finished.runs, run.id), failed + run.failed)


async def erase(
    parts: PurgeParts, calls: Sequence[Due], *, by_login: str, progress: Progress = no_progress
) -> Purged:
    """Delete *calls* at once, whatever their periods; live and held ones are left as they are.

    Raises:
        Conflict: another purge is running (``purge_running``).
    """

    def free(facts: CallFacts, _what: What) -> bool:
        return facts.ended_at is not None and not facts.held

    async with one_at_a_time(parts.database, parts.data_dir):
        finished, failed = await _finish_interrupted(parts)
        async with parts.database.transaction() as session:
            to_begin = await _not_begun(session, calls)
        if not to_begin and (calls or finished.erasures):
            # All went, or would not go, with a run that was begun before: that one is the proof.
            return Purged(finished.runs, failed)
        run = await _run(parts, ERASURE, by_login, to_begin, free, progress)
        return Purged((*finished.runs, run.id), failed + run.failed)


async def _not_begun(session: AsyncSession, calls: Sequence[Due]) -> list[Due]:
    """Return those of *calls* that are there, without those of a run before: they are tried again as its own."""
    free = await there_among(session, [one.call_id for one in calls])
    free -= await begun_deletions(session)
    return [one for one in calls if one.call_id in free]


@dataclass(frozen=True, slots=True)
class _Ran:
    id: str
    failed: int


async def _run(
    parts: PurgeParts,
    why: str,
    by_login: str,
    calls: Sequence[Due],
    may_go: MayGo,
    progress: Progress,
) -> _Ran:
    run_id, failed = uuid4().hex, 0
    async with parts.database.transaction() as session:
        session.add(
            PurgeRun(
                id=run_id,
                why=why,
                by_login=by_login,
                rule=rule_of(parts.settings),
                started_at=parts.clock.now(),
            )
        )
    for done, call in enumerate(calls):
        progress(done, len(calls))
        begun = await _begin(parts, run_id, call, may_go)
        if begun is not None:
            failed += not await _delete(parts, run_id, begun, call.call_id, call.what)
        if parts.calls_are_live():
            await anyio.sleep(GAP_SECONDS)
    progress(len(calls), len(calls))
    await _finish(parts, run_id)
    return _Ran(run_id, failed)


async def _begin(parts: PurgeParts, run_id: str, call: Due, may_go: MayGo) -> int | None:
    """Write down that *call* goes; None where it must stay after all."""
    key_id, call_key = key_of(call.call_id, parts.keys)
    now = parts.clock.now()
    async with parts.database.transaction() as session:
        if not await lock_call(session, call.call_id):
            return None
        facts = await facts_of(session, [call.call_id], today_in_japan(now))
        if not may_go(facts[call.call_id], call.what):
            return None
        row = Deletion(
            run_id=run_id,
            call_id=call.call_id,
            call_key=call_key,
            key_id=key_id,
            what=call.what.value,
            kind=call.kind.value,
            why=call.why.value,
            started_at=now,
        )
        session.add(row)
        await session.flush()
        return row.id


async def _delete(
    parts: PurgeParts, run_id: str, deletion_id: int, call_id: str, what: What
) -> bool:
    """Delete what of the call there still is; False where something would not go: the next run tries again."""
    try:
        freed = sum([await files.delete(call_id) for files in parts.files])
    except OSError as error:
        log.error("a file would not go", call_id=call_id, errno=error.errno)  # noqa: TRY400 - known
        return False
    async with parts.database.transaction() as session:
        there = await lock_call(session, call_id)
        now = parts.clock.now()
        gone: dict[str, int] = {}
        if what is What.SOUND:
            await session.execute(delete(Recording).where(Recording.call_id == call_id))
        else:
            facts = (await facts_of(session, [call_id], today_in_japan(now))).get(call_id)
            # Nobody can hold a call that is being deleted; whoever wrote past that door is heeded too.
            if there and facts is not None and (facts.held or facts.ended_at is None):
                what = What.SOUND
            else:
                gone = await rows_left(session, [call_id])
                for farewell in parts.farewells if there else ():
                    await farewell(session, call_id)
                for index in parts.indexes:
                    await index.forget(session, call_id)
                await delete_rows(session, call_id)
        await session.execute(
            update(Deletion)
            .where(Deletion.id == deletion_id)
            .values(finished_at=now, rows=gone, what=what.value, file_bytes=freed)
        )
        kind = "call.purged" if what is What.CALL else "recording.purged"
        await record(session, Deed(kind, call_id=call_id, subject=f"run {run_id}"))
    if what is What.CALL:
        known.forget(parts.database, call_id)
    return True


@dataclass(slots=True)
class _Finished:
    """Runs that were cut off and have come to their end now."""

    erasures: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def runs(self) -> tuple[str, ...]:
        return (*self.others, *self.erasures)


async def _finish_interrupted(parts: PurgeParts) -> tuple[_Finished, int]:
    finished, failed = _Finished(), 0
    async with parts.database.transaction() as session:
        cut_off = [(run.id, run.why) for run in await unfinished_runs(session)]
    for run_id, why in cut_off:
        async with parts.database.transaction() as session:
            waiting = [
                (row.id, row.call_id or "", What(row.what))
                for row in await deletions_of(session, run_id)
                if row.finished_at is None
            ]
            await session.execute(
                update(PurgeRun).where(PurgeRun.id == run_id).values(interrupted=True)
            )
        for deletion_id, call_id, what in waiting:
            failed += not await _delete(parts, run_id, deletion_id, call_id, what)
        if await _finish(parts, run_id):
            (finished.erasures if why == ERASURE else finished.others).append(run_id)
    return finished, failed


async def _finish(parts: PurgeParts, run_id: str) -> bool:
    """Wipe, look again and write the proof; False while something of the run would not go."""
    async with parts.database.transaction() as session:
        done = await deletions_of(session, run_id)
    if any(row.finished_at is None for row in done):
        return False
    rows = Counter[str]()
    for row in done:
        rows.update(row.rows or {})
    wiped = await _wiped(parts, rows)
    calls = [row.call_id or "" for row in done if row.what == What.CALL]
    sounds = [row.call_id or "" for row in done if row.what == What.SOUND]
    left = await look_again(parts, calls, sounds)
    key_id = next(iter(parts.keys))
    async with parts.database.transaction() as session:
        await session.execute(
            update(PurgeRun)
            .where(PurgeRun.id == run_id)
            .values(
                finished_at=parts.clock.now(),
                calls=len(calls),
                sounds=len(sounds),
                file_bytes=sum(row.file_bytes for row in done),
                rows=dict(sorted(rows.items())),
                digest=digest_of_all([*calls, *sounds], parts.keys) if done else "",
                key_id=key_id,
                left=left,
                database=wiped.value,
            )
        )
        if not left:
            await session.execute(
                update(Deletion).where(Deletion.run_id == run_id).values(call_id=None)
            )
        await record(session, Deed("purge.finished", subject=f"run {run_id}"))
    if left:
        log.error("something of deleted calls is still there", run_id=run_id, places=sorted(left))
    return True


async def _wiped(parts: PurgeParts, rows: Counter[str]) -> Wiped:
    for index in parts.indexes:
        await index.overwrite(parts.database)
    return await wipe(
        parts.database_url,
        list(rows),
        compact=parts.settings.compact,
        idle=lambda: not parts.calls_are_live(),
    )


async def _tidy(parts: PurgeParts) -> None:
    """Do what earlier runs left for a time when nobody is on the telephone, or nobody reads the log."""
    async with parts.database.transaction() as session:
        put_off = [run.id for run in await untidied_runs(session)]
    if not put_off:
        return
    done = await _wiped(parts, Counter())
    async with parts.database.transaction() as session:
        await session.execute(
            update(PurgeRun).where(PurgeRun.id.in_(put_off)).values(database=done.value)
        )


async def look_again(
    parts: PurgeParts, calls: Sequence[str], sounds: Sequence[str]
) -> dict[str, int]:
    """Return where something of *calls*, or a recording of *sounds*, is still found."""
    left = Counter[str]()
    for start in range(0, len(calls), AT_ONCE):
        some = calls[start : start + AT_ONCE]
        async with parts.database.transaction() as session:
            left.update(await rows_left(session, some))
            for index in parts.indexes:
                left[index.name] += await index.left(session, some)
    everything = [*calls, *sounds]
    for start in range(0, len(everything), AT_ONCE):
        for files in parts.files:
            left[files.name] += await files.left(everything[start : start + AT_ONCE])
    return {place: count for place, count in sorted(left.items()) if count}
