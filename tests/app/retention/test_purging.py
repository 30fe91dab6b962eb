"""A purge deletes what is due, wherever it lies, and nothing else; it proves it; cut off, the next one finishes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.models import CallerMeasure
from app.db import Database
from app.errors import Conflict
from app.exports.models import CallExport
from app.models import Call
from app.retention.daily import purge_once
from app.retention.models import Deletion, LegalHold, PersonRequest, PurgeRun
from app.retention.places import BY_CALL_ID, STAYS, conditions_for, rows_left
from app.retention.planning import digest_of_all
from app.retention.purging import purge_due
from app.retention.running import PurgeParts
from app.retention.settings import RetentionSettings
from app.retention.turns import one_at_a_time
from app.settings import Settings
from app.tables import Base
from app.trail.models import TrailRow
from tests.app.retention.filling import MARK, fill_call, write_recording
from tests.fakes_clock import FakeClock


def days_ago(clock: FakeClock, days: float) -> datetime:
    return clock.now() - timedelta(days=days)


async def ids_left(database: Database) -> set[str]:
    async with database.transaction() as session:
        return set(await session.scalars(select(Call.id)))


async def words_in_tables(database: Database) -> list[str]:
    """Return every column of every table that holds the marked word."""
    found = []
    async with database.transaction() as session:
        for table in Base.metadata.sorted_tables:
            for column in table.columns:
                rows = await session.scalars(select(column))
                if any(MARK in str(value) for value in rows if value is not None):
                    found.append(f"{table.name}.{column.name}")
    return found


def files_with(folder: Path, mark: str) -> list[str]:
    """Return the files below *folder* that hold *mark*, as text or as JSON writes it."""
    forms = (mark.encode(), mark.encode("unicode_escape"), mark.encode("utf-16-le"))
    return [
        file.name
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]


async def test_a_due_call_goes_from_every_table_and_leaves_no_word_in_any_file(
    parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "old", ended_at=days_ago(clock, 366))  # it has a report
    before = await words_in_tables(trailed)

    purged = await purge_due(parts)

    assert len(before) > 30
    assert await ids_left(trailed) == set()
    assert await words_in_tables(trailed) == []
    assert files_with(either.data_dir, MARK) == []
    assert purged.failed == 0


async def test_calls_that_are_young_live_held_or_incidents_stay_as_they_are(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "due", ended_at=days_ago(clock, 40))
        await fill_call(session, "young", ended_at=days_ago(clock, 29))
        await fill_call(session, "live", ended_at=None)
        await fill_call(session, "held", ended_at=days_ago(clock, 400))
        await fill_call(session, "incident", ended_at=days_ago(clock, 300))
        await fill_call(session, "old incident", ended_at=days_ago(clock, 366))
        for incident in ("incident", "old incident"):
            await session.execute(
                text("UPDATE judgements SET verdict = 'harassment' WHERE call_id = :call_id"),
                {"call_id": incident},
            )
        # Reports would make all of them incidents.
        await session.execute(text("DELETE FROM incident_report_steps"))
        await session.execute(text("DELETE FROM incident_reports"))
        session.add(
            LegalHold(call_id="held", reason="訴訟", by_login="kansa", at=clock.now(), until=None)
        )

    await purge_due(parts)

    assert await ids_left(trailed) == {"young", "live", "held", "incident"}


def test_every_table_that_names_a_call_goes_with_it_or_says_why_it_stays() -> None:
    going = conditions_for(["any"])
    naming = {
        table.name
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name == "call_id"
        or column.name.endswith("_call_id")
        or any(key.column.table.name == "calls" for key in column.foreign_keys)
    }

    unaccounted = naming - going.keys() - STAYS.keys()

    assert unaccounted == set()
    assert going.keys() >= BY_CALL_ID
    assert not STAYS.keys() & going.keys()


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_every_table_is_known_to_hold_calls_or_not(table: str) -> None:
    known = conditions_for(["any"]).keys() | STAYS.keys() | WITHOUT_CALLS

    assert table in known, f"does {table} hold words of calls? Then they must go with the call"


WITHOUT_CALLS = {
    "users",
    "browser_sessions",
    "access_tokens",
    "rule_reviews",
    "script_versions",
    "notice_positions",
    "trail_end",
    "trail_checks",
    "purges",
    "person_requests",
    # Rules that are tried, texts of policies, counts: no word of a call (their models say so).
    "trials",
    "basis_texts",
    "basis_in_use",
    "statistics_months",
}


async def test_what_a_measure_rests_on_is_kept_as_an_incident_and_the_measure_outlives_it(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "measured", ended_at=days_ago(clock, 300))
        await fill_call(session, "long past", ended_at=days_ago(clock, 366))
        await session.execute(text("DELETE FROM incident_report_steps"))
        await session.execute(text("DELETE FROM incident_reports"))
        for call_id in ("measured", "long past"):
            session.add(measure(call_id, clock.now()))

    await purge_due(parts)

    async with trailed.transaction() as session:
        measures = (await session.scalars(select(CallerMeasure.call_id))).all()
    assert await ids_left(trailed) == {"measured"}
    assert sorted(measures, key=str) == [None, "measured"]


def measure(call_id: str, now: datetime) -> CallerMeasure:
    return CallerMeasure(
        caller_hash="h" * 64,
        caller_key_id="k" * 16,
        call_id=call_id,
        section="市民課",
        office_wide=False,
        kind="in_writing",
        detail="",
        reason="理由",
        words="書面で",
        clause="",
        begins_on=now.date(),
        ends_on=now.date() + timedelta(days=30),
        requested_by="sato",
        requested_at=now,
        approved_by=None,
        approved_at=None,
        lifted_by=None,
        lifted_at=None,
    )


async def test_a_recording_may_go_before_its_text(
    parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "call", ended_at=days_ago(clock, 20))
    await write_recording(trailed, either.data_dir, "call")
    sooner = replace(parts, settings=RetentionSettings(preset="1year", incident_sound_days=10))

    await purge_due(sooner)
    again = await purge_due(sooner)

    async with trailed.transaction() as session:
        left = await rows_left(session, ["call"])
        run = (await session.scalars(select(PurgeRun))).one()
        deeds = (await session.scalars(select(TrailRow.kind))).all()
    assert "recordings" not in left
    assert left["utterances"] == 1
    assert (run.calls, run.sounds, run.file_bytes > 0) == (0, 1, True)
    assert again.runs == ()
    assert list((either.data_dir / "recordings").iterdir()) == []
    assert "recording.purged" in deeds


async def test_the_proof_counts_names_nobody_and_matches_the_ids_of_who_has_the_key(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    for call_id in ("one", "two"):
        async with trailed.transaction() as session:
            await fill_call(session, call_id, ended_at=days_ago(clock, 400))

    await purge_due(parts)

    async with trailed.transaction() as session:
        run = (await session.scalars(select(PurgeRun))).one()
        deletions = (await session.scalars(select(Deletion))).all()
        deeds = (await session.execute(select(TrailRow.kind, TrailRow.call_id))).all()
    assert run.calls == 2
    assert run.rows is not None
    assert run.rows["utterances"] == run.rows["calls"] == run.rows["events"] == 2
    assert run.left == {}
    assert run.digest == digest_of_all(["two", "one"], parts.keys)
    assert [row.call_id for row in deletions] == [None, None]
    assert ("call.purged", "one") in deeds
    assert ("purge.finished", "") in deeds


async def test_what_is_found_again_is_said_in_the_proof(
    parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "old", ended_at=days_ago(clock, 400))

    await purge_due(replace(parts, files=(Stubborn(),)))

    async with trailed.transaction() as session:
        run = (await session.scalars(select(PurgeRun))).one()
    assert run.left == {"cupboard": 1}


@dataclass(frozen=True, slots=True)
class Stubborn:
    """Files that say they are gone and are not."""

    name: str = "cupboard"

    async def delete(self, call_id: str) -> int:
        return 0

    async def left(self, call_ids: Sequence[str]) -> int:
        return len(call_ids)


async def test_a_file_that_will_not_go_keeps_its_call_for_the_next_run_and_no_other(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    for call_id in ("stuck", "free"):
        async with trailed.transaction() as session:
            await fill_call(session, call_id, ended_at=days_ago(clock, 400))

    locked = replace(parts, files=(Locked("stuck"),))
    refused = await purge_due(locked)
    again = await purge_due(locked)
    left = await ids_left(trailed)
    mended = await purge_due(parts)

    run = await last_run(trailed)  # there is one: trying again begins no other
    assert (refused.failed, again.failed, left) == (1, 1, {"stuck"})
    assert (mended.failed, await ids_left(trailed)) == (0, set())
    assert (mended.runs, run.calls, run.interrupted) == ((run.id,), 2, True)


@dataclass(frozen=True, slots=True)
class Locked:
    """Files of which those of one call cannot be deleted."""

    call_id: str
    name: str = "cupboard"

    async def delete(self, call_id: str) -> int:
        if call_id == self.call_id:
            raise PermissionError(13, "not allowed")
        return 0

    async def left(self, call_ids: Sequence[str]) -> int:
        return 0 * len(call_ids)


async def test_only_one_purge_runs_at_a_time(
    parts: PurgeParts, trailed: Database, either: Settings
) -> None:
    async with one_at_a_time(trailed, either.data_dir):
        with pytest.raises(Conflict) as refused:
            await purge_due(parts)

    assert refused.value.code == "purge_running"


async def test_a_purge_ends_with_the_server_and_gives_its_turn_back(
    trailed: Database, either: Settings
) -> None:
    went_on = False

    with anyio.CancelScope() as stopping:
        async with one_at_a_time(trailed, either.data_dir):
            stopping.cancel()
            await anyio.lowlevel.checkpoint()
            went_on = True

    assert not went_on
    async with one_at_a_time(trailed, either.data_dir):
        pass


async def test_an_office_that_has_not_decided_deletes_nothing(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "ancient", ended_at=days_ago(clock, 9_000))

    await purge_due(replace(parts, settings=RetentionSettings()))

    assert await ids_left(trailed) == {"ancient"}


async def test_a_hold_that_comes_while_a_purge_runs_keeps_its_call(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    for call_id in ("first", "second"):
        async with trailed.transaction() as session:
            await fill_call(session, call_id, ended_at=days_ago(clock, 400))

    await purge_due(replace(parts, farewells=(Holder("second", clock),)))

    assert await ids_left(trailed) == {"second"}


@dataclass(frozen=True, slots=True)
class Holder:
    """Holds a call in the transaction in which another goes."""

    call_id: str
    clock: FakeClock

    async def __call__(self, session: AsyncSession, call_id: str) -> None:
        if call_id != self.call_id:
            session.add(
                LegalHold(
                    call_id=self.call_id, reason="訴訟", by_login="kansa", at=self.clock.now()
                )
            )


async def test_exports_that_nobody_fetched_go_with_their_calls(
    parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "old", ended_at=days_ago(clock, 400))
        await session.execute(text("UPDATE calls SET caller_hash = 'hash of the number'"))
        exported = (await session.scalars(select(CallExport.id))).one()
        session.add(
            PersonRequest(
                id="theirs",
                kind="export",
                state="ready",
                hashes=["hash of the number"],
                reason="請求",
                calls=1,
                asked_by="kansa",
                asked_at=clock.now(),
                decided_by=None,
                decided_at=None,
                expires_at=clock.now() + timedelta(minutes=30),
            )
        )
    for folder, name in (("call_exports", exported), ("person_exports", "theirs")):
        (either.data_dir / folder).mkdir()
        (either.data_dir / folder / name).write_bytes(b"sealed")

    await purge_due(parts)

    async with trailed.transaction() as session:
        run = (await session.scalars(select(PurgeRun))).one()
    assert list((either.data_dir / "call_exports").iterdir()) == []
    assert list((either.data_dir / "person_exports").iterdir()) == []
    assert run.file_bytes == len(b"sealed") * 2


async def test_a_file_that_could_not_be_written_anew_is_when_nobody_is_on_the_telephone(
    parts: PurgeParts, trailed: Database, clock: FakeClock
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "old", ended_at=days_ago(clock, 400))

    await purge_due(replace(parts, calls_are_live=lambda: True))
    first = await last_run(trailed)
    await purge_due(parts)
    second = await last_run(trailed)

    expected = ("vacuumed",) * 2 if trailed.is_postgresql else ("wiped", "compacted")
    assert (first.database, second.database) == expected


async def last_run(database: Database) -> PurgeRun:
    async with database.transaction() as session:
        return (await session.scalars(select(PurgeRun))).one()


async def test_a_busy_database_puts_the_purge_off_and_nothing_else(
    parts: PurgeParts, trailed: Database, clock: FakeClock, either: Settings
) -> None:
    async with trailed.transaction() as session:
        await fill_call(session, "old", ended_at=days_ago(clock, 400))

    async with one_at_a_time(trailed, either.data_dir):
        put_off = await purge_once(parts)
    left = await ids_left(trailed)
    done = await purge_once(parts)

    assert (put_off, left) == (False, {"old"})
    assert (done, await ids_left(trailed)) == (True, set())
