"""Pure: how people, tokens and sections may be named."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from app.auth.identity import Role
from app.plain_text import is_plain
from app.trail.acting import COMMAND_LINE

PEOPLE: Final = frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR, Role.ADMINISTRATOR})
"""Roles that a person may have; ``stream`` belongs to telephone exchanges."""

NAME_CHARACTERS: Final = 128
SECTION_CHARACTERS: Final = 64
LARGEST_ID: Final = 2**31 - 1
"""Of a user or a token; PostgreSQL refuses a larger one."""

# No colon: ``token:<name>`` can never be a person.
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


def normal_login(text: str) -> str:
    """Return *text* as sign-in names are stored and compared: half-width, lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def is_login(text: str) -> bool:
    """Tell whether a person may have *text* as their login; none may appear on the trail as a command."""
    return _LOGIN.fullmatch(text) is not None and text != COMMAND_LINE


def normal_label(text: str) -> str:
    """Return a display name or section as it is stored: composed, without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def is_label(text: str, *, at_most: int) -> bool:
    return 0 < len(text) <= at_most and is_plain(text)
