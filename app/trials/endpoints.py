"""Glue: trials over REST. Administrators read counts; calls and words are for auditors."""

from __future__ import annotations

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Path, Query, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.download_names import disposition
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn, TooMany
from app.privacy.sight_of_call import text_sight
from app.services import services_of
from app.trail.looking import Look, looks_of
from app.trials.asking import ask, cancel, unknown_trial
from app.trials.choices import check_policy, choices
from app.trials.models import Trial, TrialCall
from app.trials.repository import trial_for, trials_for
from app.trials.schemas import (
    ChoicesOut,
    PolicyCheckOut,
    PolicyTextIn,
    TrialDetailOut,
    TrialIn,
    TrialsOut,
    TriedCallDetailOut,
    TriedCallsOut,
)
from app.trials.viewing import calls_view, differences_view, trial_view, trials_view

TRIERS = (Role.AUDITOR, Role.ADMINISTRATOR)
MOST_LISTED = 50

Trier = Annotated[Identity, Depends(requires(*TRIERS))]
Auditor = Annotated[Identity, Depends(requires(Role.AUDITOR))]
TrialId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]

router = APIRouter(
    prefix="/v1/trials", tags=["trials"], responses=problems(NotSignedIn, NotAllowed)
)


@router.get("")
async def list_trials(request: Request, identity: Trier) -> TrialsOut:
    """Return the trials, the latest first; no call and no word."""
    async with services_of(request).database.transaction() as session:
        trials = await trials_for(session, identity, MOST_LISTED)
        return TrialsOut(trials=await trials_view(session, trials))


@router.post("", status_code=status.HTTP_201_CREATED, responses=problems(BadRequest, TooMany))
async def start_trial(request: Request, identity: Trier, body: TrialIn) -> TrialDetailOut:
    """Try changed rules on past calls. Nothing of it goes live."""
    services = services_of(request)
    trial_id = await ask(services, identity, body)
    async with services.database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
        if trial is None:
            raise unknown_trial()
        return await _view(request, session, identity, trial)


@router.get("/choices")
async def read_choices(request: Request, identity: Trier) -> ChoicesOut:
    """Return what may be changed, as it stands now."""
    return await choices(services_of(request), identity)


@router.post("/policy-check")
async def check_policy_text(_identity: Trier, body: PolicyTextIn) -> PolicyCheckOut:
    """Say whether a policy file is right, and of each fault the line; nothing is stored."""
    return await anyio.to_thread.run_sync(check_policy, body.toml)


@router.get("/{trial_id}", responses=problems(NotFound))
async def read_trial(request: Request, identity: Trier, trial_id: TrialId) -> TrialDetailOut:
    """Return how far a trial is and what it counted."""
    async with services_of(request).database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
        if trial is None:
            raise unknown_trial()
        view = await _view(request, session, identity, trial)
    await looks_of(request).note(Look.TRIAL, identity)
    return view


@router.post("/{trial_id}/cancel", responses=problems(NotFound, Conflict))
async def cancel_trial(request: Request, identity: Trier, trial_id: TrialId) -> TrialDetailOut:
    """Stop a trial; what was compared until then stays."""
    services = services_of(request)
    await cancel(services, identity, trial_id)
    async with services.database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
        if trial is None:
            raise unknown_trial()
        return await _view(request, session, identity, trial)


@router.get("/{trial_id}/policy.toml", responses=problems(NotFound))
async def download_policy(request: Request, identity: Trier, trial_id: TrialId) -> Response:
    """Return the policy that was tried, as a file."""
    async with services_of(request).database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
        if trial is None:
            raise unknown_trial()
        text = trial.policy_after
    return _file(text, f"policy-{trial_id[:8]}.toml")


@router.get("/{trial_id}/words.toml", responses=problems(NotFound))
async def download_words(request: Request, identity: Trier, trial_id: TrialId) -> Response:
    """Return the words that were added, as word lists."""
    async with services_of(request).database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
        if trial is None or not trial.change["added"]:
            raise unknown_trial()
        text = "\n# ---- 次の一覧は別のファイルにしてください\n".join(trial.change["added"])
    return _file(text, f"words-{trial_id[:8]}.toml")


@router.get("/{trial_id}/calls", responses=problems(NotFound))
async def read_calls(
    request: Request,
    identity: Auditor,
    trial_id: TrialId,
    *,
    only_differing: bool = True,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TriedCallsOut:
    """Return the calls in which the rules differ; no word of them."""
    async with services_of(request).database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
        if trial is None:
            raise unknown_trial()
        view = await calls_view(
            session, identity, trial, only_differing=only_differing, offset=offset, limit=limit
        )
    await looks_of(request).note(Look.TRIAL, identity)
    return view


@router.get("/{trial_id}/calls/{call_id}", responses=problems(NotFound))
async def read_differences(
    request: Request, identity: Auditor, trial_id: TrialId, call_id: str
) -> TriedCallDetailOut:
    """Return where the two sets of rules differ in one call, utterance by utterance."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
        tried = await session.get(TrialCall, (trial_id, call_id)) if trial is not None else None
        if tried is None:
            raise unknown_trial()
        sight = await text_sight(session, services, identity, call)
        view = await differences_view(session, tried, sight)
    await looks_of(request).note(Look.TRIAL, identity, call_id)
    return view


async def _view(
    request: Request, session: AsyncSession, identity: Identity, trial: Trial
) -> TrialDetailOut:
    least = services_of(request).settings.statistics.least_shown
    return await trial_view(session, identity, trial, least_shown=least)


def _file(text: str, name: str) -> Response:
    return Response(
        text,
        media_type="application/toml",
        headers={
            "Content-Disposition": disposition(name),
            "Cache-Control": "no-store",
        },
    )
