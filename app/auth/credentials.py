"""Adapter: the machine's randomness, made into secrets; and the only form in which they are stored."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

TOKEN_PREFIX: Final = "mim_"  # noqa: S105 - lets a scanner find a token that leaked into a file
_LEGIBLE: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without i, l, o, 0, 1: the password is read from a screen or a slip of paper."""


def new_one_time_password() -> str:
    """Return 79 bits in four groups of four."""
    groups = ("".join(secrets.choice(_LEGIBLE) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def new_session_secret() -> str:
    return secrets.token_urlsafe(32)


def new_csrf_token() -> str:
    return secrets.token_urlsafe(32)


def new_token() -> str:
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return what is stored for a session or token: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(given: str, expected: str) -> bool:
    """Compare in a time that does not tell how much of *given* was right."""
    return secrets.compare_digest(given.encode(errors="replace"), expected.encode())
