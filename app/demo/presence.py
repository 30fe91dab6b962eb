"""Adapter: a lock in the data folder; the system lets go of it even when the demonstration is killed."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.private_files import make_private_file

_LOCK: Final = "demo.lock"


@contextmanager
def demonstration_on(data_dir: Path) -> Iterator[None]:
    """Be seen by servers on the same *data_dir* while the block lasts; several may be at once."""
    make_private_file(data_dir / _LOCK)
    with (data_dir / _LOCK).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def is_demonstration_on(data_dir: Path) -> bool:
    try:
        with (data_dir / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
