"""Pure: where control may be sent. Over plain http only to this machine and to private addresses written as numbers."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

_IN_OFFICE: Final = tuple(
    map(
        ipaddress.ip_network,
        ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    )
)
"""This machine, and what no router of the internet passes on. Not 169.254/16: clouds keep secrets there."""


def control_address(url: str) -> str:
    """Return *url* without a slash at its end.

    Raises:
        ValueError: nothing should be sent there; the message is Japanese and does not quote *url*.
    """
    try:
        parts = urlsplit(url.strip())
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or parts.scheme not in ("http", "https"):
        raise ValueError("https:// で始まるアドレスを指定してください")
    if parts.username is not None or parts.password is not None:
        raise ValueError("アドレスに利用者名やパスワードを書かないでください")
    if parts.fragment or not url.strip().isascii() or any(c <= " " for c in url.strip()):
        raise ValueError("アドレスは半角の英数字と記号だけで、# や空白を入れずに書いてください")
    if parts.scheme == "http" and not _is_in_office(host):
        raise ValueError(
            "https:// で始めてください(http:// を使えるのは localhost と、数字で書いた庁内のアドレスだけです)"
        )
    return url.strip().rstrip("/")


def _is_in_office(host: str) -> bool:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        # A name may lead anywhere, and elsewhere tomorrow; only this one never leaves the machine.
        return host == "localhost"
    return any(number in network for network in _IN_OFFICE)
