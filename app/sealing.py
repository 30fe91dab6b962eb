"""Adapter: seals what must lie unreadable on the disk (AES-256-GCM, NIST SP 800-38D), and opens it again.

The first key seals; those below it still open what they sealed, until everything was sealed anew. A
sealed thing names its key and is bound to where it belongs: moved elsewhere it does not open.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.errors import Unavailable
from app.key_file import KeyFileUnreadable, read_or_make_keys

FILE_NAME: Final = "record_keys"
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16


class CannotOpen(ValueError):  # noqa: N818 - named as a fact
    """The key is not there, or these are not the bytes that were sealed, or not at this place."""


@dataclass(frozen=True, slots=True)
class Sealed:
    key_id: str
    box: bytes
    """Nonce, what was sealed, tag."""


@dataclass(frozen=True, slots=True)
class RecordKeys:
    """Never empty; the first seals. Its secrets are in no representation of it."""

    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def key_id(self) -> str:
        """Return the id of the key that seals."""
        return next(iter(self.keys))

    def seal(self, plain: bytes, place: str) -> Sealed:
        """Seal *plain* for *place*, such as ``call/<id>/number``."""
        nonce = os.urandom(NONCE_BYTES)
        box = AESGCM(self.keys[self.key_id]).encrypt(nonce, plain, place.encode())
        return Sealed(self.key_id, nonce + box)

    def open(self, sealed: Sealed, place: str) -> bytes:
        """Return what was sealed for *place*.

        Raises:
            CannotOpen: as it says; nothing is told of the content.
        """
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise CannotOpen(f"no key {sealed.key_id}")
        nonce, box = sealed.box[:NONCE_BYTES], sealed.box[NONCE_BYTES:]
        if len(nonce) < NONCE_BYTES or len(box) < TAG_BYTES:
            raise CannotOpen("too short")
        try:
            return AESGCM(key).decrypt(nonce, box, place.encode())
        except InvalidTag:
            raise CannotOpen(f"does not open with the key {sealed.key_id}") from None


def open_record_keys(data_dir: Path) -> RecordKeys:
    """Read the keys in *data_dir*, made at the first start; blocking.

    Raises:
        Unavailable: they can be neither read nor made (``record_keys_unreadable``).
    """
    file = data_dir / FILE_NAME
    try:
        return RecordKeys(read_or_make_keys(file))
    except KeyFileUnreadable as error:
        raise Unavailable(
            "record_keys_unreadable",
            f"{file} を読めません。控えから戻してください。控えがないと、これまでの録音と電話番号は開けません"
            "(このファイルを別の場所に移して起動すると、新しい鍵で始まります)。",
        ) from error
