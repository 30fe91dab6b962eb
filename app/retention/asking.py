"""Glue: requests of one person as auditors handle them: asked with a reason, approved by another, fetched once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import uuid4

import anyio
import anyio.to_thread
from sqlalchemy import select, update

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.callers.keys import CallerKeys
from app.errors import Conflict, NotAllowed, NotFound
from app.privacy.numbers import reading_numbers
from app.retention.file_places import PERSON_EXPORTS
from app.retention.holding import checked_reason
from app.retention.models import PersonRequest
from app.retention.person import (
    APPROVED,
    ERASE,
    EXPORT,
    PersonCalls,
    calls_of_person,
    hashes_of,
)
from app.retention.person_export import write_export
from app.retention.purging import no_progress
from app.retention.sealed_files import SealedWriter, taken_once
from app.sealing import CannotOpen
from app.services import Services
from app.trail.chain import Deed
from app.trail.writing import record

FOLDER: Final = PERSON_EXPORTS
WAITING: Final = "waiting"
READY: Final = "ready"
FETCHED: Final = "fetched"
EXPIRED: Final = "expired"
REFUSED: Final = "refused"
FAILED: Final = "failed"
MADE_WITHIN: Final = timedelta(hours=6)
"""What takes longer was cut off by a server that stopped."""


@dataclass(frozen=True, slots=True)
class Asked:
    request: PersonRequest
    found: PersonCalls


def check_asker(identity: Identity) -> None:
    """Let only people ask who see the calls of every section: a person's calls stop at none.

    Raises:
        NotAllowed: as it says (``person_needed``, ``whole_office_needed``).
    """
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "この操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )
    if identity.role is not Role.AUDITOR or identity.section:
        raise NotAllowed(
            "whole_office_needed",
            "本人からの求めは、課を限らない監査担当者が扱います。担当の人に頼んでください。",
        )


async def ask(
    services: Services, identity: Identity, keys: CallerKeys, *, kind: str, number: str, reason: str
) -> str:
    """Write the request down; an export is made at once. Return its id.

    Raises:
        FieldRefused: the number names no telephone or no call, or the reason is missing.
        NotAllowed: as ``check_asker`` says.
        Unavailable: a recording cannot be opened.
    """
    check_asker(identity)
    hashes = hashes_of(keys, number)
    why = checked_reason(reason)
    now = services.clock.now()
    request_id = uuid4().hex
    async with services.database.transaction() as session:
        found = await calls_of_person(session, hashes, now)
        if not found.call_ids:
            raise FieldRefused(
                "number",
                "no_calls_of_number",
                "この番号からの通話はありません。番号を確かめてください。",
            )
        session.add(
            PersonRequest(
                id=request_id,
                kind=kind,
                state=WAITING,
                hashes=list(hashes),
                reason=why,
                calls=len(found.call_ids),
                asked_by=identity.login,
                asked_at=now,
                decided_by=None,
                decided_at=None,
                expires_at=None,
            )
        )
    if kind == EXPORT:
        await _make(services, request_id, found)
    return request_id


async def _make(services: Services, request_id: str, found: PersonCalls) -> None:
    file = _file(services, request_id)
    try:
        writer = await anyio.to_thread.run_sync(SealedWriter, file, services.record_keys)
        with writer:
            await write_export(
                writer,
                services.database,
                services.recordings,
                found.call_ids,
                found.hashes,
                number_of=reading_numbers(services.record_keys),
                now=services.clock.now(),
                progress=no_progress,
            )
    except BaseException:
        with anyio.CancelScope(shield=True):
            file.unlink(missing_ok=True)
            await _become(services, request_id, FAILED)
        raise
    await _become(services, request_id, READY)


async def _become(services: Services, request_id: str, state: str) -> None:
    now = services.clock.now()
    async with services.database.transaction() as session:
        row = await session.get(PersonRequest, request_id)
        if row is not None:
            row.state = state
            if state == READY:
                row.expires_at = now + timedelta(minutes=services.settings.retention.export_minutes)
            else:
                row.hashes = []


async def asked(services: Services, identity: Identity, request_id: str) -> Asked:
    """Return a request with what there is of its caller now.

    Raises:
        NotFound: there is none, or not for these eyes.
    """
    async with services.database.transaction() as session:
        row = await session.get(PersonRequest, request_id)
        if row is None or not _may_know(identity):
            raise NotFound(
                "person_request_unknown", "この求めは見つかりません。一覧から選び直してください。"
            )
        found = await calls_of_person(session, row.hashes, services.clock.now())
    return Asked(row, found)


def _may_know(identity: Identity) -> bool:
    return identity.role is Role.ADMINISTRATOR or (
        identity.role is Role.AUDITOR and not identity.section
    )


async def fetch(services: Services, identity: Identity, request_id: str) -> Iterator[bytes]:
    """Return the export's bytes, once; its file is gone from then on.

    Raises:
        NotAllowed: somebody else asked for it (``own_export_only``).
        NotFound: there is no such request.
        Conflict: it was fetched or has expired (``export_over``).
    """
    check_asker(identity)
    now, file = services.clock.now(), _file(services, request_id)
    # It may have gone with a call that was deleted meanwhile: then nothing leaves, and nothing is told to have left.
    there = await anyio.to_thread.run_sync(file.exists)
    async with services.database.transaction() as session:
        row = await session.get(PersonRequest, request_id, with_for_update=True)
        if row is None or row.kind != EXPORT:
            raise NotFound(
                "person_request_unknown", "この求めは見つかりません。一覧から選び直してください。"
            )
        if row.asked_by != identity.login:
            raise NotAllowed(
                "own_export_only", "書き出しを受け取れるのは、それを求めた職員だけです。"
            )
        if row.state != READY or row.expires_at is None or row.expires_at <= now or not there:
            raise _over()
        # Of two who ask in the same moment one finds it: SQLite knows no locks of rows.
        once = update(PersonRequest).where(
            PersonRequest.id == request_id, PersonRequest.state == READY
        )
        taken = await session.scalars(
            once.values(state=FETCHED, hashes=[]).returning(PersonRequest.id)
        )
        if taken.first() is None:
            raise _over()
        await record(session, Deed("person.exported", subject=request_id))
    try:
        return await anyio.to_thread.run_sync(taken_once, file, services.record_keys)
    except (FileNotFoundError, CannotOpen):
        raise _over() from None


def _over() -> Conflict:
    return Conflict(
        "export_over",
        "この書き出しは受け取り済みか、期限が過ぎて削除されました。もう一度書き出してください。",
    )


async def approve_erasure(
    services: Services, identity: Identity, keys: CallerKeys, request_id: str, number: str
) -> None:
    """Have deleted what was asked for; the second person types the number too. Nobody takes it back then.

    Raises:
        NotAllowed: a program, who asked, or who may not (``second_person_erases``).
        FieldRefused: another number than the one that was asked for (``other_number``).
        Conflict: it waits no longer.
    """
    row = await _waiting(services, identity, request_id)
    if row.asked_by == identity.login:
        raise NotAllowed(
            "second_person_erases",
            "求めを登録した本人は承認できません。別の監査担当者か管理者に頼んでください。",
        )
    if set(hashes_of(keys, number)).isdisjoint(row.hashes):
        raise FieldRefused(
            "number",
            "other_number",
            "登録された番号と違います。求めの書面の番号を確かめてください。",
        )
    await _decide(services, identity, request_id, APPROVED)


async def refuse_erasure(services: Services, identity: Identity, request_id: str) -> None:
    """Turn it down, or take it back.

    Raises:
        NotAllowed, Conflict: as ``approve_erasure`` says.
    """
    await _waiting(services, identity, request_id)
    await _decide(services, identity, request_id, REFUSED)


async def _decide(services: Services, identity: Identity, request_id: str, state: str) -> None:
    now = services.clock.now()
    async with services.database.transaction() as session:
        # Written before it is read: of two who decide at once one is told.
        decided = await session.execute(
            update(PersonRequest)
            .where(PersonRequest.id == request_id, PersonRequest.state == WAITING)
            .values(decided_by=identity.login, decided_at=now)
            .returning(PersonRequest.id)
            .execution_options(synchronize_session=False)
        )
        if decided.scalar_one_or_none() is None:
            raise _not_waiting()
        row = await session.get(PersonRequest, request_id, populate_existing=True)
        if row is not None:
            row.state = state
            if state == REFUSED:
                row.hashes = []


async def _waiting(services: Services, identity: Identity, request_id: str) -> PersonRequest:
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "この操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )
    row = (await asked(services, identity, request_id)).request
    if row.kind != ERASE or row.state != WAITING:
        raise _not_waiting()
    return row


def _not_waiting() -> Conflict:
    return Conflict(
        "request_not_waiting", "この求めは承認待ちではありません。画面を読み込み直してください。"
    )


async def drop_expired(services: Services) -> None:
    """Delete exports whose time is over, and files that no request names any more."""
    now = services.clock.now()
    folder = services.settings.data_dir / FOLDER
    # Before the rows: a file is made after its row.
    files = await anyio.to_thread.run_sync(lambda: sorted(folder.glob("*")))
    kept = set[str]()
    async with services.database.transaction() as session:
        query = select(PersonRequest).where(
            PersonRequest.kind == EXPORT, PersonRequest.state.in_((WAITING, READY))
        )
        for row in await session.scalars(query):
            until = row.expires_at if row.state == READY else row.asked_at + MADE_WITHIN
            if until is not None and until > now:
                kept.add(row.id)
            else:
                row.state, row.hashes = EXPIRED, []
    for file in files:
        if file.name not in kept:
            with suppress(FileNotFoundError):
                await anyio.to_thread.run_sync(file.unlink)


def _file(services: Services, request_id: str) -> Path:
    return services.settings.data_dir / FOLDER / request_id
