"""Adapter: reads the board, complete, with the number of its last event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.board.queries import (
    Waiting,
    caller_words,
    help_waiting,
    live_calls,
    names_of,
    open_alerts,
    people_at,
    told_last,
)
from app.board.schemas import (
    BoardAlertOut,
    BoardCallOut,
    BoardHelpOut,
    BoardOut,
    BoardPersonOut,
    LimitsOut,
)
from app.calls.repository import last_seq
from app.calls.schemas import HealthOut
from app.health import Health
from app.joining.models import JoinRow
from app.models import AlertRow, Call, EventRow


async def board_view(
    session: AsyncSession,
    identity: Identity,
    health: Health,
    *,
    call_ids: Sequence[str] | None,
    warning_limit: int | None,
    limits: LimitsOut,
) -> BoardOut:
    """Return every live call of the section, or only those of *call_ids*: what happens later comes as events."""
    seq = await last_seq(session)  # first, so that nothing falls between two reads
    calls = await live_calls(session, identity, call_ids)
    ids = [call.id for call in calls]
    words = await caller_words(session, ids)
    alerts = await open_alerts(session, ids)
    stalemates, scripts = await told_last(session, ids)
    helps = await help_waiting(session, ids)
    people = await people_at(session, ids)
    logins = {call.operator for call in calls} | {waiting.by for waiting in helps.values()}
    names = await names_of(session, sorted(logins))
    return BoardOut(
        section=identity.section,
        calls=[
            _row(
                call,
                words=words.get(call.id, ""),
                alerts=alerts.get(call.id, []),
                stalemate=stalemates.get(call.id),
                script=scripts.get(call.id),
                waiting=helps.get(call.id),
                people=people.get(call.id, []),
                names=names,
            )
            for call in calls
        ],
        warning_limit=warning_limit,
        limits=limits,
        health=HealthOut.model_validate(health.fields()),
        seq=seq,
    )


def _row(
    call: Call,
    *,
    words: str,
    alerts: Sequence[AlertRow],
    stalemate: EventRow | None,
    script: EventRow | None,
    waiting: Waiting | None,
    people: Sequence[JoinRow],
    names: Mapping[str, str],
) -> BoardCallOut:
    return BoardCallOut(
        call_id=call.id,
        operator=call.operator,
        operator_name=names.get(call.operator, ""),
        started_at=call.started_at,
        level=call.level,
        top_level=call.top_level,
        outcome=call.outcome,
        alerts=[
            BoardAlertOut(alert_id=row.id, level=row.level, categories=row.categories)
            for row in alerts
        ],
        last_words=words,
        stalemate_ms=int(stalemate.data["stalemate_ms"]) if stalemate is not None else 0,
        stalemate_at=stalemate.at if stalemate is not None else None,
        warnings_spoken=call.warnings_spoken,
        step=str(script.data.get("step", "")) if script is not None else "",
        help=_help(waiting, names) if waiting is not None else None,
        joined=[
            BoardPersonOut(
                login=row.login,
                display_name=row.display_name,
                listening=row.listening,
                since=row.joined_at,
            )
            for row in people
        ],
    )


def _help(waiting: Waiting, names: Mapping[str, str]) -> BoardHelpOut:
    return BoardHelpOut(
        since=waiting.since,
        by=waiting.by,
        by_name=names.get(waiting.by, ""),
        text=waiting.text,
    )
