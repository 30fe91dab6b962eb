"""Glue: events of ended calls as somebody reads them whose role reads these covered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from app.auth.identity import Identity
from app.events import Event
from app.models import Call
from app.privacy.sight_of_call import UNTOUCHED, sights_of_ended
from app.services import Services


async def covered_events(
    services: Services, identity: Identity, events: Sequence[Event]
) -> list[Event]:
    """Return *events*, those of calls that are over as *identity* reads these."""
    asked = {event.call_id for event in events if services.registry.find(event.call_id) is None}
    if not asked:
        return list(events)
    async with services.database.transaction() as session:
        over = await session.scalars(
            select(Call.id).where(Call.id.in_(asked), Call.ended_at.is_not(None))
        )
        sights = await sights_of_ended(session, services, identity, list(over))
    return [
        replace(event, data=sight.of_all(event.data, untouched=UNTOUCHED))
        if (sight := sights.get(event.call_id)) is not None and not sight.whole
        else event
        for event in events
    ]
