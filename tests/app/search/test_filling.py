"""The index is filled behind the calls, catches up after a stop, and forgets to the last byte."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from sqlalchemy import delete, select, text, update

from app.auth.identity import Identity, Role
from app.db import Database, open_database
from app.models import Call, UtteranceRow
from app.search.filling import fill, index_call, overwrite_forgotten
from app.search.index import VERSION, forget, waiting_calls, waiting_count
from app.search.models import SearchedCall
from app.settings import Settings
from detection.corpus_files import read_corpus
from tests.app.search.said import AUDITOR, Talk, found, ids_of, keep, keep_and_fill
from tests.fakes_clock import FakeClock

MARKED = "鸚鵡鬱蒼"
"""Its letters stand nowhere else."""
PIECE_OF_A_PAIR = b"9b31"
"""How the index writes the second letter of 鵡鬱, whatever it leaves out because the piece before begins alike."""


async def test_only_ended_calls_are_indexed_the_latest_first(database: Database) -> None:
    await keep(
        database, [Talk("a", ["あ"], 0), Talk("b", ["い"], 1), Talk("c", ["う"], ended=False)]
    )

    async with database.transaction() as session:
        assert await waiting_calls(session, 9) == ["b", "a"]
        assert await waiting_count(session) == 2
        assert await waiting_count(session, Identity("s", "", Role.SUPERVISOR, "税務課")) == 0
    assert await fill(database, FakeClock()) == 2
    assert await fill(database, FakeClock()) == 0


async def test_what_was_cut_off_goes_on_where_it_stopped(database: Database) -> None:
    await keep(database, [Talk(f"c{n}", ["税金"], n) for n in range(5)])
    await index_call(database, FakeClock(), "c4")

    told = list[tuple[int, int]]()
    done = await fill(database, FakeClock(), progress=lambda *now: told.append(now))

    assert (done, told[-1]) == (4, (4, 4))
    assert ids_of(await found(database, "税金")) == ["c4", "c3", "c2", "c1", "c0"]


async def test_a_call_of_another_version_is_made_anew(database: Database) -> None:
    await keep_and_fill(database, [Talk("a", ["税金"])])
    async with database.transaction() as session:
        await session.execute(update(SearchedCall).values(version="0"))

    assert await fill(database, FakeClock()) == 1
    async with database.transaction() as session:
        assert list(await session.scalars(select(SearchedCall.version))) == [VERSION]
    assert ids_of(await found(database, "税金")) == ["a"]


async def test_a_call_that_was_deleted_meanwhile_holds_nothing_up(database: Database) -> None:
    await index_call(database, FakeClock(), "gone")

    assert await fill(database, FakeClock()) == 0


async def test_a_call_that_cannot_be_prepared_holds_no_other_up(database: Database) -> None:
    talks = [Talk(name, ["税金"], day) for day, name in enumerate(("before", "odd", "after"))]
    await keep(database, talks)
    spoilt = update(UtteranceRow).where(UtteranceRow.call_id == "odd").values(track="fax")
    async with database.transaction() as session:
        await session.execute(spoilt)

    done = await fill(database, FakeClock())

    assert done == 2
    assert ids_of(await found(database, "税金")) == ["after", "before"]
    async with database.transaction() as session:
        assert await waiting_calls(session, 9) == ["odd"]


async def test_a_call_of_hours_is_found_by_its_last_words(database: Database) -> None:
    lines = [line.text for line in read_corpus()[:2_000]]
    await keep_and_fill(database, [Talk("long", [*lines, MARKED])])

    page = await found(database, MARKED)

    assert [hit.index for hit in page.calls[0].hits] == [2_000]


@pytest.mark.parametrize("others", [3, 400])
async def test_nothing_of_a_forgotten_call_is_left_in_the_file(
    settings: Settings, others: int
) -> None:
    file = settings.data_dir / "mimamori.db"
    texts = [line.text for line in read_corpus()]
    talks = [Talk(f"c{n}", texts[n * 9 : n * 9 + 9], n) for n in range(others)]
    async with open_database(settings.async_database_url) as database:
        await keep_and_fill(database, [*talks[1:], Talk("marked", [MARKED], 1), talks[0]])
        before = await bytes_of(database, file)
        async with database.transaction() as session:
            await session.execute(text("PRAGMA secure_delete=ON"))
            assert await forget(session, "marked")
            await session.execute(delete(Call).where(Call.id == "marked"))
        await overwrite_forgotten(database)
        after = await bytes_of(database, file)
        still = ids_of(await found(database, texts[0][:6]))

    assert (MARKED.encode() in before, PIECE_OF_A_PAIR in before) == (True, True)
    for word in (MARKED, MARKED[:2], MARKED[1:3], MARKED[2:]):
        assert word.encode() not in after
    assert PIECE_OF_A_PAIR not in after
    assert "c0" in still


async def bytes_of(database: Database, file: Path) -> bytes:
    """Return the file with all that was written so far."""
    async with database.transaction() as session:
        await session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    return await anyio.Path(file).read_bytes()


async def test_who_may_not_see_a_call_does_not_learn_that_it_waits(database: Database) -> None:
    await keep(database, [Talk("a", ["税金"])])

    async with database.transaction() as session:
        assert await waiting_count(session, AUDITOR) == 1
        assert await waiting_count(session, Identity("x", "", Role.ADMINISTRATOR, "")) == 0
