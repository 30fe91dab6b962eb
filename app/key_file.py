"""Adapter: keys in a file that only the account of the server may read, made at the first start.

One key a line, its id and its 32 bytes in hexadecimal. The first makes what is new; those below it
still know what was made with them, until the line is taken out.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.private_files import make_private_file, make_private_folder

KEY_ID_BYTES: Final = 8
KEY_BYTES: Final = 32
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


def add_key(file: Path) -> str:
    """Put a new key before those of *file*, so that it makes what is new; return its id. Blocking.

    Raises:
        as ``read_or_make_keys``.
    """
    keys = read_or_make_keys(file)
    key_id = secrets.token_hex(KEY_ID_BYTES)
    lines = [f"{key_id} {secrets.token_hex(KEY_BYTES)}"]
    lines += [f"{known} {key.hex()}" for known, key in keys.items()]
    try:
        draft = _draft(file, lines)
        draft.replace(file)
    except OSError as error:
        raise KeyFileUnreadable(str(file)) from error
    return key_id


def _make(file: Path) -> None:
    """Make the file whole or not at all: servers that start together must agree on one key."""
    draft = _draft(file, [f"{secrets.token_hex(KEY_ID_BYTES)} {secrets.token_hex(KEY_BYTES)}"])
    try:
        try:
            os.link(draft, file)
        except FileExistsError:
            return  # somebody else was first
    finally:
        draft.unlink(missing_ok=True)


def _draft(file: Path, lines: Sequence[str]) -> Path:
    """Write *lines* to the disk, under a name of their own beside *file*."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    make_private_file(draft)
    with draft.open("w", encoding="ascii") as opened:
        opened.write("".join(f"{line}\n" for line in lines))
        opened.flush()
        os.fsync(opened.fileno())
    return draft
