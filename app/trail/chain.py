"""Pure: the chain of the trail. Each link's seal covers its own words and the seal before it.

A link that was changed, taken out or put in breaks the chain at its place; that the end was cut off is
told by where the chain should end. The seal is an HMAC (RFC 2104, SHA-256): who can write to the
database but does not have the key cannot seal anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

BEFORE_THE_FIRST: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what, from where. Holds no word of a call: it outlives what it tells of."""

    kind: str
    by_login: str = ""
    """Empty for what the server did by itself."""
    role: str = ""
    address: str = ""
    call_id: str = ""
    subject: str = ""
    """What else it was done to: a login name, the id of a rule, a token's name."""
    digest: str = ""
    """Of the row that tells more (``digest_of``), as long as that row is kept."""


@dataclass(frozen=True, slots=True)
class Link:
    number: int
    """From 1, without gaps."""
    at: datetime
    deed: Deed
    key_id: str
    previous: str
    seal: str


@dataclass(frozen=True, slots=True)
class End:
    """Where a chain ends: the number of its last link and that link's seal."""

    number: int = 0
    seal: str = BEFORE_THE_FIRST


class Fault(StrEnum):
    CHANGED = "changed"
    """The words of the link are not those that were sealed."""
    MISSING = "missing"
    """A number is not there."""
    TORN = "torn"
    """It does not continue the link before it."""
    KEY_UNKNOWN = "key_unknown"
    """Sealed with a key that is not in the file of keys."""
    SHORTENED = "shortened"
    """The chain ends before the place where it is known to have been."""


@dataclass(frozen=True, slots=True)
class Broken:
    number: int
    """Of the first link that is not as it was written; where links are gone, of the first of those."""
    fault: Fault


def sealed(before: End, at: datetime, deed: Deed, *, key_id: str, key: bytes) -> Link:
    """Return the link that continues a chain which ends at *before*."""
    number = before.number + 1
    seal = _seal(key, number, at, deed, key_id, before.seal)
    return Link(number, at, deed, key_id, before.seal, seal)


def checked(before: End, links: Iterable[Link], keys: Mapping[str, bytes]) -> End | Broken:
    """Follow *links* on from *before*; return where they end, or the first that is broken."""
    for link in links:
        if link.number != before.number + 1:
            return Broken(before.number + 1, Fault.MISSING)
        key = keys.get(link.key_id)
        if key is None:
            return Broken(link.number, Fault.KEY_UNKNOWN)
        seal = _seal(key, link.number, link.at, link.deed, link.key_id, link.previous)
        if not hmac.compare_digest(seal, link.seal):
            return Broken(link.number, Fault.CHANGED)
        if link.previous != before.seal:
            return Broken(link.number, Fault.TORN)
        before = End(link.number, link.seal)
    return before


def ended_at(found: End, known: End) -> Broken | None:
    """Compare where a chain ends with where it is known to end; None where it reaches as far and says the same."""
    if found.number < known.number:
        return Broken(found.number + 1, Fault.SHORTENED)
    if found.number == known.number and found.seal != known.seal:
        return Broken(found.number, Fault.CHANGED)
    return None


def digest_of(fields: Mapping[str, object], key: bytes) -> str:
    """Return a keyed digest of a row: proves later that it is the same, and tells nothing of its words."""
    return hmac.new(key, _canonical(dict(sorted(fields.items()))), hashlib.sha256).hexdigest()


def _seal(key: bytes, number: int, at: datetime, deed: Deed, key_id: str, previous: str) -> str:
    told = [
        number,
        at.astimezone(UTC).isoformat(timespec="microseconds"),
        deed.kind,
        deed.by_login,
        deed.role,
        deed.address,
        deed.call_id,
        deed.subject,
        deed.digest,
        key_id,
        previous,
    ]
    return hmac.new(key, _canonical(told), hashlib.sha256).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode()
