"""Adapter: follows the whole trail of a database, page by page, and the records that it vouches for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import anyio.to_thread
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Database
from app.judgements.models import Judgement
from app.models import Base, Call, StaffAction
from app.reports.models import IncidentReport, ReportStep
from app.reports.repository import contents_hash
from app.trail.chain import Broken, Deed, End, Fault, Link, checked, digest_of, ended_at
from app.trail.deeds import fields_of
from app.trail.models import TrailEndRow, TrailRow

PAGE: Final = 2_000
CALLS_AT_ONCE: Final = 200
"""Their records are in memory together."""
OF_SIGHT: Final = frozenset({"call.unmasked", "call.covered"})
"""Told of a row that changes; it has a number too, but not of a staff action."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. *broken* is the first link that is not as it was written."""

    links: int
    end: End
    broken: Broken | None
    altered: tuple[int, ...]
    """Links whose record no longer says what it said, or is gone though its call is kept (the first 20)."""

    @property
    def sound(self) -> bool:
        return self.broken is None and not self.altered


async def verify(
    database: Database,
    keys: Mapping[str, bytes],
    *,
    known: End | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Verified:
    """Check every link, where the trail ends, and every record of a call that it vouches for.

    *known*: an end that was noted elsewhere; the trail must still hold it.
    """
    end, altered = End(), list[int]()
    async with database.transaction() as session:
        mark = (await session.execute(select(TrailEndRow.number, TrailEndRow.seal))).one_or_none()
        count = await session.scalar(select(func.count()).select_from(TrailRow)) or 0
    while True:
        async with database.transaction() as session:
            links = await _links_after(session, end.number)
            altered += await _altered(session, links, keys)
        # Some thousand seals: live calls do not wait for them.
        found = await anyio.to_thread.run_sync(checked, end, links, keys)
        if isinstance(found, Broken):
            return Verified(count, end, found, tuple(altered[:20]))
        if known is not None and end.number < known.number <= found.number:
            at = links[known.number - end.number - 1]
            if at.seal != known.seal:
                broken = ended_at(End(at.number, at.seal), known)
                return Verified(count, end, broken, tuple(altered[:20]))
        end = found
        progress(end.number, count)
        if len(links) < PAGE:
            break
    # Without the mark nobody knows where it should end, and nothing can be added: somebody took it out.
    broken = (
        ended_at(end, End(mark.number, mark.seal))
        if mark is not None
        else Broken(end.number + 1, Fault.SHORTENED)
    )
    if broken is None and known is not None:
        broken = ended_at(end, known) if end.number < known.number else None
    return Verified(count, end, broken, tuple(altered[:20]))


async def _links_after(session: AsyncSession, number: int) -> list[Link]:
    query = select(TrailRow).where(TrailRow.number > number).order_by(TrailRow.number).limit(PAGE)
    return [_link(row) for row in (await session.scalars(query)).all()]


async def _altered(
    session: AsyncSession, links: Sequence[Link], keys: Mapping[str, bytes]
) -> list[int]:
    """Return the links of staff actions, judgements and steps with reports that their records belie.

    These rows are only added, and go only with their call. What several links tell of one row that
    changes, such as a legal hold, is not compared.
    """
    vouching = [link for link in links if link.deed.digest and _kind_of_row(link) is not None]
    calls = sorted({link.deed.call_id for link in vouching})
    altered = list[int]()
    for start in range(0, len(calls), CALLS_AT_ONCE):
        some = frozenset(calls[start : start + CALLS_AT_ONCE])
        of_some = [link for link in vouching if link.deed.call_id in some]
        altered += await _belied(session, of_some, some, keys)
    return sorted(altered)


def _kind_of_row(link: Link) -> type[Base] | None:
    kind = link.deed.kind
    if kind.startswith("report."):
        return ReportStep
    if kind == "call.judged":
        return Judgement
    of_action = kind.startswith("call.") and kind not in OF_SIGHT
    return StaffAction if of_action and link.deed.subject.isdecimal() else None


async def _belied(
    session: AsyncSession, links: Sequence[Link], calls: frozenset[str], keys: Mapping[str, bytes]
) -> list[int]:
    told: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in await _rows_of(session, calls):
        fields = fields_of(row)
        for key_id, key in keys.items():
            told[row.call_id, key_id].add(digest_of(fields, key))
    # Asked after the rows: a call that is deleted meanwhile is then gone here, too.
    kept = set(await session.scalars(select(Call.id).where(Call.id.in_(calls))))
    return [
        link.number
        for link in links
        if link.key_id in keys
        and link.deed.call_id in kept
        and link.deed.digest not in told[link.deed.call_id, link.key_id]
    ]


async def _rows_of(
    session: AsyncSession, calls: frozenset[str]
) -> list[StaffAction | Judgement | ReportStep]:
    actions = await session.scalars(select(StaffAction).where(StaffAction.call_id.in_(calls)))
    judgements = await session.scalars(select(Judgement).where(Judgement.call_id.in_(calls)))
    steps = select(ReportStep).where(ReportStep.call_id.in_(calls)).order_by(ReportStep.id)
    reports = select(IncidentReport).where(IncidentReport.call_id.in_(calls))
    found = (await session.scalars(steps)).all()
    by_id = {report.id: report for report in await session.scalars(reports)}
    return [*actions, *judgements, *_steps_that_hold(found, by_id)]


def _steps_that_hold(
    steps: Sequence[ReportStep], reports: Mapping[int, IncidentReport]
) -> Iterator[ReportStep]:
    """Yield *steps* but for the last of a report that says something else than after that step."""
    last = {step.report_id: step for step in steps}
    for step in steps:
        report = reports.get(step.report_id)
        says_so = report is not None and contents_hash(report) == step.contents_hash
        if says_so or last[step.report_id] is not step:
            yield step


def _link(row: TrailRow) -> Link:
    return Link(
        number=row.number,
        at=row.at,
        deed=Deed(
            kind=row.kind,
            by_login=row.by_login,
            role=row.role,
            address=row.address,
            call_id=row.call_id,
            subject=row.subject,
            digest=row.digest,
        ),
        key_id=row.key_id,
        previous=row.previous,
        seal=row.seal,
    )
