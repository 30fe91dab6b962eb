"""Pure: the signature by which the office's CTI knows that a request is ours, and which time it was made."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

TIMESTAMP_HEADER: Final = "Mimamori-Timestamp"
SIGNATURE_HEADER: Final = "Mimamori-Signature"
LEAST_SECRET_CHARACTERS: Final = 16
_SCHEME: Final = "v1="


def signature_of(secret: str, timestamp_s: int, body: bytes) -> str:
    """Return ``v1=`` and the HMAC-SHA256, in hexadecimal, of the timestamp's digits, a full stop and *body*."""
    signed = str(timestamp_s).encode("ascii") + b"." + body
    return _SCHEME + hmac.new(secret.encode("utf-8"), signed, hashlib.sha256).hexdigest()


def is_signed(secret: str, timestamp: str, body: bytes, signature: str) -> bool:
    """Say whether *signature* is ours: what a CTI has to check, besides the age of *timestamp*."""
    if not (timestamp.isascii() and timestamp.isdigit() and signature.isascii()):
        return False
    if len(timestamp) > 18 or timestamp != str(int(timestamp)):
        return False
    return hmac.compare_digest(signature_of(secret, int(timestamp), body), signature)
