"""Glue: the page 「保存期間と削除」: periods, what is due, holds, proofs of what was deleted. Works without script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.visibility import may_see
from app.callers.deciding import today_in_japan
from app.errors import NotFound
from app.models import Call
from app.privacy.sight import TextSight
from app.privacy.sight_of_call import text_sights
from app.retention.asking import WAITING
from app.retention.endpoints import due_now, seen_of
from app.retention.kinds import KIND_WORDS, WHY_WORDS, Kind, What
from app.retention.models import RUN_CHARACTERS, LegalHold, PurgeRun
from app.retention.repository import all_in_force, kinds_in_run, runs, waiting_requests
from app.retention.telling import WHAT_WORDS, WHY_RUN, WIPED_WORDS, is_proved, periods
from app.retention.wiping import Wiped
from app.screens.language import Phrase, phrase
from app.screens.rendering import render
from app.services import services_of
from app.trail.looking import Look, looks_of

MOST_SHOWN: Final = 100
RUNS_SHOWN: Final = 30

Reader = Annotated[Identity, Depends(requires(Role.AUDITOR, Role.ADMINISTRATOR))]
RunId = Annotated[str, Path(max_length=RUN_CHARACTERS)]

router = APIRouter(prefix="/retention", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownHold:
    call_id: str
    section: str
    started_at: datetime
    reason: str
    by: str
    at: datetime
    until: Phrase


@dataclass(frozen=True, slots=True)
class ShownRun:
    id: str
    started_at: datetime
    finished_at: datetime | None
    why: str
    by: str
    calls: int
    sounds: int
    proved: bool
    interrupted: bool


@router.get("")
async def retention_page(request: Request, identity: Reader) -> Response:
    services = services_of(request)
    found = seen_of(await due_now(services), identity)
    sees_calls, whole = identity.role is Role.AUDITOR, _of_whole_office(identity)
    async with services.database.transaction() as session:
        in_force = await all_in_force(session, today_in_japan(services.clock.now()))
        latest = await runs(session, RUNS_SHOWN) if whole else []
        waiting = await waiting_requests(session, WAITING) if whole else []
        held = [(row, call) for row, call in in_force if not sees_calls or _seen(identity, call)]
        sights = await text_sights(session, services, identity, [call for _, call in held])
    if sees_calls:
        await looks_of(request).note(Look.LIST, identity)
    return render(
        request,
        "retention.html",
        identity=identity,
        periods=periods(services.settings.retention),
        decided=services.settings.retention.decided,
        at=f"{services.settings.retention.hour}:{services.settings.retention.minute:02d}",
        counts=[
            (KIND_WORDS[kind], WHAT_WORDS[what], calls)
            for (what, kind), calls in sorted(found.counts().items())
        ],
        held_due=len(found.held),
        sees_calls=sees_calls,
        whole=whole,
        due=[
            (one, KIND_WORDS[one.kind], WHY_WORDS[one.why], WHAT_WORDS[one.what])
            for one in (found.due[:MOST_SHOWN] if sees_calls else ())
        ],
        due_count=len(found.due),
        holds=[_hold(row, call, sights[call.id]) for row, call in held] if sees_calls else [],
        held_count=len(held),
        runs=[_run(run) for run in latest],
        asks=sees_calls and whole,
        waiting=sum(one.kind == "erase" for one in waiting),
    )


@router.get("/runs/{run_id}")
async def run_page(request: Request, identity: Reader, run_id: RunId) -> Response:
    services = services_of(request)
    async with services.database.transaction() as session:
        known = run_id.isalnum() and _of_whole_office(identity)
        run = await session.get(PurgeRun, run_id) if known else None
        kinds = await kinds_in_run(session, run_id) if run is not None else []
    if run is None:
        raise NotFound(
            "run_unknown", "この削除の記録は見つかりません。一覧から選び直してください。"
        )
    return render(
        request,
        "retention_run.html",
        identity=identity,
        run=run,
        shown=_run(run),
        kinds=[
            (KIND_WORDS[Kind(kind)], WHAT_WORDS[What(what)], count) for what, kind, count in kinds
        ],
        rows=sorted((run.rows or {}).items()),
        left=sorted((run.left or {}).items()),
        database=WIPED_WORDS[Wiped(run.database)] if run.database in set(Wiped) else "",
    )


def _of_whole_office(identity: Identity) -> bool:
    """Say whether proofs and requests are for *identity*: of a deleted call no section is known."""
    return identity.role is Role.ADMINISTRATOR or not identity.section


def _seen(identity: Identity, call: Call) -> bool:
    return may_see(identity, operator="", section=call.section, live=call.ended_at is None)


def _hold(row: LegalHold, call: Call, sight: TextSight) -> ShownHold:
    until = phrase("{day}まで", day=row.until) if row.until else phrase("解除されるまで")
    reason = sight.of(row.reason)
    return ShownHold(call.id, call.section, call.started_at, reason, row.by_login, row.at, until)


def _run(run: PurgeRun) -> ShownRun:
    return ShownRun(
        id=run.id,
        started_at=run.started_at,
        finished_at=run.finished_at,
        why=WHY_RUN.get(run.why, run.why),
        by=run.by_login,
        calls=run.calls,
        sounds=run.sounds,
        proved=is_proved(run),
        interrupted=run.interrupted,
    )
