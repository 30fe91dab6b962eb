"""Pure: who is asking, and in which role."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    STREAM = "stream"
    """A telephone exchange: may bring sound, sees nothing."""
    OPERATOR = "operator"
    """Sees their own calls."""
    SUPERVISOR = "supervisor"
    """Sees the calls of their section, live and past."""
    AUDITOR = "auditor"
    """Sees ended calls of their section; of every section where none is set."""
    ADMINISTRATOR = "administrator"
    """Runs accounts and settings; sees no call."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person or a token."""

    login: str
    """Login name; ``token:<name>`` for tokens."""
    display_name: str
    role: Role
    section: str
    user_id: int | None = None
    token_id: int | None = None
    csrf_token: str = ""
    """Empty for tokens, which no browser sends by itself."""
    must_change_password: bool = False
