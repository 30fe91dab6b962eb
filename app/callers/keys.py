"""Adapter: the keys of callers' hashes, in a file that only the account of the server may read.

One key a line, its id and its 32 bytes in hexadecimal. The first makes new hashes; those below it
still find the calls that they were made for, until the line is taken out.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.callers.number import CallerKey, StoredHash, hash_of
from app.errors import Unavailable
from app.private_files import make_private_file, make_private_folder
from app.telephony.messages import Direction

FILE_NAME: Final = "caller_keys"
_LINE: Final = re.compile(r"([0-9a-f]{16}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class CallerKeys:
    """Never empty. Its secrets are in no representation of it."""

    keys: tuple[CallerKey, ...] = field(repr=False)

    def hash_of_caller(self, number: str) -> StoredHash | None:
        """Return what is stored for a call from *number*; None where the number names nobody."""
        return hash_of(number, self.keys[0])

    def hash_at_start(self, number: str, metadata: Mapping[str, object]) -> StoredHash | None:
        """Return what is stored when a call begins: nothing where the office itself dialled.

        To be called back must not count as having called.
        """
        if metadata.get("direction") == Direction.OUTBOUND.value:
            return None
        return self.hash_of_caller(number)

    def hashes_of_caller(self, number: str) -> tuple[StoredHash, ...]:
        """Return what a call from *number* may have been stored as, under every key there is."""
        made = (hash_of(number, key) for key in self.keys)
        return tuple(one for one in made if one is not None)


def open_caller_keys(data_dir: Path) -> CallerKeys:
    """Read the keys in *data_dir*, made at the first start; blocking.

    Raises:
        Unavailable: they can be neither read nor made, or are not what they should be
            (``data_dir_unusable``, ``caller_keys_unreadable``).
    """
    file = data_dir / FILE_NAME
    try:
        if not file.exists():
            make_private_folder(data_dir)
            _make(file)
        make_private_file(file)
        lines = file.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(file) from error
    found = [_LINE.fullmatch(line.strip()) for line in lines if line.strip()]
    keys = tuple(CallerKey(one[1], bytes.fromhex(one[2])) for one in found if one is not None)
    # One spoilt line among good ones would quietly part a caller's calls from each other.
    if not keys or len(keys) != len(found):
        raise _unreadable(file)
    return CallerKeys(keys)


def _make(file: Path) -> None:
    """Make the file whole or not at all: servers that start together must agree on one key."""
    draft = file.with_name(f".{FILE_NAME}.{secrets.token_hex(4)}")
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


def _unreadable(file: Path) -> Unavailable:
    return Unavailable(
        "caller_keys_unreadable",
        f"{file} を読めません。控えから戻してください。控えがないときは、このファイルを別の場所に移して起動すると、"
        "新しい鍵で始まります(これまでの通話とは結び付かなくなります)。",
    )
