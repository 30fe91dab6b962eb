"""Glue: what every step with a report asks first, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.errors import FieldRefused
from app.auth.identity import Identity
from app.calls.endpoints import seen_by
from app.errors import Conflict, NotAllowed, NotFound
from app.ledger import Entry
from app.models import Call
from app.reports.models import IncidentReport, ReportStep
from app.reports.repository import (
    LARGEST_ID,
    OPEN,
    ReportState,
    StepKind,
    authors_of,
    contents_hash,
    report_with_call,
)

REASON_CHARACTERS: Final = 500


class ChangedMeanwhile(Conflict):
    """Somebody else saved since: the message says who and when; nothing was overwritten."""

    def __init__(self, by: str, at: datetime) -> None:
        super().__init__(
            "report_changed_meanwhile",
            "ほかの人が先に保存しました。入力した文は残っています。両方の文を見比べて、もう一度保存してください。",
        )
        self.by = by
        self.at = at


async def report_seen(
    session: AsyncSession, identity: Identity, report_id: int
) -> tuple[IncidentReport, Call]:
    """Return a report with its call, if *identity* may see the call.

    Raises:
        NotFound: there is none, or not for these eyes (``report_unknown``).
    """
    found = await report_with_call(session, report_id) if 0 < report_id <= LARGEST_ID else None
    if found is not None:
        try:
            return found[0], seen_by(identity, found[1])
        except (NotFound, NotAllowed):
            pass  # told alike: ids of reports count on, and other sections' are nobody's business
    raise NotFound("report_unknown", "この報告書は見つからないか、表示する権限がありません。")


async def open_report(session: AsyncSession, identity: Identity, report_id: int) -> IncidentReport:
    row, _ = await report_seen(session, identity, report_id)
    if ReportState(row.state) not in OPEN:
        raise Conflict(
            "report_not_open",
            "この報告書は提出または承認されているため、編集できません。画面を読み込み直してください。",
        )
    return row


async def waiting_report(
    session: AsyncSession, identity: Identity, report_id: int
) -> IncidentReport:
    row, _ = await report_seen(session, identity, report_id)
    if row.state != ReportState.SUBMITTED:
        raise Conflict(
            "report_not_waiting",
            "この報告書は承認を待っていません。画面を読み込み直してください。",
        )
    return row


async def check_author(session: AsyncSession, identity: Identity, row: IncidentReport) -> None:
    if identity.login not in await authors_of(session, row):
        raise NotAllowed(
            "not_the_author",
            "提出と取消しができるのは、この報告書を書いた人です。書いた人に依頼してください。",
        )


def check_revision(row: IncidentReport, revision: int) -> None:
    if row.revision != revision:
        raise ChangedMeanwhile(row.changed_by, row.changed_at)


def check_person(identity: Identity) -> None:
    if identity.user_id is None:
        raise NotAllowed(
            "person_needed", "この操作は、サインインした職員が画面で行うときだけ受け付けます。"
        )


def reason_given(field: str, text: str) -> str:
    # A form may bring NUL, which PostgreSQL does not keep.
    why = " ".join(text.replace("\0", " ").split())
    if not why:
        raise FieldRefused(field, "report_reason_missing", "理由を入力してください。")
    if len(why) > REASON_CHARACTERS:
        raise FieldRefused(
            field, "report_reason_long", f"理由は{REASON_CHARACTERS}文字までで書いてください。"
        )
    return why


def touch(row: IncidentReport, identity: Identity, now: datetime) -> None:
    row.revision += 1
    row.changed_by, row.changed_at = identity.login, now


def add_step(
    entry: Entry,
    report: IncidentReport,
    kind: StepKind,
    identity: Identity,
    *,
    reason: str = "",
    changed: Sequence[str] = (),
) -> None:
    entry.session.add(
        ReportStep(
            report_id=report.id,
            call_id=report.call_id,
            kind=kind.value,
            by_login=identity.login,
            at=entry.now,
            revision=report.revision,
            reason=reason,
            changed=list(changed),
            contents_hash=contents_hash(report),
        )
    )
