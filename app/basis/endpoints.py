"""Glue: what decisions rest on over REST, so that each can be explained years later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import PlainTextResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.basis.keeping import BasisKind
from app.basis.models import BasisInUse, BasisText
from app.basis.schemas import BasisOut, BasisTextOut, InUseOut, JudgedByOut
from app.calls.endpoints import load_seen
from app.download_names import disposition
from app.errors import NotAllowed, NotFound, NotSignedIn
from app.models import DecisionRow, UtteranceRow
from app.services import services_of

OfCall = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR))]
Reader = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR))]
Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]

router = APIRouter(tags=["basis"], responses=problems(NotSignedIn, NotAllowed, NotFound))


@router.get("/v1/calls/{call_id}/basis")
async def read_basis(request: Request, identity: OfCall, call_id: str) -> BasisOut:
    """Return by which policy, detector and recognition model a call was judged, when, and what was in use then."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        decided = await _decided(session, call_id)
        models = await session.scalars(
            select(UtteranceRow.model).where(UtteranceRow.call_id == call_id).distinct()
        )
        until = call.ended_at or services.clock.now()
        return BasisOut(
            call_id=call_id,
            decided=decided,
            recognition_models=sorted(models),
            in_use=await _in_use(session, call.started_at, until),
        )


@router.get("/v1/basis/{digest}.txt", response_class=PlainTextResponse)
async def read_file(request: Request, identity: Reader, digest: Digest) -> PlainTextResponse:
    """Return the same text as a file. Its SHA-256 is the digest by which it was asked for."""
    del identity
    async with services_of(request).database.transaction() as session:
        text = (await _kept(session, digest)).text
    return PlainTextResponse(
        text, headers={"Content-Disposition": disposition(f"mimamori-{digest[:12]}.txt")}
    )


@router.get("/v1/basis/{digest}")
async def read_text(
    request: Request,
    identity: Reader,
    digest: Digest,
) -> BasisTextOut:
    """Return the text of a policy or of the word lists as it was when calls were judged by it."""
    del identity
    async with services_of(request).database.transaction() as session:
        kept = await _kept(session, digest)
        used = await session.scalars(
            select(BasisInUse).where(BasisInUse.digest == digest).order_by(BasisInUse.id)
        )
        return BasisTextOut(digest=digest, text=kept.text, used=[_out(row) for row in used])


async def _kept(session: AsyncSession, digest: str) -> BasisText:
    """Return the text of *digest*.

    Raises:
        NotFound: none is kept (``basis_unknown``).
    """
    kept = await session.get(BasisText, digest)
    if kept is None:
        raise NotFound("basis_unknown", "この版の内容は残っていません。")
    return kept


async def _decided(session: AsyncSession, call_id: str) -> list[JudgedByOut]:
    versions = (DecisionRow.policy_version, DecisionRow.detector_version)
    query = (
        select(
            *versions,
            func.count().label("decisions"),
            func.min(DecisionRow.decided_at).label("first_at"),
            func.max(DecisionRow.decided_at).label("last_at"),
        )
        .where(DecisionRow.call_id == call_id)
        .group_by(*versions)
    )
    rows = [JudgedByOut.model_validate(dict(row._mapping)) for row in await session.execute(query)]  # noqa: SLF001 - the documented way to a row's names
    return sorted(rows, key=lambda one: one.first_at)


async def _in_use(session: AsyncSession, start: datetime, end: datetime) -> list[InUseOut]:
    found: list[BasisInUse] = []
    for kind in BasisKind:
        of_kind = select(BasisInUse).where(BasisInUse.kind == kind.value)
        before = await session.scalar(
            of_kind.where(BasisInUse.since <= start).order_by(BasisInUse.id.desc()).limit(1)
        )
        later: Sequence[BasisInUse] = (
            await session.scalars(
                of_kind.where(BasisInUse.since > start, BasisInUse.since <= end).order_by(
                    BasisInUse.id
                )
            )
        ).all()
        found += [*([before] if before is not None else []), *later]
    return [_out(row) for row in found]


def _out(row: BasisInUse) -> InUseOut:
    return InUseOut(kind=row.kind, version=row.version, digest=row.digest, since=row.since)
