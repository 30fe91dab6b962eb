"""Glue: how much of the words of a call somebody reads now."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.models import Call
from app.privacy.known import covered_sights
from app.privacy.repository import uncovered_of
from app.privacy.settings import PrivacySettings
from app.privacy.sight import WHOLE, TextSight
from app.services import Services

UNTOUCHED: Final = frozenset(
    {"call_id", "utterance_id", "alert_id", "script_id", "rule", "category", "categories", "clause"}
    | {"by", "operator", "section", "kind", "track", "outcome", "step", "state", "at", "how"}
    | {"login", "display_name", "because", "label", "id"}
)
"""What an answer says under these names is nobody's words."""


def privacy_settings_of(services: Services) -> PrivacySettings:
    given = getattr(services.settings, "privacy", None)
    return given if isinstance(given, PrivacySettings) else PrivacySettings()


def reads_covered(services: Services, identity: Identity) -> bool:
    """Say whether *identity*'s role reads ended calls covered, where nobody gave a reason."""
    return identity.role in privacy_settings_of(services).masked_for


async def text_sight(
    session: AsyncSession, services: Services, identity: Identity, call: Call
) -> TextSight:
    """Return how *identity* reads the words of *call*. Whether they may see the call at all is not asked here."""
    sights = await text_sights(session, services, identity, [call])
    return sights[call.id]


async def text_sights(
    session: AsyncSession, services: Services, identity: Identity, calls: Collection[Call]
) -> dict[str, TextSight]:
    """Return ``text_sight`` for each id of *calls*, with one question to the tables."""
    ended = [call.id for call in calls if call.ended_at is not None]
    return await sights_of_ended(session, services, identity, ended) | {
        call.id: WHOLE for call in calls if call.ended_at is None
    }


async def sights_of_ended(
    session: AsyncSession, services: Services, identity: Identity, call_ids: Collection[str]
) -> dict[str, TextSight]:
    """Return how *identity* reads each of *call_ids*, which are over."""
    if not reads_covered(services, identity):
        return dict.fromkeys(call_ids, WHOLE)
    uncovered = await uncovered_of(session, identity.login, call_ids, services.clock.now())
    covered = [call_id for call_id in call_ids if call_id not in uncovered]
    sights = await covered_sights(session, services.database, covered)
    return dict.fromkeys(uncovered, WHOLE) | sights
