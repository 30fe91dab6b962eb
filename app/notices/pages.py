"""Glue: the page 「お知らせの送信」: where notices go, what became of the last, a test, and another try."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import requires
from app.auth.forms import fields_of
from app.auth.identity import Identity, Role
from app.errors import AppError
from app.notices.choosing import NoticeKind
from app.notices.delivering import desk_of
from app.notices.models import NoticeRow
from app.notices.outbox import State
from app.notices.problems import problem_phrase
from app.notices.repository import RouteRecord, overview
from app.notices.routes import Route, RouteKind
from app.notices.wording import level_label
from app.screens.language import Phrase, phrase
from app.screens.rendering import refusal_words, render
from app.services import services_of
from detection.types import Severity

KINDS: Final = {
    RouteKind.WEBHOOK: "Webhook(署名付き)",
    RouteKind.MAIL: "メール",
    RouteKind.SLACK: "Slack",
    RouteKind.TEAMS: "Teams",
}
STATES: Final = {
    State.WAITING: "送信待ち",
    State.SENDING: "送信中",
    State.SENT: "送信済み",
    State.FAILED: "失敗",
}

Administrator = Annotated[Identity, Depends(requires(Role.ADMINISTRATOR))]

router = APIRouter(prefix="/notices", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownRoute:
    name: str
    kind: str
    whereto: str
    when: tuple[Phrase, ...]
    """On what it is told, and of which sections."""
    beyond: tuple[str, ...]
    """What it is told beyond the usual."""
    waiting: int
    failed: int
    last_sent: datetime | None


@dataclass(frozen=True, slots=True)
class ShownNotice:
    notice_id: str
    at: datetime
    route: str
    what: Phrase
    section: str
    state: str
    failed: bool
    detail: Phrase
    may_retry: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a click, told above the lists."""

    words: Phrase | str = ""
    good: bool = True


@router.get("")
async def notices_page(request: Request, identity: Administrator) -> Response:
    return await _page(request, identity)


@router.post("/test")
async def try_route(request: Request, identity: Administrator) -> Response:
    name = (await fields_of(request)).get("route", "")[:64]
    try:
        row = await desk_of(request).test(name)
    except AppError as refused:
        words = refusal_words(request, refused)
        return await _page(request, identity, Answer(words, good=False), refused.status)
    if row.state == State.SENT:
        told = phrase(
            "{name} へテストのお知らせを送りました。届いたことを送り先で確かめてください。{problem}",
            name=name,
            problem=problem_phrase(row.problem),
        )
        return await _page(request, identity, Answer(told))
    told = phrase(
        "{name} へのテストは届きませんでした。{problem}",
        name=name,
        problem=problem_phrase(row.problem),
    )
    return await _page(request, identity, Answer(told, good=False))


@router.post("/retry")
async def retry_notice(request: Request, identity: Administrator) -> Response:
    notice_id = (await fields_of(request)).get("notice_id", "")[:64]
    try:
        await desk_of(request).retry(notice_id)
    except AppError as refused:
        words = refusal_words(request, refused)
        return await _page(request, identity, Answer(words, good=False), refused.status)
    # A reload of the page must not do the same thing again.
    return RedirectResponse("/notices", 303)


async def _page(
    request: Request, identity: Identity, answer: Answer | None = None, status: int = 200
) -> Response:
    routes = desk_of(request).routes
    seen = await overview(services_of(request).database)
    return render(
        request,
        "notices.html",
        identity=identity,
        status_code=status,
        routes=[_route(r, seen.records.get(r.name, RouteRecord())) for r in routes.values()],
        failed=[_notice(row, routes.keys()) for row in seen.failed],
        failed_in_all=sum(record.failed for record in seen.records.values()),
        latest=[_notice(row, routes.keys()) for row in seen.latest],
        answer=answer or Answer(),
    )


def _route(route: Route, record: RouteRecord) -> ShownRoute:
    when = [phrase("{level}に上がったとき", level=_or_above(route.from_level))]
    if route.on_help:
        when.append(phrase("応援要請のとき"))
    if route.ended_from_level is not None:
        above = _or_above(route.ended_from_level)
        when.append(phrase("{level}になった通話が終わったとき", level=above))
    sections = "、".join(sorted(route.sections))
    when.append(phrase("{sections}", sections=sections) if sections else phrase("すべての課"))
    beyond = (
        ("発言", route.with_words),
        ("職員の表示名", route.with_operator_name),
        ("相手の番号", route.with_caller_number),
    )
    return ShownRoute(
        name=route.name,
        kind=KINDS[route.kind],
        whereto=route.whereto,
        when=tuple(when),
        beyond=tuple(label for label, given in beyond if given),
        waiting=record.waiting,
        failed=record.failed,
        last_sent=record.last_sent_at,
    )


def _or_above(level: int) -> Phrase:
    label = phrase(level_label(level))
    return phrase("{level}以上", level=label) if level < Severity.STOP else label


def _notice(row: NoticeRow, routes: Container[str]) -> ShownNotice:
    failed = row.state == State.FAILED
    problem = problem_phrase(row.problem)
    detail = problem
    if row.state == State.WAITING and row.tries:
        detail = phrase(
            "{n}回試しました。{at}にもう一度送ります。{problem}",
            n=row.tries,
            at=row.next_try_at,
            problem=problem,
        )
    elif row.state == State.SENT and row.sent_at is not None:
        detail = phrase("{at} {problem}", at=row.sent_at, problem=problem)
    return ShownNotice(
        notice_id=row.id,
        at=row.at,
        route=row.route,
        what=_what(row),
        section=row.section,
        state=STATES[State(row.state)],
        failed=failed,
        detail=detail,
        may_retry=failed and row.kind != NoticeKind.TEST and row.route in routes,
    )


def _what(row: NoticeRow) -> Phrase:
    match NoticeKind(row.kind):
        case NoticeKind.LEVEL:
            return phrase(level_label(row.level))
        case NoticeKind.HELP:
            return phrase("応援要請")
        case NoticeKind.ENDED:
            return phrase("通話終了(最高の段階: {level})", level=phrase(level_label(row.level)))
        case NoticeKind.TEST:
            return phrase("テスト")
