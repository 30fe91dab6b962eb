"""Pure: base64url without padding (RFC 4648, 5) of bytes that come in pieces."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator


def base64url(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield *pieces*, as if they were one, in base64url."""
    waiting = b""
    for piece in pieces:
        waiting += piece
        whole = len(waiting) - len(waiting) % 3
        yield base64.urlsafe_b64encode(waiting[:whole])
        waiting = waiting[whole:]
    yield base64.urlsafe_b64encode(waiting).rstrip(b"=")
