"""Adapter: keys in a file that only the account of the server may read, made at the first start.

One key a line, its id and its 32 bytes in hexadecimal. The first makes what is new; those below it
still know what was made with them, until the line is taken out.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Final

from app.private_files import make_private_file, make_private_folder

_LINE: Final = re.compile(r"([0-9a-f]{16}) ([0-9a-f]{64})")


class KeyFileUnreadable(ValueError):  # noqa: N818 - named as a fact
    """The file can be neither read nor made, or is not what it should be."""


def read_or_make_keys(file: Path) -> dict[str, bytes]:
    """Return the keys of *file* by their ids, the one that makes new things first; blocking.

    Raises:
        KeyFileUnreadable: as it says.
        Unavailable: its folder cannot be made (``data_dir_unusable``).
    """
    try:
        if not file.exists():
            make_private_folder(file.parent)
            _make(file)
        make_private_file(file)
        lines = file.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileUnreadable(str(file)) from error
    found = [_LINE.fullmatch(line.strip()) for line in lines if line.strip()]
    keys = {one[1]: bytes.fromhex(one[2]) for one in found if one is not None}
    # One spoilt line among good ones would quietly part what belongs together.
    if not keys or len(keys) != len(found):
        raise KeyFileUnreadable(str(file))
    return keys


def _make(file: Path) -> None:
    """Make the file whole or not at all: servers that start together must agree on one key."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    make_private_file(draft)
    try:
        with draft.open("w", encoding="ascii") as opened:
            opened.write(f"{secrets.token_hex(8)} {secrets.token_hex(32)}\n")
            opened.flush()
            os.fsync(opened.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return  # somebody else was first
    finally:
        draft.unlink(missing_ok=True)
