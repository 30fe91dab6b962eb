"""Glue: a report goes to the 所属長 and comes back approved or returned. Each step is one transaction.

Nobody approves what they wrote a part of. What was approved is never changed again.
"""

from __future__ import annotations

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.errors import NotAllowed
from app.ledger import Entry
from app.reports.form import missing_in
from app.reports.guarding import (
    add_step,
    check_author,
    check_person,
    check_revision,
    open_report,
    reason_given,
    touch,
    waiting_report,
)
from app.reports.repository import ReportState, StepKind, authors_of
from app.services import Services


async def submit(services: Services, identity: Identity, report_id: int, revision: int) -> None:
    """Hand the report to the 所属長.

    Raises:
        NotAllowed: somebody who wrote nothing of it (``not_the_author``), or a program.
        Conflict: not being written, or changed meanwhile.
        FieldRefused: a field that must say something is empty (``report_field_missing``).
    """
    check_person(identity)

    async def change(entry: Entry) -> None:
        row = await open_report(entry.session, identity, report_id)
        await check_author(entry.session, identity, row)
        check_revision(row, revision)
        for field in missing_in(row.fields):
            raise FieldRefused(
                field.key, "report_field_missing", "提出するには、この欄を書いてください。"
            )
        row.state = ReportState.SUBMITTED.value
        row.submitted_by, row.submitted_at = identity.login, entry.now
        row.decided_by, row.decided_at, row.decision_reason = None, None, ""
        touch(row, identity, entry.now)
        add_step(entry, row, StepKind.SUBMITTED, identity)

    await services.ledger.write(change)


async def withdraw(services: Services, identity: Identity, report_id: int, revision: int) -> None:
    """Take the report back from the 所属長, to go on writing.

    Raises:
        NotAllowed: somebody who wrote nothing of it, or a program.
        Conflict: it does not wait (``report_not_waiting``), or changed meanwhile.
    """
    check_person(identity)

    async def change(entry: Entry) -> None:
        row = await waiting_report(entry.session, identity, report_id)
        await check_author(entry.session, identity, row)
        check_revision(row, revision)
        row.state = ReportState.DRAFT.value
        touch(row, identity, entry.now)
        add_step(entry, row, StepKind.WITHDRAWN, identity)

    await services.ledger.write(change)


async def approve(services: Services, identity: Identity, report_id: int, revision: int) -> None:
    """Approve the report as the 所属長; it is frozen from now on.

    Raises:
        NotAllowed: not a supervisor of the section, who wrote a part of it (``own_report``), or a program.
        Conflict: it does not wait, or changed meanwhile.
    """
    await _decide(services, identity, report_id, revision, ReportState.APPROVED, "")


async def give_back(
    services: Services, identity: Identity, report_id: int, revision: int, reason: str
) -> None:
    """Return the report to its authors, with a reason.

    Raises:
        NotAllowed, Conflict: as ``approve``.
        FieldRefused: no reason, or one too long (``report_reason_missing``, ``report_reason_long``).
    """
    why = reason_given("return_reason", reason)
    await _decide(services, identity, report_id, revision, ReportState.RETURNED, why)


async def _decide(
    services: Services,
    identity: Identity,
    report_id: int,
    revision: int,
    state: ReportState,
    reason: str,
) -> None:
    check_person(identity)

    async def change(entry: Entry) -> None:
        row = await waiting_report(entry.session, identity, report_id)
        if identity.role is not Role.SUPERVISOR:
            raise NotAllowed(
                "section_head_needed", "承認と差戻しは、その課の監督者(所属長)が行います。"
            )
        if identity.login in {*await authors_of(entry.session, row), row.submitted_by}:
            raise NotAllowed(
                "own_report",
                "報告書を書いた本人は、承認も差戻しもできません。同じ課の別の監督者に依頼してください。",
            )
        check_revision(row, revision)
        row.state = state.value
        row.decided_by, row.decided_at = identity.login, entry.now
        row.decision_reason = reason
        row.revision += 1
        add_step(entry, row, StepKind(state.value), identity, reason=reason)

    await services.ledger.write(change)
