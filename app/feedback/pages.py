"""Glue: the page 「検知ルールの点検」: what the rules led to, and for administrators a form for each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import requires
from app.auth.errors import FieldRefused
from app.auth.forms import fields_of
from app.auth.identity import Identity, Role
from app.errors import AppError, BadRequest
from app.feedback.endpoints import READERS
from app.feedback.precision import Count
from app.feedback.reviewing import DAYS, MOST_DAYS, decide, rule_table
from app.feedback.reviews import Review, ReviewKind
from app.feedback.rule_words import category_words, words_for
from app.feedback.table import RuleLine
from app.feedback.wording import reason_of, share_of, versions_of
from app.japan import JAPAN
from app.screens.forms import Rejected
from app.screens.language import Phrase
from app.screens.rendering import refusal_words, render
from app.services import services_of

SPANS: Final = {30: "30日間", 90: "90日間", 365: "1年間"}

Reader = Annotated[Identity, Depends(requires(*READERS))]
Administrator = Annotated[Identity, Depends(requires(Role.ADMINISTRATOR))]
Days = Annotated[int, Query(ge=1, le=MOST_DAYS)]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as the page tells it."""

    on: date
    note: str
    by: str


@dataclass(frozen=True, slots=True)
class ShownRule:
    rule: str
    category: str
    words: str
    category_words: str
    raised: int
    false: int
    withdrawn: int
    share: str
    versions: tuple[Phrase, ...]
    """A line for each, where there were several; the latest first."""
    reason: Phrase | None
    """Why it should be looked at; None where it need not be."""
    always_used: str
    """Why it cannot be switched off; empty where it can."""
    reviewed: Decided | None
    switched_off: Decided | None


@router.get("/rules")
async def rules_page(request: Request, identity: Reader, days: Days = DAYS) -> Response:
    return await _page(request, identity, days)


@router.post("/rules/reviews")
async def review_rule(request: Request, identity: Administrator, days: Days = DAYS) -> Response:
    fields = await fields_of(request)
    rule, category = fields.get("rule", ""), fields.get("category", "")
    note = fields.get("note", "")
    try:
        kind = _kind_in(fields)
        await decide(services_of(request).ledger, identity, (rule, category), kind, note)
    except FieldRefused as refused:
        rejected = Rejected(
            f"{rule} {category}", {"note": note}, {"note": refusal_words(request, refused)}
        )
        return await _page(request, identity, days, rejected=rejected, status=refused.status)
    except AppError as refused:
        words = refusal_words(request, refused)
        return await _page(request, identity, days, failure=words, status=refused.status)
    # A reload of the page must not do the same thing again.
    return RedirectResponse(f"/rules?days={days}", 303)


def _kind_in(fields: dict[str, str]) -> ReviewKind:
    try:
        return ReviewKind(fields.get("decision", ""))
    except ValueError:
        raise BadRequest("decision_missing", "操作を選んでください。") from None


async def _page(
    request: Request,
    identity: Identity,
    days: int,
    *,
    rejected: Rejected | None = None,
    failure: str = "",
    status: int = 200,
) -> Response:
    services = services_of(request)
    table = await rule_table(
        services.database, services.clock.now(), services.settings.feedback, days
    )
    lines = [_shown(line) for line in table.lines]
    return render(
        request,
        "rules.html",
        identity=identity,
        status_code=status,
        days=days,
        spans=SPANS,
        since=_day(table.since),
        limits=table.limits,
        proposed=[line for line in lines if line.reason],
        in_use=[line for line in lines if not line.reason and line.switched_off is None],
        off=[line for line in lines if line.switched_off is not None],
        may_decide=identity.role is Role.ADMINISTRATOR,
        rejected=rejected or Rejected(),
        failure=failure,
    )


def _shown(line: RuleLine) -> ShownRule:
    record = line.record
    count = record.count if record else Count()
    return ShownRule(
        rule=line.rule,
        category=line.category,
        words=words_for(line.rule, line.category),
        category_words=category_words(line.category),
        raised=count.raised,
        false=count.false,
        withdrawn=record.withdrawn if record else 0,
        share=share_of(count),
        versions=versions_of(record) if record else (),
        reason=reason_of(line.proposal) if line.proposal else None,
        always_used=line.why_always_used,
        reviewed=_decided(line.standing.reviewed),
        switched_off=_decided(line.standing.switched_off),
    )


def _decided(review: Review | None) -> Decided | None:
    return Decided(_day(review.at), review.note, review.by) if review else None


def _day(at: datetime) -> date:
    return at.astimezone(JAPAN).date()
