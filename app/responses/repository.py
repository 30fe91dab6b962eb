"""Adapter: every query about the versions of sentences. Takes a session, commits nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import Call, StaffAction
from app.responses.models import ScriptVersion

NOTICE_FIELDS = ("recording_notice", "customConfig.recording_notice")
"""In what the telephone says at a call's start; AudioHook keeps what the office sets under its own name."""
NOTICE_PLAYED = "played"
_PLAY = "telephone_play"
_DONE = "done"


class VersionState(StrEnum):
    WAITING = "waiting"
    APPROVED = "approved"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class ApprovedWording:
    script_id: str
    version: int
    text: str
    text_when_recorded: str
    note: str


async def last_approval(session: AsyncSession) -> int:
    """Return the number of the last approval; 0 where there was none."""
    return await session.scalar(select(func.max(ScriptVersion.approval))) or 0


async def approved_wordings(session: AsyncSession) -> list[ApprovedWording]:
    """Return every wording that was ever approved, in the order of approval."""
    rows = await session.execute(
        select(
            ScriptVersion.script_id,
            ScriptVersion.version,
            ScriptVersion.text,
            ScriptVersion.text_when_recorded,
            ScriptVersion.note,
        )
        .where(ScriptVersion.approval.is_not(None))
        .order_by(ScriptVersion.approval)
    )
    return [ApprovedWording(*row) for row in rows]


async def versions_of(session: AsyncSession, script_id: str) -> Sequence[ScriptVersion]:
    """Return the versions of one sentence, the latest first."""
    query = select(ScriptVersion).where(ScriptVersion.script_id == script_id)
    return (await session.scalars(query.order_by(ScriptVersion.version.desc()))).all()


async def all_versions(session: AsyncSession) -> Sequence[ScriptVersion]:
    """Return the versions of all sentences, each sentence's latest first."""
    query = select(ScriptVersion).order_by(ScriptVersion.script_id, ScriptVersion.version.desc())
    return (await session.scalars(query)).all()


async def notice_was_played(
    session: AsyncSession, call_id: str, announcements: Collection[str]
) -> bool:
    """Say whether the caller of *call_id* was really told that the call is recorded.

    The telephone said so at the start, or somebody had one of *announcements* played and it came to its end.
    """
    stored = await session.scalar(select(Call.stream_format).where(Call.id == call_id))
    if _told_by_telephone(stored):
        return True
    clicks = await session.scalars(
        select(StaffAction.detail).where(StaffAction.call_id == call_id, StaffAction.kind == _PLAY)
    )
    return any(
        click.get("result") == _DONE and click.get("announcement") in announcements
        for click in clicks
    )


def _told_by_telephone(stored: Any) -> bool:  # noqa: ANN401 - a JSON column
    metadata = stored.get("metadata") if isinstance(stored, dict) else None
    if not isinstance(metadata, dict):
        return False
    return any(metadata.get(name) == NOTICE_PLAYED for name in NOTICE_FIELDS)
