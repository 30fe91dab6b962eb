"""Pure: the signature by which Twilio proves a request: base64 of HMAC-SHA1 over the public address and the form.

The address is the one that was given to Twilio, as it was given: ``wss://`` for a stream, ``https://`` for a form.
What a proxy makes of it is of no use. Source: https://www.twilio.com/docs/usage/security
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import SplitResult, urlsplit

HEADER: Final = "X-Twilio-Signature"
_WEB_SOCKET_SCHEMES: Final = {"https": "wss", "http": "ws"}
_DEFAULT_PORTS: Final = {"https": 443, "wss": 443, "http": 80, "ws": 80}


def sign(url: str, params: Iterable[tuple[str, str]], token: str) -> str:
    """Return the signature of a request to *url* with the form fields *params*; a WebSocket has none.

    Equal pairs count once, and the order in which they were sent does not matter.
    """
    text = url + "".join(name + value for name, value in sorted(set(params)))
    digest = hmac.new(_bytes(token), _bytes(text), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def verify(url: str, params: Iterable[tuple[str, str]], token: str, signature: str) -> bool:
    """Say whether *signature* is that of this request, by whoever holds *token*; an empty token holds nothing.

    With and without the slash at the end of the path and the scheme's own port: exchanges differ there,
    and neither names another resource. For ``ws`` also as ``wss``: Twilio knows no other, and a server without TLS
    is only ever tried on one's own machine.
    """
    if not token:
        return False
    pairs, given = list(params), _bytes(signature)
    # All are tried, so that the time taken tells nothing.
    fits = [hmac.compare_digest(_bytes(sign(each, pairs, token)), given) for each in variants(url)]
    return any(fits)


def variants(url: str) -> list[str]:
    """Return *url* in the ways in which it may have been signed, the given one first."""
    return list(dict.fromkeys([url, *_other_ways(url)]))


def public_address(public_url: str, path: str, query: str = "") -> str:
    """Return the address under which *path* was named to the exchange."""
    return public_url.rstrip("/") + path + (f"?{query}" if query else "")


def stream_address(public_url: str, path: str) -> str:
    """Return the WebSocket address of *path*. Without a query: Twilio drops it, and signs without it."""
    scheme, colon, rest = public_address(public_url, path).partition(":")
    return _WEB_SOCKET_SCHEMES.get(scheme.lower(), scheme) + colon + rest


def _other_ways(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        ports = [_with_port(parts, named=False), _with_port(parts, named=True)]
    except ValueError:
        return  # no address: nobody has signed it
    secure = [each._replace(scheme="wss") for each in (parts, *ports) if each.scheme == "ws"]
    for each in (parts, *ports, *secure):
        yield each.geturl()
        if each.path.endswith("/"):
            yield each._replace(path=each.path.rstrip("/")).geturl()
        else:
            yield each._replace(path=each.path + "/").geturl()


def _with_port(parts: SplitResult, *, named: bool) -> SplitResult:
    default = _DEFAULT_PORTS.get(parts.scheme)
    host = parts.netloc
    if named and parts.port is None and default is not None:
        return parts._replace(netloc=f"{host}:{default}")
    if not named and parts.port is not None:
        return parts._replace(netloc=host.rpartition(":")[0])
    return parts


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
