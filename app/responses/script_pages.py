"""Glue: the pages 「ご案内の文」: all sentences, and one with its versions. Works without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import requires
from app.auth.errors import FieldRefused
from app.auth.forms import fields_of
from app.auth.identity import Identity, Role
from app.errors import AppError
from app.feedback.rule_words import category_words
from app.japan import JAPAN
from app.responses.deciding import (
    APPROVERS,
    LARGEST_VERSION,
    ScriptLine,
    Wanted,
    approve,
    give_back,
    history_of,
    propose,
    propose_again,
    script_lines,
)
from app.responses.models import ID_CHARACTERS, ScriptVersion
from app.responses.repository import VersionState
from app.responses.script_endpoints import READERS
from app.responses.scripts import MAY_SAY_RECORDED, Script
from app.responses.wording import (
    NOTE_CHARACTERS,
    REASON_CHARACTERS,
    TEXT_CHARACTERS,
    Warned,
    warnings_about,
)
from app.screens.catalogues import catalogue_of
from app.screens.forms import Rejected
from app.screens.language import COOKIE, language_of
from app.screens.rendering import render
from app.screens.words import LEVELS, STEPS
from app.services import services_of
from detection.types import Step

ANY_CATEGORY: Final = "どの類型でも"
STATE_WORDS: Final = {
    VersionState.WAITING: "承認待ち",
    VersionState.APPROVED: "承認済み",
    VersionState.RETURNED: "差し戻し",
}
SHIPPED: Final = "製品の文例"

Reader = Annotated[Identity, Depends(requires(*READERS))]
Proposer = Annotated[Identity, Depends(requires(Role.ADMINISTRATOR))]
Approver = Annotated[Identity, Depends(requires(*APPROVERS))]
ScriptId = Annotated[str, Path(max_length=ID_CHARACTERS)]
Version = Annotated[int, Path(ge=0, le=LARGEST_VERSION)]

router = APIRouter(prefix="/scripts", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownLine:
    script: Script
    step: str
    category: str
    waiting: bool


@dataclass(frozen=True, slots=True)
class ShownStep:
    step: str
    label: str
    lines: tuple[ShownLine, ...]


@dataclass(frozen=True, slots=True)
class ShownVersion:
    version: int
    state: str
    in_use: bool
    text: str
    text_when_recorded: str
    note: str
    reason: str
    proposed: str
    decided: str
    """Who approved or returned it, and when."""
    decision_reason: str
    waiting: bool
    doubts: tuple[Warned, ...]


@router.get("")
async def scripts_page(request: Request, identity: Reader) -> Response:
    scripts, lines = await script_lines(services_of(request))
    return render(
        request,
        "scripts.html",
        identity=identity,
        steps=[_step(step, lines) for step in Step],
        waiting=[_line(line) for line in lines if line.waiting is not None],
        drafts=sum(line.script.draft for line in lines),
        reports=[(LEVELS[report.level].label, report) for report in scripts.reports],
    )


@router.get("/{script_id}")
async def script_page(request: Request, identity: Reader, script_id: ScriptId) -> Response:
    return await _page(request, identity, script_id)


@router.post("/{script_id}")
async def propose_script(request: Request, identity: Proposer, script_id: ScriptId) -> Response:
    fields = await fields_of(request)
    wanted = Wanted(
        text=fields.get("text", ""),
        text_when_recorded=fields.get("text_when_recorded", ""),
        note=fields.get("note", ""),
        reason=fields.get("reason", ""),
        based_on=_number(fields.get("based_on", "")),
    )
    try:
        await propose(services_of(request), identity, script_id, wanted)
    except AppError as refused:
        return await _refused(request, identity, script_id, "propose", fields, refused)
    # A reload of the page must not do the same thing again.
    return RedirectResponse(f"/scripts/{script_id}#waiting-heading", 303)


@router.post("/{script_id}/versions/{version}/propose-again")
async def propose_earlier(
    request: Request, identity: Proposer, script_id: ScriptId, version: Version
) -> Response:
    fields = await fields_of(request)
    try:
        await propose_again(
            services_of(request),
            identity,
            script_id,
            version,
            fields.get("reason", ""),
            _number(fields.get("based_on", "")),
        )
    except AppError as refused:
        form = f"again-{version}"
        return await _refused(request, identity, script_id, form, fields, refused)
    return RedirectResponse(f"/scripts/{script_id}#waiting-heading", 303)


@router.post("/{script_id}/versions/{version}/approve")
async def approve_script(
    request: Request, identity: Approver, script_id: ScriptId, version: Version
) -> Response:
    try:
        await approve(services_of(request), identity, script_id, version)
    except AppError as refused:
        return await _refused(request, identity, script_id, "approve", {}, refused)
    return RedirectResponse(f"/scripts/{script_id}#now-heading", 303)


@router.post("/{script_id}/versions/{version}/return")
async def return_script(
    request: Request, identity: Approver, script_id: ScriptId, version: Version
) -> Response:
    fields = await fields_of(request)
    try:
        await give_back(
            services_of(request), identity, script_id, version, fields.get("return_reason", "")
        )
    except AppError as refused:
        return await _refused(request, identity, script_id, "return", fields, refused)
    return RedirectResponse(f"/scripts/{script_id}#versions-heading", 303)


async def _refused(
    request: Request,
    identity: Identity,
    script_id: str,
    form: str,
    entered: dict[str, str],
    refused: AppError,
) -> Response:
    if refused.code == "script_unknown":
        raise refused
    catalogue = catalogue_of(language_of(request.cookies.get(COOKIE)))
    message = catalogue.error(refused.code, refused.message)
    where = refused.field if isinstance(refused, FieldRefused) else ""
    if form.startswith("again") and where != "reason":
        where = ""  # the words were not typed in this form
    return await _page(
        request,
        identity,
        script_id,
        rejected=Rejected(form, entered, {where: message} if where else {}),
        failure="" if where else message,
        status=refused.status,
    )


async def _page(
    request: Request,
    identity: Identity,
    script_id: str,
    *,
    rejected: Rejected | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    script, shipped, rows = await history_of(services_of(request), script_id)
    versions = _versions(script, shipped, rows)
    waiting = next((version for version in versions if version.waiting), None)
    author = next((row.proposed_by for row in rows if _waits(row)), "")
    return render(
        request,
        "script.html",
        identity=identity,
        status_code=status,
        script=script,
        step=STEPS[script.step].label,
        category=_category(script),
        versions=versions,
        waiting=waiting,
        is_author=author == identity.login,
        may_propose=identity.role is Role.ADMINISTRATOR,
        may_approve=identity.role in APPROVERS,
        may_say_recorded=script.step in MAY_SAY_RECORDED,
        text_characters=TEXT_CHARACTERS,
        note_characters=NOTE_CHARACTERS,
        reason_characters=REASON_CHARACTERS,
        rejected=rejected or Rejected(),
        failure=failure,
    )


def _step(step: Step, lines: Sequence[ScriptLine]) -> ShownStep:
    of_step = tuple(_line(line) for line in lines if line.script.step is step)
    return ShownStep(step.value, STEPS[step].label, of_step)


def _line(line: ScriptLine) -> ShownLine:
    script = line.script
    return ShownLine(script, STEPS[script.step].label, _category(script), line.waiting is not None)


def _category(script: Script) -> str:
    return category_words(script.category.value) if script.category is not None else ANY_CATEGORY


def _versions(
    script: Script, shipped: Script, rows: Sequence[ScriptVersion]
) -> tuple[ShownVersion, ...]:
    """Return the versions, the latest first, what shipped last."""
    return (
        *(_version(row, script) for row in rows),
        ShownVersion(
            version=0,
            state=SHIPPED,
            in_use=script.version == 0,
            text=shipped.text,
            text_when_recorded=shipped.text_when_recorded,
            note=shipped.note,
            reason="",
            proposed="",
            decided="",
            decision_reason="",
            waiting=False,
            doubts=(),
        ),
    )


def _version(row: ScriptVersion, script: Script) -> ShownVersion:
    return ShownVersion(
        version=row.version,
        state=STATE_WORDS[VersionState(row.state)],
        in_use=row.version == script.version,
        text=row.text,
        text_when_recorded=row.text_when_recorded,
        note=row.note,
        reason=row.reason,
        proposed=f"{_moment(row.proposed_at)} {row.proposed_by}" if row.proposed_by else "",
        decided=f"{_moment(row.decided_at)} {row.decided_by}" if row.decided_at else "",
        decision_reason=row.decision_reason,
        waiting=_waits(row),
        doubts=warnings_about(script, row.text, row.text_when_recorded) if _waits(row) else (),
    )


def _waits(row: ScriptVersion) -> bool:
    return row.state == VersionState.WAITING.value


def _number(typed: str) -> int:
    """Return the version that a form was based on; one that never was where it says nothing."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def _moment(at: datetime) -> str:
    local = at.astimezone(JAPAN)
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
