"""Glue: an auditor judges a call that is over, or gives a second opinion on it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from app.auth.identity import Identity, Role
from app.errors import BadRequest, Conflict, NotAllowed
from app.judgements.models import JudgedFinding, Judgement
from app.judgements.opinions import REASON_CHARACTERS, Judged, Verdict, opinion_of
from app.judgements.repository import judgements_of
from app.judgements.schemas import JudgementIn
from app.ledger import Entry
from app.models import Call, FindingRow
from app.services import Services

REFUSALS = {
    "still_live": "通話が終わってから判断してください。",
    "own_call": "ご自分が応対した通話は判断できません。ほかの監査担当者に依頼してください。",
    "not_yet_judged": "監査担当者の判断がまだありません。判断の後に、意見を書けます。",
}


def why_not(identity: Identity, call: Call, judgements: Sequence[Judged]) -> str:
    """Return why *identity* may not judge *call* now, as a code; empty where they may."""
    if call.ended_at is None:
        return "still_live"
    if identity.login == call.operator:
        return "own_call"
    if identity.role is not Role.AUDITOR and not judgements:
        # A section does not judge its own calls alone: its supervisor's opinion is the second.
        return "not_yet_judged"
    return ""


async def judge(services: Services, identity: Identity, call: Call, wanted: JudgementIn) -> None:
    """Add a judgement; what was judged before stays as it is.

    Raises:
        BadRequest: reasons or the caller's side are missing or too long, or a finding is none of this call.
        NotAllowed: this person may not judge this call now.
        Conflict: somebody judged it meanwhile (``judged_meanwhile``).
    """
    reason = _tidied(wanted.reason)
    side = _tidied(wanted.callers_side)
    _check(wanted.verdict, reason, side)
    marks = {one.finding_id: one.right for one in wanted.findings}

    async def change(entry: Entry) -> None:
        before = await judgements_of(entry.session, call.id)
        refused = why_not(identity, call, before)
        if refused:
            raise NotAllowed(refused, REFUSALS[refused])
        if len(before) != wanted.seen:
            raise Conflict(
                "judged_meanwhile",
                "入力中に、ほかの方がこの通話を判断しました。その判断と理由をご確認のうえ、もう一度登録してください。"
                "入力した内容は残っています。",
            )
        query = select(FindingRow.id).where(
            FindingRow.call_id == call.id, FindingRow.id.in_(list(marks))
        )
        if marks and len((await entry.session.scalars(query)).all()) != len(marks):
            raise BadRequest(
                "finding_unknown",
                "この通話にない検知が選ばれています。画面を読み込み直してください。",
            )
        row = Judgement(
            call_id=call.id,
            verdict=wanted.verdict.value,
            opinion=opinion_of(identity.login, before).value,
            reason=reason,
            callers_side=side,
            considered=wanted.considered.model_dump(exclude_none=True),
            second_wanted=wanted.second_wanted,
            by_login=identity.login,
            at=entry.now,
        )
        entry.session.add(row)
        await entry.session.flush()
        entry.session.add_all(
            JudgedFinding(
                judgement_id=row.id, finding_id=finding_id, call_id=call.id, borne_out=right
            )
            for finding_id, right in marks.items()
        )

    # In one order with every other write: of two who judge at once the second is told.
    await services.ledger.write(change)


def _check(verdict: Verdict, reason: str, side: str) -> None:
    if not reason:
        raise BadRequest("judgement_reason_missing", "判断の理由を入力してください。")
    if verdict is Verdict.HARASSMENT and not side:
        raise BadRequest(
            "judgement_side_missing",
            "「該当」とするときは、相手方の事情・言い分も入力してください。",
        )
    if max(len(reason), len(side)) > REASON_CHARACTERS:
        raise BadRequest(
            "judgement_too_long",
            f"理由と相手方の事情は、それぞれ{REASON_CHARACTERS}文字以内で入力してください。",
        )


def _tidied(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
