"""Pure: whose calls a person may see."""

from __future__ import annotations

from typing import assert_never

from app.auth.identity import Identity, Role


def may_see(identity: Identity, *, operator: str, section: str, live: bool) -> bool:
    """Tell whether *identity* may see a call of *operator* in *section*, while it is *live* or after it.

    An office that uses no sections leaves them empty everywhere: a supervisor
    without a section sees the calls without one, not every section's.
    """
    match identity.role:
        case Role.OPERATOR:
            return operator != "" and operator == identity.login
        case Role.SUPERVISOR:
            return section == identity.section
        case Role.AUDITOR:
            return not live and identity.section in ("", section)
        case Role.ADMINISTRATOR | Role.STREAM:
            return False
        case _:
            assert_never(identity.role)
