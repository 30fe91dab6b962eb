"""Adapter: the tables of legal holds, of deletions and of their proofs, and of what one person asked for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Date, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base

REASON_CHARACTERS: Final = 300
LOGIN_CHARACTERS: Final = 160
RUN_CHARACTERS: Final = 32


class LegalHold(Base):
    """Why a call must not be deleted, until a day or until somebody lifts it."""

    __tablename__ = "legal_holds"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(REASON_CHARACTERS))
    by_login: Mapped[str] = mapped_column(String(LOGIN_CHARACTERS))
    at: Mapped[datetime]
    until: Mapped[date | None] = mapped_column(Date)
    """Its last day, in Japan; null until it is lifted."""
    lifted_by: Mapped[str | None] = mapped_column(String(LOGIN_CHARACTERS))
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str] = mapped_column(String(REASON_CHARACTERS), default="")


class PurgeRun(Base):
    """One run, and the proof of it. No word of a call and no id of one."""

    __tablename__ = "purges"
    __table_args__ = (Index("ix_purges_started_at", "started_at"),)

    id: Mapped[str] = mapped_column(String(RUN_CHARACTERS), primary_key=True)
    why: Mapped[str] = mapped_column(String(16))
    """``retention`` or ``erasure``."""
    by_login: Mapped[str] = mapped_column(String(LOGIN_CHARACTERS), default="")
    """Empty for what the server did by itself."""
    rule: Mapped[dict[str, Any]]
    """The periods that it went by."""
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    interrupted: Mapped[bool] = mapped_column(default=False)
    """It was cut off, and a later one finished it."""
    calls: Mapped[int] = mapped_column(default=0)
    sounds: Mapped[int] = mapped_column(default=0)
    """Calls of which only the recording was due."""
    file_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    rows: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Table to how many rows went."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Keyed, of all ids that were deleted."""
    key_id: Mapped[str] = mapped_column(String(16), default="")
    left: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What was still found of them when it looked again: place to count; empty where nothing was."""
    database: Mapped[str] = mapped_column(String(32), default="")
    """What became of the file or the tables: ``compacted``, ``wiped``, ``vacuumed``, ``left``, ``busy``."""


class Deletion(Base):
    """One call that is being deleted, written before anything of it goes. Outlives it."""

    __tablename__ = "deletions"
    __table_args__ = (Index("ix_deletions_call_key", "call_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("purges.id", ondelete="CASCADE"), index=True)
    call_id: Mapped[str | None] = mapped_column(String(64), index=True)
    """Until the run is finished; no foreign key, as the call goes first."""
    call_key: Mapped[str] = mapped_column(String(64))
    """Keyed digest of it."""
    key_id: Mapped[str] = mapped_column(String(16))
    what: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    file_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    rows: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class PersonRequest(Base):
    """Somebody asked for what is kept of them, or for its deletion. The number is not in it."""

    __tablename__ = "person_requests"

    id: Mapped[str] = mapped_column(String(RUN_CHARACTERS), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    """``export`` or ``erase``."""
    state: Mapped[str] = mapped_column(String(16))
    hashes: Mapped[list[str]]
    """Keyed, of the number; empty once it was erased."""
    reason: Mapped[str] = mapped_column(String(REASON_CHARACTERS))
    calls: Mapped[int]
    asked_by: Mapped[str] = mapped_column(String(LOGIN_CHARACTERS))
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(LOGIN_CHARACTERS))
    decided_at: Mapped[datetime | None]
    run_id: Mapped[str] = mapped_column(String(RUN_CHARACTERS), default="")
    expires_at: Mapped[datetime | None]
    """Of an export's file."""
