"""Glue: incident reports over REST: begin, write, submit, approve, correct."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.auth.schemas import problems
from app.calls.endpoints import load_seen
from app.calls.schemas import StorableText
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn
from app.models import Call
from app.reports.deciding import approve, give_back, submit, withdraw
from app.reports.form import FIELDS
from app.reports.listing import checked_span
from app.reports.models import IncidentReport
from app.reports.reading import ReadReport, numbers_of, read_report, report_number
from app.reports.repository import LARGEST_ID, ReportState, reports_in, versions_of
from app.reports.schemas import (
    BegunOut,
    CallReportOut,
    CorrectionIn,
    CorrectionOut,
    FieldOut,
    MayOut,
    QuoteOut,
    RecordOut,
    ReportLineOut,
    ReportOut,
    ReportsOut,
    ReturnIn,
    RevisionIn,
    SavedOut,
    SaveIn,
    StepOut,
)
from app.reports.writing import Written, begin, correct, save
from app.services import services_of
from app.trail.looking import Look, looks_of

VIEWERS = (Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR)

Viewer = Annotated[Identity, Depends(requires(*VIEWERS))]
Approver = Annotated[Identity, Depends(requires(Role.SUPERVISOR))]
ReportId = Annotated[int, Path(ge=1, le=LARGEST_ID)]

router = APIRouter(prefix="/v1", tags=["reports"], responses=problems(NotSignedIn, NotAllowed))


@router.post("/calls/{call_id}/report", responses=problems(NotFound, Conflict))
async def begin_report(
    request: Request, response: Response, identity: Viewer, call_id: str
) -> BegunOut:
    """Begin the report of an ended call, filled in from its record; the one that it has is returned."""
    report_id, created = await begin(services_of(request), identity, call_id)
    response.status_code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
    return BegunOut(report_id=report_id, created=created)


@router.get("/calls/{call_id}/report", responses=problems(NotFound))
async def report_of_call(request: Request, identity: Viewer, call_id: str) -> CallReportOut:
    """Say whether a call has a report, and how it stands."""
    services = services_of(request)
    call = await load_seen(services, identity, call_id)
    async with services.database.transaction() as session:
        versions = await versions_of(session, call.id)
    if not versions:
        return CallReportOut(report=None, versions=0)
    line = _line(versions[0], call, report_number(call, versions[-1].id))
    return CallReportOut(report=line, versions=len(versions))


@router.get("/reports")
async def list_reports(
    request: Request,
    identity: Viewer,
    state: ReportState | None = None,
    section: Annotated[StorableText | None, Query(max_length=64)] = None,
    since: Annotated[date | None, Query(description="First day of the calls, in Japan")] = None,
    until: Annotated[date | None, Query(description="Their last day")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> ReportsOut:
    """Return the reports of calls that you may see."""
    services = services_of(request)
    async with services.database.transaction() as session:
        found = await reports_in(
            session,
            identity,
            state=state,
            section=section,
            since=checked_span(since, since).begins_at if since is not None else None,
            until=checked_span(until, until).ends_at if until is not None else None,
            limit=limit + 1,
            offset=offset,
        )
        numbers = await numbers_of(session, [call for _, call in found])
    await looks_of(request).note(Look.REPORTS, identity)
    return ReportsOut(
        reports=[_line(report, call, numbers[call.id]) for report, call in found[:limit]],
        more=len(found) > limit,
    )


@router.get("/reports/{report_id}", responses=problems(NotFound))
async def one_report(request: Request, identity: Viewer, report_id: ReportId) -> ReportOut:
    """Return a report as you may read it."""
    services = services_of(request)
    async with services.database.transaction() as session:
        read = await read_report(services, session, identity, report_id)
    await looks_of(request).note(Look.REPORT, identity, read.call.id)
    return _whole(read)


@router.get("/reports/{report_id}/record", responses=problems(NotFound))
async def record_of_report(request: Request, identity: Viewer, report_id: ReportId) -> RecordOut:
    """Return what the record would fill in now: it may know more than when the report was begun."""
    services = services_of(request)
    async with services.database.transaction() as session:
        read = await read_report(services, session, identity, report_id)
    await looks_of(request).note(Look.REPORT, identity, read.call.id)
    return RecordOut(fields=dict(read.record_texts))


@router.patch("/reports/{report_id}", responses=problems(BadRequest, NotFound, Conflict))
async def save_report(
    request: Request, identity: Viewer, report_id: ReportId, body: SaveIn
) -> SavedOut:
    """Save what you changed; 409 ``report_changed_meanwhile`` where somebody saved since you read it."""
    written = Written(body.revision, body.fields, body.quotes)
    return SavedOut(revision=await save(services_of(request), identity, report_id, written))


@router.post(
    "/reports/{report_id}/submit",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def submit_report(
    request: Request, identity: Viewer, report_id: ReportId, body: RevisionIn
) -> None:
    """Hand the report that you wrote to the 所属長."""
    await submit(services_of(request), identity, report_id, body.revision)


@router.post(
    "/reports/{report_id}/withdraw",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotFound, Conflict),
)
async def withdraw_report(
    request: Request, identity: Viewer, report_id: ReportId, body: RevisionIn
) -> None:
    """Take the report back, to go on writing."""
    await withdraw(services_of(request), identity, report_id, body.revision)


@router.post(
    "/reports/{report_id}/approve",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(NotFound, Conflict),
)
async def approve_report(
    request: Request, identity: Approver, report_id: ReportId, body: RevisionIn
) -> None:
    """Approve a report of your section of which you wrote no part; it is frozen."""
    await approve(services_of(request), identity, report_id, body.revision)


@router.post(
    "/reports/{report_id}/return",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def return_report(
    request: Request, identity: Approver, report_id: ReportId, body: ReturnIn
) -> None:
    """Return a report to its authors, with a reason."""
    await give_back(services_of(request), identity, report_id, body.revision, body.reason)


@router.post(
    "/reports/{report_id}/corrections",
    status_code=status.HTTP_201_CREATED,
    responses=problems(BadRequest, NotFound, Conflict),
)
async def correct_report(
    request: Request, identity: Viewer, report_id: ReportId, body: CorrectionIn
) -> CorrectionOut:
    """Begin a new version of an approved report, with a reason; the approved one stays."""
    new_id = await correct(services_of(request), identity, report_id, body.reason)
    return CorrectionOut(report_id=new_id)


def _line(report: IncidentReport, call: Call, number: str) -> ReportLineOut:
    return ReportLineOut.model_validate(_line_fields(report, call, number))


def _line_fields(report: IncidentReport, call: Call, number: str) -> dict[str, object]:
    return {
        "report_id": report.id,
        "number": number,
        "version": report.version,
        "state": report.state,
        "call_id": call.id,
        "section": call.section,
        "started_at": call.started_at,
        "top_level": call.top_level,
        "outcome": call.outcome,
        "changed_at": report.changed_at,
        "changed_by": report.changed_by,
    }


def _whole(read: ReadReport) -> ReportOut:
    report = read.report
    chosen = {one.utterance_id for one in read.quotes}
    return ReportOut.model_validate(
        {
            **_line_fields(report, read.call, read.number),
            "revision": report.revision,
            "caller_number": read.caller_number,
            "fields": [
                FieldOut(
                    key=field.key,
                    label=field.label,
                    text=read.texts[field.key],
                    automatic=field.automatic,
                    edited=field.key in read.edited,
                    original=read.originals.get(field.key, ""),
                    covered=field.key in read.covered,
                )
                for field in FIELDS
            ],
            "quotes": [
                QuoteOut(
                    utterance_id=one.utterance_id,
                    track=one.track,
                    start_ms=one.start_ms,
                    end_ms=one.end_ms,
                    text=one.text,
                    categories=list(one.categories),
                    severity=one.severity,
                    chosen=one.utterance_id in chosen,
                )
                for one in read.offered
            ],
            "steps": [
                StepOut(
                    kind=step.kind,
                    by=step.by_login,
                    at=step.at,
                    reason=read.sight.of(step.reason),
                    changed=step.changed,
                )
                for step in read.steps
            ],
            "may": MayOut(
                write=read.may.write,
                submit=read.may.submit,
                withdraw=read.may.withdraw,
                decide=read.may.decide,
                correct=read.may.correct,
            ),
            "decision_reason": read.sight.of(report.decision_reason),
            "correction_reason": read.sight.of(report.correction_reason),
        }
    )
