"""Glue: the sentences over REST: read by who works with them, changed by two persons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.responses.deciding import (
    APPROVERS,
    LARGEST_VERSION,
    Wanted,
    approve,
    give_back,
    history_of,
    propose,
    propose_again,
    script_lines,
)
from app.responses.models import ID_CHARACTERS, ScriptVersion
from app.responses.schemas import (
    AgainIn,
    DoubtOut,
    ProposalIn,
    ProposedOut,
    ReportOut,
    ReturnIn,
    ScriptLineOut,
    ScriptsOut,
    ScriptVersionOut,
    ScriptVersionsOut,
)
from app.responses.scripts import Script
from app.responses.wording import warnings_about
from app.services import services_of

READERS = (Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR)

Anyone = Annotated[Identity, Depends(requires(Role.OPERATOR, *READERS))]
Reader = Annotated[Identity, Depends(requires(*READERS))]
Proposer = Annotated[Identity, Depends(requires(Role.ADMINISTRATOR))]
Approver = Annotated[Identity, Depends(requires(*APPROVERS))]
ScriptId = Annotated[str, Path(max_length=ID_CHARACTERS)]
Version = Annotated[int, Path(ge=0, le=LARGEST_VERSION)]

router = APIRouter(
    prefix="/v1/scripts", tags=["scripts"], responses=problems(NotSignedIn, NotAllowed)
)


@router.get("")
async def read_scripts(request: Request, identity: Anyone) -> ScriptsOut:
    """Return all sentences as they are suggested now, what waits for approval, and what to report after a call."""
    scripts, lines = await script_lines(services_of(request))
    reads_proposals = identity.role in READERS
    return ScriptsOut(
        scripts=[
            ScriptLineOut(
                script_id=line.script.id,
                step=line.script.step.value,
                category=_category(line.script),
                version=line.script.version,
                draft=line.script.draft,
                text=line.script.text,
                text_when_recorded=line.script.text_when_recorded,
                note=line.script.note,
                waiting=version_out(line.waiting, line.script)
                if line.waiting is not None and reads_proposals
                else None,
            )
            for line in lines
        ],
        reports=[
            ReportOut(level=int(report.level), text=report.text, draft=report.draft)
            for report in scripts.reports
        ],
    )


@router.get("/{script_id}/versions", responses=problems(NotFound))
async def read_versions(request: Request, _: Reader, script_id: ScriptId) -> ScriptVersionsOut:
    """Return every version of a sentence: who, when, what, why, and what became of it."""
    script, shipped, versions = await history_of(services_of(request), script_id)
    return ScriptVersionsOut(
        script_id=script_id,
        step=script.step.value,
        category=_category(script),
        versions=versions_out(script, shipped, versions),
    )


@router.post(
    "/{script_id}/versions",
    status_code=status.HTTP_201_CREATED,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def propose_version(
    request: Request, identity: Proposer, script_id: ScriptId, body: ProposalIn
) -> ProposedOut:
    """Propose other words for a sentence. They are suggested once another person has approved them."""
    services = services_of(request)
    wanted = Wanted(body.text, body.text_when_recorded, body.note, body.reason, body.based_on)
    version = await propose(services, identity, script_id, wanted)
    script, _, versions = await history_of(services, script_id)
    made = next(row for row in versions if row.version == version)
    return ProposedOut(version=version, doubts=version_out(made, script).doubts)


@router.post(
    "/{script_id}/versions/{version}/propose-again",
    status_code=status.HTTP_201_CREATED,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def propose_earlier(
    request: Request, identity: Proposer, script_id: ScriptId, version: Version, body: AgainIn
) -> ProposedOut:
    """Propose to go back to an earlier version; this, too, waits for another person."""
    services = services_of(request)
    made = await propose_again(services, identity, script_id, version, body.reason, body.based_on)
    return ProposedOut(version=made, doubts=[])


@router.post(
    "/{script_id}/versions/{version}/approve",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotFound, Conflict),
)
async def approve_version(
    request: Request, identity: Approver, script_id: ScriptId, version: Version
) -> None:
    """Approve what another person proposed; version 0 approves the shipped sentence as it is."""
    await approve(services_of(request), identity, script_id, version)


@router.post(
    "/{script_id}/versions/{version}/return",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def return_version(
    request: Request, identity: Approver, script_id: ScriptId, version: Version, body: ReturnIn
) -> None:
    """Return a proposal with a reason; nothing changes for calls."""
    await give_back(services_of(request), identity, script_id, version, body.reason)


def versions_out(
    script: Script, shipped: Script, versions: Sequence[ScriptVersion]
) -> list[ScriptVersionOut]:
    """Return all versions of *script*, the latest first, what shipped last."""
    return [
        *(version_out(row, script) for row in versions),
        ScriptVersionOut(
            version=0,
            state="shipped",
            in_use=script.version == 0,
            based_on=None,
            text=shipped.text,
            text_when_recorded=shipped.text_when_recorded,
            note=shipped.note,
            reason="",
            proposed_by="",
            proposed_at=None,
            decided_by=None,
            decided_at=None,
            decision_reason="",
            doubts=[],
        ),
    ]


def version_out(row: ScriptVersion, script: Script) -> ScriptVersionOut:
    """Return *row* as it stands beside *script*, which is in use now."""
    return ScriptVersionOut.model_validate(
        {
            "version": row.version,
            "state": row.state,
            "in_use": row.version == script.version,
            "based_on": row.based_on,
            "text": row.text,
            "text_when_recorded": row.text_when_recorded,
            "note": row.note,
            "reason": row.reason,
            "proposed_by": row.proposed_by,
            "proposed_at": row.proposed_at,
            "decided_by": row.decided_by,
            "decided_at": row.decided_at,
            "decision_reason": row.decision_reason,
            "doubts": [
                DoubtOut(code=doubt.code, message=doubt.message)
                for doubt in warnings_about(script, row.text, row.text_when_recorded)
            ],
        }
    )


def _category(script: Script) -> str | None:
    return script.category.value if script.category is not None else None
