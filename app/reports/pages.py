"""Glue: the page of one report: written, submitted, approved. Saving works without script."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import requires
from app.auth.errors import FieldRefused
from app.auth.forms import fields_of
from app.auth.identity import Identity, Role
from app.calls.endpoints import load_seen
from app.errors import AppError
from app.reports.deciding import approve, give_back, submit, withdraw
from app.reports.endpoints import ReportId, Viewer
from app.reports.form import BY_KEY, FIELDS, checked_text
from app.reports.guarding import REASON_CHARACTERS, ChangedMeanwhile
from app.reports.merging import Merged, merged, own_changes
from app.reports.reading import read_report
from app.reports.repository import versions_of
from app.reports.shown import ShownReport, shown_report
from app.reports.writing import Written, begin, check_over, correct, save
from app.screens.forms import Rejected
from app.screens.rendering import refusal_words, render
from app.services import services_of
from app.trail.looking import Look, looks_of

Approver = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]
MARK = "seen-"
"""Begins the fields of the form that say by a digest what stood there when it was opened."""

router = APIRouter(include_in_schema=False)


@router.get("/calls/{call_id}/report")
async def report_of_call(request: Request, identity: Viewer, call_id: str) -> Response:
    """Lead to the report of an ended call, or to the question whether one is to be begun."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        versions = await versions_of(session, call.id)
    if versions:
        return RedirectResponse(f"/reports/{versions[0].id}", 303)
    check_over(call)
    return render(request, "report_begin.html", identity=identity, call_id=call.id)


@router.post("/calls/{call_id}/report")
async def begin_report(request: Request, identity: Viewer, call_id: str) -> Response:
    report_id, _ = await begin(services_of(request), identity, call_id)
    return RedirectResponse(f"/reports/{report_id}", 303)


@router.get("/reports/{report_id}")
async def report_page(
    request: Request,
    identity: Viewer,
    report_id: ReportId,
    done: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    return await _page(request, identity, report_id, done=done)


@router.post("/reports/{report_id}")
async def save_report(request: Request, identity: Viewer, report_id: ReportId) -> Response:
    """Save what was typed, and submit it where that button was pressed."""
    fields = await fields_of(request)
    services = services_of(request)
    try:
        typed = {key: checked_text(key, fields[key]) for key in BY_KEY if key in fields}
        marks = _marks(fields)
        quotes = fields["quotes"].split("\n") if "quotes" in fields else None
        written = Written(
            _number(fields.get("revision", "")),
            own_changes(typed, marks),
            None if quotes is None else [one.strip() for one in quotes if one.strip()],
        )
        revision = await save(services, identity, report_id, written)
    except AppError as refused:
        return await _refused(request, identity, report_id, "report", fields, refused)
    if fields.get("then") != "submit":
        # A reload of the page must not do the same thing again.
        return RedirectResponse(f"/reports/{report_id}?done=saved", 303)
    try:
        await submit(services, identity, report_id, revision)
    except AppError as refused:
        # What was typed is stored by now; only the submission was refused.
        return await _refused(request, identity, report_id, "report", {}, refused)
    return RedirectResponse(f"/reports/{report_id}?done=submitted", 303)


@router.post("/reports/{report_id}/withdraw")
async def withdraw_report(request: Request, identity: Viewer, report_id: ReportId) -> Response:
    fields = await fields_of(request)
    try:
        await withdraw(
            services_of(request), identity, report_id, _number(fields.get("revision", ""))
        )
    except AppError as refused:
        return await _refused(request, identity, report_id, "withdraw", fields, refused)
    return RedirectResponse(f"/reports/{report_id}?done=withdrawn", 303)


@router.post("/reports/{report_id}/approve")
async def approve_report(request: Request, identity: Approver, report_id: ReportId) -> Response:
    fields = await fields_of(request)
    try:
        await approve(
            services_of(request), identity, report_id, _number(fields.get("revision", ""))
        )
    except AppError as refused:
        return await _refused(request, identity, report_id, "approve", fields, refused)
    return RedirectResponse(f"/reports/{report_id}?done=approved", 303)


@router.post("/reports/{report_id}/return")
async def return_report(request: Request, identity: Approver, report_id: ReportId) -> Response:
    fields = await fields_of(request)
    try:
        await give_back(
            services_of(request),
            identity,
            report_id,
            _number(fields.get("revision", "")),
            fields.get("return_reason", ""),
        )
    except AppError as refused:
        return await _refused(request, identity, report_id, "return", fields, refused)
    return RedirectResponse(f"/reports/{report_id}?done=returned", 303)


@router.post("/reports/{report_id}/correct")
async def correct_report(request: Request, identity: Viewer, report_id: ReportId) -> Response:
    fields = await fields_of(request)
    try:
        new_id = await correct(
            services_of(request), identity, report_id, fields.get("correction_reason", "")
        )
    except AppError as refused:
        return await _refused(request, identity, report_id, "correct", fields, refused)
    return RedirectResponse(f"/reports/{new_id}", 303)


async def _refused(
    request: Request,
    identity: Identity,
    report_id: int,
    form: str,
    fields: dict[str, str],
    refused: AppError,
) -> Response:
    if refused.code == "report_unknown":
        raise refused
    message = refusal_words(request, refused)
    where = refused.field if isinstance(refused, FieldRefused) else ""
    known = where in BY_KEY or where in {"return_reason", "correction_reason"}
    return await _page(
        request,
        identity,
        report_id,
        rejected=Rejected(form, fields, {where: message} if known else {}),
        failure="" if known else message,
        late=refused if isinstance(refused, ChangedMeanwhile) else None,
        status=refused.status,
    )


async def _page(
    request: Request,
    identity: Identity,
    report_id: int,
    *,
    rejected: Rejected | None = None,
    failure: str = "",
    late: ChangedMeanwhile | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    services = services_of(request)
    async with services.database.transaction() as session:
        read = await read_report(services, session, identity, report_id)
    await looks_of(request).note(Look.REPORT, identity, read.call.id)
    rejected = rejected or Rejected()
    typed = rejected.entered if rejected.form == "report" else {}
    # Texts are compared letter by letter: a second for ten long ones.
    compare = partial(shown_report, read, _merged(typed, read.texts), typed.get("quotes"))
    shown: ShownReport = await anyio.to_thread.run_sync(compare)
    return render(
        request,
        "report.html",
        identity=identity,
        status_code=status,
        shown=shown,
        read=read,
        may=read.may,
        reason_characters=REASON_CHARACTERS,
        rejected=rejected,
        failure=failure,
        late=late,
        done=done,
    )


def _merged(typed: dict[str, str], saved: Mapping[str, str]) -> dict[str, Merged]:
    """Return how each field goes on where a form came back; nothing where none did."""
    if not typed:
        return {}
    marks = _marks(typed)
    return {
        field.key: merged(_tidy(typed.get(field.key)), marks.get(field.key), saved[field.key])
        for field in FIELDS
    }


def _tidy(text: str | None) -> str | None:
    return text.replace("\r\n", "\n") if text is not None else None


def _marks(fields: dict[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(MARK): value for name, value in fields.items() if name.startswith(MARK)
    }


def _number(typed: str) -> int:
    """Return the revision that a form saw; one that never was where it says nothing."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1
