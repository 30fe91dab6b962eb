"""Pure: who may read which part of the trail. Nobody reads words of a call there: there are none.

Administrators read what concerns accounts and settings, and no deed about a call: it would tell them of calls.
Auditors read what was done about calls that they may see, and not who signed in when. Deeds that concern several
calls, or calls that were deleted, name no section: who is auditor of every section reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.auth.identity import Identity, Role

OF_ACCOUNTS: Final = frozenset({"account", "token", "session"})
OF_SETTINGS: Final = frozenset(
    {
        "rule",
        "sentence",
        "notice",
        "policy",
        "purge",
        "retention",
        "record_key",
        "recordings",
        "trial",
        "statistics",
        "trail",
    }
)


@dataclass(frozen=True, slots=True)
class TrailSight:
    """What one person reads of the trail."""

    calls: bool = False
    """Deeds about calls that they may see."""
    section: str = ""
    """Of those calls; empty: every section's, and calls that were deleted."""
    without_call: bool = False
    """Deeds that name no call."""
    families: frozenset[str] = frozenset()
    """Of those, only these kinds (their first part); empty: all but the next."""
    left_out: frozenset[str] = frozenset()


def trail_sight(identity: Identity) -> TrailSight:
    match identity.role:
        case Role.ADMINISTRATOR:
            return TrailSight(without_call=True, families=OF_ACCOUNTS | OF_SETTINGS)
        case Role.AUDITOR if not identity.section:
            return TrailSight(calls=True, without_call=True, left_out=OF_ACCOUNTS)
        case Role.AUDITOR:
            return TrailSight(calls=True, section=identity.section)
        case _:
            return TrailSight()
