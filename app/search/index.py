"""Adapter: the index of what was said, in SQLite (FTS5) and PostgreSQL (tsvector). Takes a session, commits nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Integer, and_, column, delete, func, or_, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.calls.repository import visible
from app.models import Call
from app.search.asking import Asked
from app.search.grams import pieces_of_readings, pieces_of_words, wanted_pieces
from app.search.models import GRAMS, SearchedCall

VERSION: Final = "1"
"""Of folding, readings and pieces: a row of another one waits to be made anew."""
MERGE_PAGES: Final = 24
"""Pages of 4 KB that one step of a merge writes: it holds other writers up for some milliseconds."""

_GRAMS = sql_table(GRAMS, column("number", Integer), column("rowid", Integer))


Covers = dict[str, dict[str, list[list[int]]]]
"""Track to line to the ranges that are covered in it; lines without any are left out."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """The words of one call, ready to be stored."""

    call_id: str
    caller_words: str
    caller_readings: str
    operator_words: str
    operator_readings: str
    covers: Covers
    pieces: list[str]
    """What the inverted index is told. Made before the transaction: for a call of hours it takes 20 ms."""


def pieces_in(words: Iterable[str], readings: Iterable[str]) -> list[str]:
    """Return the pieces of a call, in a fixed order."""
    return sorted(pieces_of_words("\n".join(words)) | pieces_of_readings("\n".join(readings)))


async def store(session: AsyncSession, indexed: Indexed, now: datetime) -> None:
    """Put *indexed* into the index, in place of what was there of the call."""
    await forget(session, indexed.call_id)
    row = SearchedCall(
        call_id=indexed.call_id,
        version=VERSION,
        caller_words=indexed.caller_words,
        caller_readings=indexed.caller_readings,
        operator_words=indexed.operator_words,
        operator_readings=indexed.operator_readings,
        covers=indexed.covers,
        indexed_at=now,
    )
    session.add(row)
    await session.flush()
    if _is_postgresql(session):
        await session.execute(
            text(
                f"INSERT INTO {GRAMS} (number, grams) "  # noqa: S608 - a name of ours
                "VALUES (:number, array_to_tsvector(CAST(:pieces AS text[])))"
            ),
            {"number": row.number, "pieces": indexed.pieces},
        )
    else:
        await session.execute(
            text(f"INSERT INTO {GRAMS} (rowid, grams) VALUES (:number, :pieces)"),  # noqa: S608
            {"number": row.number, "pieces": " ".join(indexed.pieces)},
        )


async def forget(session: AsyncSession, call_id: str) -> bool:
    """Take a call out of the index; return whether it was in. Nothing else of the call is needed, nor touched.

    What SQLite deletes is overwritten. Of the inverted index pieces of two letters may lie in its older
    segments until ``overwrite_forgotten`` has run to its end.
    """
    row = await session.scalar(select(SearchedCall).where(SearchedCall.call_id == call_id))
    if row is None:
        return False
    if not _is_postgresql(session):
        await session.execute(text("PRAGMA secure_delete=ON"))
        # A contentless index is told what to forget, word for word as it was told it.
        pieces = pieces_in(
            (row.caller_words, row.operator_words), (row.caller_readings, row.operator_readings)
        )
        await session.execute(
            text(
                f"INSERT INTO {GRAMS} ({GRAMS}, rowid, grams) VALUES ('delete', :number, :pieces)"  # noqa: S608
            ),
            {"number": row.number, "pieces": " ".join(pieces)},
        )
    await session.execute(delete(SearchedCall).where(SearchedCall.number == row.number))
    session.expunge(row)
    return True


async def overwrite_step(session: AsyncSession, *, first: bool) -> bool:
    """Do one short piece of overwriting what was forgotten; return whether there is more to do.

    PostgreSQL does it by itself (``VACUUM``).
    """
    if _is_postgresql(session):
        return False
    await session.execute(text("PRAGMA secure_delete=ON"))
    before = await _changes(session)
    # A negative number begins to bring all segments together, which alone drops what was deleted.
    await session.execute(
        text(f"INSERT INTO {GRAMS} ({GRAMS}, rank) VALUES ('merge', :pages)"),  # noqa: S608
        {"pages": -MERGE_PAGES if first else MERGE_PAGES},
    )
    # Less than two rows changed: the statement itself was all that happened (SQLite's own rule).
    return await _changes(session) - before >= 2


async def waiting_calls(session: AsyncSession, limit: int) -> Sequence[str]:
    """Return ended calls that are not in the index as it is made now, the latest first."""
    query = (
        select(Call.id)
        .outerjoin(SearchedCall, SearchedCall.call_id == Call.id)
        .where(_waits())
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(limit)
    )
    return (await session.scalars(query)).all()


async def waiting_count(session: AsyncSession, identity: Identity | None = None) -> int:
    """Return how many calls wait, of those that *identity* may see; of all without one."""
    calls = select(Call) if identity is None else visible(select(Call), identity)
    query = calls.outerjoin(SearchedCall, SearchedCall.call_id == Call.id).where(_waits())
    return await session.scalar(query.with_only_columns(func.count())) or 0


def _waits() -> ColumnElement[bool]:
    return and_(
        Call.ended_at.is_not(None),
        or_(SearchedCall.number.is_(None), SearchedCall.version != VERSION),
    )


def may_match(session: AsyncSession, asked: Asked) -> ColumnElement[bool] | None:
    """Return what keeps the calls of ``search_calls`` that could match; None where all of them could."""
    if not asked.terms:
        return None
    if _is_postgresql(session):
        clause = text("grams @@ CAST(:wanted_pieces AS tsquery)")
        wanted = _expression(asked, both=" & ", either=" | ", quote="'")
        numbers = select(_GRAMS.c.number).where(clause.bindparams(wanted_pieces=wanted))
    else:
        clause = text(f"{GRAMS} MATCH :wanted_pieces")
        wanted = _expression(asked, both=" AND ", either=" OR ", quote='"')
        numbers = select(_GRAMS.c.rowid).where(clause.bindparams(wanted_pieces=wanted))
    return SearchedCall.number.in_(numbers)


@asynccontextmanager
async def pieces_by_their_index(session: AsyncSession) -> AsyncIterator[None]:
    """Let PostgreSQL find pieces by their index within the block.

    It takes the table for small, as the pieces lie beside it (TOAST), and would unpack those of every call
    (40 ms for a thousand calls) instead of asking the index.
    """
    if not _is_postgresql(session):
        yield
        return
    # Without these two only bitmaps are left, and the index of pieces gives nothing else.
    for way in ("enable_seqscan", "enable_indexscan"):
        await session.execute(text(f"SET LOCAL {way} = off"))
    yield
    for way in ("enable_seqscan", "enable_indexscan"):
        await session.execute(text(f"SET LOCAL {way} TO DEFAULT"))


def _expression(asked: Asked, *, both: str, either: str, quote: str) -> str:
    def all_of(kind: str, letters: str) -> str:
        pieces = (f"{quote}{piece}{quote}" for piece in wanted_pieces(kind, letters))
        return f"({both.join(pieces)})"

    return both.join(
        f"({all_of('w', term.letters)}{either}{all_of('r', term.reading.letters)})"
        if term.reading is not None
        else all_of("w", term.letters)
        for term in asked.terms
    )


def _is_postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"


async def _changes(session: AsyncSession) -> int:
    return await session.scalar(text("SELECT total_changes()")) or 0
