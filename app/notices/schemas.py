"""Glue: notices as the REST interface shows them: no address' secret part, no word of a call, no name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.notices.models import NoticeRow
from app.notices.problems import problem_words
from app.notices.repository import Overview, RouteRecord
from app.notices.routes import Route


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class RouteOut(_Out):
    name: str = Field(examples=["shimin-kakaricho"])
    kind: str = Field(examples=["mail"])
    whereto: str = Field(examples=["cti.example:8443"])
    """Host, or the addresses of a mail; never the whole address, which is often a key."""
    sections: list[str]
    """Empty: of all."""
    from_level: int
    on_help: bool
    ended_from_level: int | None
    with_words: bool
    with_operator_name: bool
    with_caller_number: bool
    waiting: int
    failed: int
    last_sent_at: datetime | None


class NoticeOut(_Out):
    notice_id: str
    route: str
    kind: str = Field(examples=["level", "help", "ended", "test"])
    level: int
    section: str
    at: datetime
    """Of what it tells."""
    state: str = Field(examples=["waiting", "sending", "sent", "failed"])
    tries: int
    next_try_at: datetime | None
    """Only while it waits."""
    sent_at: datetime | None
    problem: str = Field(examples=["answered_404"])
    problem_words: str
    """For people; empty where there was none."""


class NoticesOut(_Out):
    routes: list[RouteOut]
    deliveries: list[NoticeOut]
    """The latest, newest first."""
    failures: list[NoticeOut]


class TestIn(_Out):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)
    __test__ = False  # no test of ours, whatever its name begins with

    route: str = Field(max_length=32)


def notices_out(routes: Mapping[str, Route], seen: Overview) -> NoticesOut:
    return NoticesOut(
        routes=[_route(r, seen.records.get(r.name, RouteRecord())) for r in routes.values()],
        deliveries=_all(seen.latest),
        failures=_all(seen.failed),
    )


def notice_out(row: NoticeRow) -> NoticeOut:
    return NoticeOut(
        notice_id=row.id,
        route=row.route,
        kind=row.kind,
        level=row.level,
        section=row.section,
        at=row.at,
        state=row.state,
        tries=row.tries,
        next_try_at=row.next_try_at if row.state == "waiting" else None,
        sent_at=row.sent_at,
        problem=row.problem,
        problem_words=problem_words(row.problem),
    )


def _all(rows: Iterable[NoticeRow]) -> list[NoticeOut]:
    return [notice_out(row) for row in rows]


def _route(route: Route, record: RouteRecord) -> RouteOut:
    return RouteOut(
        name=route.name,
        kind=route.kind.value,
        whereto=route.whereto,
        sections=sorted(route.sections),
        from_level=route.from_level,
        on_help=route.on_help,
        ended_from_level=route.ended_from_level,
        with_words=route.with_words,
        with_operator_name=route.with_operator_name,
        with_caller_number=route.with_caller_number,
        waiting=record.waiting,
        failed=record.failed,
        last_sent_at=record.last_sent_at,
    )
