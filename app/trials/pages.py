"""Glue: the pages 「ルールの試行」: all trials with the form for a new one, and one with what it found."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from app.auth.access import requires
from app.auth.identity import Identity
from app.screens.rendering import render
from app.services import services_of
from app.trials.asking import unknown_trial
from app.trials.endpoints import TRIERS, TrialId
from app.trials.repository import trial_for

Trier = Annotated[Identity, Depends(requires(*TRIERS))]

router = APIRouter(prefix="/trials", include_in_schema=False)


@router.get("")
async def trials_page(request: Request, identity: Trier) -> Response:
    return render(request, "trials.html", identity=identity)


@router.get("/{trial_id}")
async def trial_page(request: Request, identity: Trier, trial_id: TrialId) -> Response:
    async with services_of(request).database.transaction() as session:
        trial = await trial_for(session, identity, trial_id)
    if trial is None:
        raise unknown_trial()
    return render(request, "trials_one.html", identity=identity, trial_id=trial.id)
