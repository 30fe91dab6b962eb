"""Adapter: folders and files that only the account of the server may read, whatever the machine's mask."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from app.errors import Unavailable

OWNER_ALONE: Final = 0o600
OWNER_ENTERS: Final = 0o700


def make_private_folder(folder: Path) -> None:
    """Make *folder* for its owner alone. One that is there keeps its rights: it may serve others too.

    Raises:
        Unavailable: it cannot be made (``data_dir_unusable``).
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=OWNER_ENTERS, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, error) from error


def make_private_file(file: Path) -> None:
    """Make *file*, or close it to everybody but its owner, in a folder made likewise.

    SQLite gives its log and index beside a database the rights of the database.

    Raises:
        Unavailable: it cannot be written (``data_dir_unusable``).
    """
    make_private_folder(file.parent)
    try:
        file.touch(mode=OWNER_ALONE)
        if file.stat().st_mode & 0o077:
            file.chmod(OWNER_ALONE)
    except OSError as error:
        raise _unusable(file, error) from error


def _unusable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        "data_dir_unusable",
        f"{path} を使えません({error.strerror})。MIMAMORI_DATA_DIR に、書き込めるフォルダーを指定してください。",
    )
