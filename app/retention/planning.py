"""Glue: what is due: which calls, whole or their recording alone, and by which rule."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.deciding import today_in_japan
from app.retention.kinds import (
    Kind,
    What,
    Why,
    due,
    kind_of,
    shortest_days,
    shortest_sound_days,
)
from app.retention.repository import AT_ONCE, ended_before, facts_of, recorded_among
from app.retention.settings import RetentionSettings


@dataclass(frozen=True, slots=True)
class Due:
    """One call of a plan."""

    call_id: str
    section: str
    ended_at: datetime
    what: What
    kind: Kind
    why: Why


@dataclass(frozen=True, slots=True)
class Plan:
    due: tuple[Due, ...]
    held: tuple[Due, ...]
    """Calls that would be due and are held."""

    def counts(self) -> dict[tuple[What, Kind], int]:
        return dict(Counter((one.what, one.kind) for one in self.due))


def key_of(call_id: str, keys: Mapping[str, bytes]) -> tuple[str, str]:
    """Return the id of the first key, and the digest of *call_id* under it."""
    key_id, key = next(iter(keys.items()))
    return key_id, _digest(call_id, key)


def digest_of_all(call_ids: Collection[str], keys: Mapping[str, bytes]) -> str:
    """Return one keyed digest of *call_ids*, in whatever order they went."""
    return _digest("\n".join(sorted(call_ids)), next(iter(keys.values())))


def _digest(text: str, key: bytes) -> str:
    return hmac.new(key, f"deleted {text}".encode(), hashlib.sha256).hexdigest()


def rule_of(settings: RetentionSettings) -> dict[str, Any]:
    """Return the periods as a proof keeps them."""
    return {
        "preset": settings.preset,
        "ordinary_days": settings.days_of_ordinary,
        "incident_days": settings.days_of_incident,
        "report_days": settings.days_of_report,
        "ordinary_sound_days": settings.ordinary_sound_days,
        "incident_sound_days": settings.incident_sound_days,
    }


async def plan(session: AsyncSession, settings: RetentionSettings, now: datetime) -> Plan:
    """Return what is due *now*, the oldest first."""
    ids = await ended_before(
        session,
        _ago(now, shortest_days(settings)),
        _ago(now, shortest_sound_days(settings)),
    )
    found, held, today = list[Due](), list[Due](), today_in_japan(now)
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        facts = await facts_of(session, some, today)
        recorded = await recorded_among(session, some)
        for call_id in some:
            if call_id not in facts:
                continue
            one = facts[call_id]
            what = due(replace(one, held=False), settings, now)
            if what is What.SOUND and call_id not in recorded:
                continue
            if what is not None and one.ended_at is not None:
                kind, why = kind_of(one)
                going = Due(call_id, one.section, one.ended_at, what, kind, why)
                (held if one.held else found).append(going)
    return Plan(tuple(found), tuple(held))


def _ago(now: datetime, days: int | None) -> datetime | None:
    return now - timedelta(days=days) if days is not None else None
