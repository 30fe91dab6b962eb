"""Pure: a telephone number's one normal form, and its keyed hash.

Two writings of a number must meet, and what names nobody must give nothing: a withheld
number, a telephone inside the office, a number of which half is missing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

JAPAN: Final = "81"
WITHHOLD: Final = "184"
"""Dialled before a number so that it is not shown: who asks for that is not looked up."""
SHOW: Final = "186"
LONGEST_TEXT: Final = 256
UNREADABLE: Final = "読めません"
"""Shown instead of a number that no key here opens."""

_NATIONAL_DIGITS: Final = range(9, 11)
"""Of a number in Japan without its leading 0. Shorter ones are extensions, which belong to colleagues."""
_WORLD_DIGITS: Final = range(8, 16)
_BARE_WORLD_DIGITS: Final = range(11, 16)
"""Written without a plus: shorter ones may be local numbers that lack their area."""
_SHOWN_DIGITS: Final = 4

_ADDRESS: Final = re.compile(r"(?:sips?|tel):([^@;>?]*)", re.IGNORECASE)
_EXTENSION: Final = re.compile(r"(?:;|,|#|内線|ext|x).*$", re.IGNORECASE | re.DOTALL)
_BETWEEN: Final = re.compile(r"[\s()\[\]./\-‐‑‒–—―−ー－]")
_TRUNK_ZERO: Final = re.compile(r"\(0\)")
_NETWORK_ADDRESS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_ABROAD: Final = re.compile(r"(?:010|00)(?=[1-9])")


@dataclass(frozen=True, slots=True)
class StoredHash:
    """What is kept instead of a number, and with which key it was made."""

    key_id: str
    hash: str
    """64 hexadecimal digits."""


HashAtStart = Callable[[str, Mapping[str, object]], StoredHash | None]
"""Says by what the caller of a call that begins is found again, out of its number and metadata."""


def no_hash(_number: str, _metadata: Mapping[str, object]) -> StoredHash | None:
    """Find nobody again: for calls that are no citizen's, as in measurements."""
    return None


@dataclass(frozen=True, slots=True)
class CallerKey:
    key_id: str
    secret: bytes = field(repr=False)


def normal_number(text: str) -> str | None:
    """Return *text* as ``+`` and digits; None where it names no telephone outside the office."""
    written = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).strip()
    address = _ADDRESS.search(written)
    if address is not None:
        written = unquote(address[1])  # RFC 3261, 19.1.2: a plus may come as %2B
    if _NETWORK_ADDRESS.fullmatch(written):
        return None
    written = _TRUNK_ZERO.sub("", _EXTENSION.sub("", written))
    digits = _BETWEEN.sub("", written)
    plus = digits.startswith("+")
    digits = digits.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return None
    if not plus:
        if digits.startswith(WITHHOLD + "0"):
            return None
        if digits.startswith(SHOW + "0"):
            digits = digits.removeprefix(SHOW)
        abroad = _ABROAD.match(digits)
        if abroad is not None:
            plus, digits = True, digits[abroad.end() :]
    return _with_country(digits, plus=plus)


def _with_country(digits: str, *, plus: bool) -> str | None:
    if not plus and digits.startswith("0"):
        return _in_japan(digits.removeprefix("0"))
    if digits.startswith("0"):
        return None
    allowed = _WORLD_DIGITS if plus else _BARE_WORLD_DIGITS
    if len(digits) not in allowed:
        return None
    if digits.startswith(JAPAN):
        return _in_japan(digits.removeprefix(JAPAN).removeprefix("0"))
    return f"+{digits}"


def _in_japan(digits: str) -> str | None:
    if len(digits) not in _NATIONAL_DIGITS or digits.startswith("0"):
        return None
    return f"+{JAPAN}{digits}"


def hash_of(number: str, key: CallerKey) -> StoredHash | None:
    """Return the keyed hash of *number*, however it is written; None where it names nobody."""
    normal = normal_number(number)
    if normal is None:
        return None
    made = hmac.new(key.secret, normal.encode("ascii"), hashlib.sha256)
    return StoredHash(key.key_id, made.hexdigest())


def masked(number: str) -> str:
    """Return *number* for who may not read all of it: its last four digits; empty where it names nobody."""
    if number == UNREADABLE:
        return number
    normal = normal_number(number)
    return f"****{normal[-_SHOWN_DIGITS:]}" if normal is not None else ""
