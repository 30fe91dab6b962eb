"""Adapter: the keys of callers' hashes. The first makes new hashes; those below it still find their calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from app.callers.number import CallerKey, StoredHash, hash_of
from app.errors import Unavailable
from app.key_file import KeyFileUnreadable, read_or_make_keys
from app.telephony.messages import Direction

FILE_NAME: Final = "caller_keys"


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
        keys = read_or_make_keys(file)
    except KeyFileUnreadable as error:
        raise _unreadable(file) from error
    return CallerKeys(tuple(CallerKey(key_id, secret) for key_id, secret in keys.items()))


def _unreadable(file: Path) -> Unavailable:
    return Unavailable(
        "caller_keys_unreadable",
        f"{file} を読めません。控えから戻してください。控えがないときは、このファイルを別の場所に移して起動すると、"
        "新しい鍵で始まります(これまでの通話とは結び付かなくなります)。",
    )
