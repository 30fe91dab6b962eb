"""A purge that is killed leaves something that the next one finishes, wherever it was."""

from __future__ import annotations

import fcntl
import random
import subprocess
import sys
import time
from pathlib import Path

import anyio.to_thread
import pytest
from sqlalchemy import select

from app.db import Database
from app.retention.models import Deletion, PurgeRun
from app.retention.purging import purge_due
from app.retention.running import PurgeParts
from app.settings import Settings
from tests.app.retention.filling import MARK, fill_call, write_recording
from tests.app.retention.killed_purge import POINTS
from tests.app.retention.test_purging import days_ago, files_with, ids_left, words_in_tables
from tests.fakes_clock import FakeClock

ROOT = Path(__file__).parents[3]
KILLED = -9
TIMES = 20
FEWER_TIMES = 5
"""On PostgreSQL, where a process takes longer to start; the five points are proved on both."""
CALLS = 60


def started(settings: Settings, point: str) -> subprocess.Popen[bytes]:
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.app.retention.killed_purge", settings.data_dir, url, point],
        cwd=ROOT,
    )


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_any_point_the_next_purge_finishes_and_proves_it(
    point: str, parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    for call_id in ("first", "second"):
        async with trailed.transaction() as session:
            await fill_call(session, call_id, ended_at=days_ago(clock, 366))
        await write_recording(trailed, either.data_dir, call_id)
    async with trailed.transaction() as session:
        await fill_call(session, "young", ended_at=days_ago(clock, 3), caller_number="")

    end = await anyio.to_thread.run_sync(started(either, point).wait)
    purged = await purge_due(parts)

    async with trailed.transaction() as session:
        runs = (await session.scalars(select(PurgeRun))).all()
        unfinished = (
            await session.scalars(select(Deletion).where(Deletion.finished_at.is_(None)))
        ).all()
        named = (
            await session.scalars(select(Deletion.call_id).where(Deletion.call_id.is_not(None)))
        ).all()
    assert end == KILLED
    assert await ids_left(trailed) == {"young"}
    assert [run.finished_at is not None for run in runs] == [True] * len(runs)
    assert any(run.interrupted for run in runs)
    assert sum(run.calls for run in runs) == 2
    assert all(not run.left for run in runs)
    assert (unfinished, named, purged.failed) == ([], [], 0)
    assert [file.name for file in (either.data_dir / "recordings").iterdir()] == []


async def test_killed_twenty_times_at_random_it_comes_to_its_end(
    parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    for number in range(CALLS):
        async with trailed.transaction() as session:
            await fill_call(session, f"call-{number}", ended_at=days_ago(clock, 366))
        await write_recording(trailed, either.data_dir, f"call-{number}")
    chance = random.Random(17)
    ends = []

    for _ in range(FEWER_TIMES if trailed.is_postgresql else TIMES):
        process = started(either, "nowhere")
        await anyio.to_thread.run_sync(_killed_in_its_work, either, process, chance.uniform(0, 0.1))
        ends.append(process.returncode)
    await purge_due(parts)

    async with trailed.transaction() as session:
        runs = (await session.scalars(select(PurgeRun))).all()
    assert KILLED in ends
    assert await ids_left(trailed) == set()
    assert await words_in_tables(trailed) == []
    assert files_with(either.data_dir, MARK) == []
    assert sum(run.calls for run in runs) == CALLS
    assert all(run.finished_at is not None and not run.left for run in runs)


def _killed_in_its_work(
    settings: Settings, process: subprocess.Popen[bytes], after_seconds: float
) -> None:
    """Kill the process some moment after it has taken its turn."""
    lock = settings.data_dir / "purge.lock"
    while process.poll() is None and (not lock.exists() or _free(lock)):
        time.sleep(0.002)  # another process: there is nothing to wait on
    time.sleep(after_seconds)
    process.kill()
    process.wait()


def _free(lock: Path) -> bool:
    with lock.open("rb") as opened:
        try:
            # Shared: asking must not look like a purge to the one that is about to begin.
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
