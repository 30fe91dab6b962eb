"""Pure: whether a request comes from our own pages, and whether a path leads nowhere else."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_LONGEST_PATH: Final = 512


def from_own_pages(
    *,
    origin: str | None,
    fetch_site: str | None,
    host: str | None,
    public_url: str,
    must_tell: bool = False,
) -> bool:
    """Judge the headers ``Origin``, ``Sec-Fetch-Site`` and ``Host`` of a request that changes something.

    An office may reach the server by a name that the settings do not know (``localhost``, a bare
    address), so an origin also counts as ours when its host is the one that the request was sent to.
    Only a browser is at risk, and every browser of these ten years sends one of the two headers with a
    form; a request without both is let through unless it *must_tell*, as a browser's WebSocket always does.
    """
    if fetch_site == "same-origin":
        # No page can write this header itself; it also holds where a proxy changed the host.
        return True
    if fetch_site in {"same-site", "cross-site"}:
        return False
    if origin is None:
        return not must_tell
    scheme = origin.partition("://")[0].lower()
    sender = _authority(origin, scheme)
    if scheme not in {"http", "https"} or sender is None:
        return False
    public_scheme = public_url.partition("://")[0].lower()
    if scheme == public_scheme and sender == _authority(public_url, public_scheme):
        return True
    return host is not None and sender == _authority(f"{scheme}://{host}", scheme)


def local_path(text: str) -> str | None:
    """Return *text* when it is a path of this server and of no other, else None."""
    if not text.startswith("/") or text.startswith("//") or len(text) > _LONGEST_PATH:
        return None
    # Browsers read a backslash as a slash and skip control characters.
    if "\\" in text or not text.isprintable():
        return None
    return text


def _authority(url: str, scheme: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(scheme)
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.username is not None:
        return None
    return parts.hostname.lower(), port
