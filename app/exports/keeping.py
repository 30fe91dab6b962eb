"""Glue: an export lies sealed on the disk until its maker fetches it or its time is over."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, Final, cast

import anyio.to_thread
from sqlalchemy import select, update

from app.auth.identity import Identity
from app.auth.visibility import may_see
from app.errors import Conflict, NotFound
from app.exports.models import CallExport
from app.models import Call
from app.retention.sealed_files import SealedWriter, taken_once
from app.sealing import CannotOpen
from app.services import Services
from app.trail.chain import Deed
from app.trail.writing import record

FOLDER: Final = "call_exports"
SETTLING_SECONDS: Final = 60
"""A file that is being laid down has no row yet: give it so long."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is to leave the office."""

    kind: str
    write: Callable[[IO[bytes]], object]
    """Writes it, a piece after another; blocking."""
    file_name: str
    media_type: str
    covered: bool
    sound: bool
    reference: str = ""


class _Counted:
    """Hands bytes on, and knows how many they were and their digest."""

    def __init__(self, target: SealedWriter) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, given: bytes) -> int:
        self._digest.update(given)
        self.bytes += len(given)
        return self._target.write(given)

    def flush(self) -> None:
        self._target.flush()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


async def keep(services: Services, identity: Identity, call_id: str, made: Made) -> CallExport:
    """Lay *made* down for *identity* to fetch; on the trail as ``export.made``."""
    export_id = secrets.token_urlsafe(32)
    file = _file(services, export_id)

    def write() -> tuple[int, str]:
        with SealedWriter(file, services.record_keys) as writer:
            counted = _Counted(writer)
            made.write(cast("IO[bytes]", counted))
        return counted.bytes, counted.sha256

    try:
        size, digest = await anyio.to_thread.run_sync(write)
        now = services.clock.now()
        row = CallExport(
            id=export_id,
            call_id=call_id,
            kind=made.kind,
            reference=made.reference,
            covered=made.covered,
            sound=made.sound,
            file_name=made.file_name,
            media_type=made.media_type,
            bytes=size,
            sha256=digest,
            by_login=identity.login,
            made_at=now,
            expires_at=now + timedelta(minutes=services.settings.exports.minutes),
            fetched_at=None,
        )
        async with services.database.transaction() as session:
            session.add(row)
            await record(session, Deed("export.made", call_id=call_id, subject=subject_of(row)))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return row


async def fetch(
    services: Services, identity: Identity, export_id: str
) -> tuple[CallExport, Iterator[bytes]]:
    """Return an export and its bytes, once, to who made it; its file is gone from then on.

    Raises:
        NotFound: there is none for this person (``export_unknown``); the two are told alike.
        Conflict: it was fetched, or its time is over (``export_over``).
    """
    now, file = services.clock.now(), _file(services, export_id)
    # Where it is gone nothing leaves, and nothing is told to have left.
    there = export_id != "" and await anyio.to_thread.run_sync(file.exists)
    async with services.database.transaction() as session:
        row = await session.get(CallExport, export_id)
        call = await session.get(Call, row.call_id) if row is not None else None
        # Who was given another section meanwhile sees the call no more.
        if (
            row is None
            or call is None
            or row.by_login != identity.login
            or not _sees(identity, call)
        ):
            raise NotFound(
                "export_unknown",
                "この書き出しは見つからないか、作成した人が違います。通話の画面から作り直してください。",
            )
        if row.expires_at <= now or not there:
            raise _over()
        # Of two who ask in the same moment one finds it: SQLite knows no locks of rows.
        once = update(CallExport).where(CallExport.id == export_id, CallExport.fetched_at.is_(None))
        taken = await session.scalars(once.values(fetched_at=now).returning(CallExport.id))
        if taken.first() is None:
            raise _over()
        await record(session, Deed("export.fetched", call_id=row.call_id, subject=subject_of(row)))
    try:
        content = await anyio.to_thread.run_sync(taken_once, file, services.record_keys)
    except (FileNotFoundError, CannotOpen):
        raise _over() from None
    return row, content


async def exports_of(services: Services, call_id: str) -> list[CallExport]:
    """Return what was exported of a call, the latest first."""
    query = select(CallExport).where(CallExport.call_id == call_id)
    async with services.database.transaction() as session:
        return list(await session.scalars(query.order_by(CallExport.made_at.desc())))


async def drop_expired(services: Services) -> None:
    """Delete files whose time is over, and those that no row names any more."""
    folder, now = services.settings.data_dir / FOLDER, services.clock.now()
    for file in await anyio.to_thread.run_sync(lambda: sorted(folder.glob("*"))):
        async with services.database.transaction() as session:
            row = await session.get(CallExport, file.name)
        if row is not None and row.fetched_at is None and row.expires_at > now:
            continue
        with suppress(FileNotFoundError):
            age_s = now.timestamp() - file.stat().st_mtime
            if row is not None or age_s > SETTLING_SECONDS:
                await anyio.to_thread.run_sync(file.unlink)


def subject_of(made: Made | CallExport) -> str:
    """Return what the trail says of a file that left: no word of the call."""
    covered, sound = "covered" if made.covered else "whole", "sound" if made.sound else "no sound"
    return f"{made.kind}, {covered}, {sound}"


def _sees(identity: Identity, call: Call) -> bool:
    return may_see(
        identity, operator=call.operator, section=call.section, live=call.ended_at is None
    )


def _over() -> Conflict:
    return Conflict(
        "export_over",
        "この書き出しは受け取り済みか、期限が過ぎて削除されました。もう一度書き出してください。",
    )


def _file(services: Services, export_id: str) -> Path:
    return services.settings.data_dir / FOLDER / export_id
