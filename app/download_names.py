"""Pure: what a file is called when a browser keeps it (RFC 6266, 8187)."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

_NOT_PLAIN: Final = frozenset('"\\%')


def disposition(name: str, *, plain_name: str = "", inline: bool = False) -> str:
    """Return the ``Content-Disposition`` of a file *name*; *inline*: it is shown or played rather than kept.

    *plain_name* is for programs that know ASCII alone, where *name* is more.
    """
    kind = "inline" if inline else "attachment"
    if name.isascii() and name.isprintable() and _NOT_PLAIN.isdisjoint(name):
        return f'{kind}; filename="{name}"'
    plain = f' filename="{plain_name}";' if plain_name else ""
    return f"{kind};{plain} filename*=UTF-8''{quote(name, safe='')}"
