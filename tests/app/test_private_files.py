"""Speech lies in the data folder: nobody but its owner reads it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.db import open_database
from app.errors import Unavailable
from app.private_files import make_private_folder


@pytest.fixture(autouse=True)
def _generous_umask() -> Iterator[None]:
    """The mask of a machine whose users share everything."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_new_database_and_its_folder_belong_to_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "var"

    async with open_database(f"sqlite+aiosqlite:///{folder / 'mimamori.db'}") as database:
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE written (here INTEGER)"))
        modes = {path.name: mode_of(path) for path in folder.iterdir()}

    assert mode_of(folder) == 0o700
    assert modes == {"mimamori.db": 0o600, "mimamori.db-wal": 0o600, "mimamori.db-shm": 0o600}


async def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "mimamori.db"
    file.touch(0o666)

    async with open_database(f"sqlite+aiosqlite:///{file}"):
        pass

    assert mode_of(file) == 0o600


def test_a_folder_that_was_there_keeps_the_rights_it_was_given(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(0o750)

    make_private_folder(shared)

    assert mode_of(shared) == 0o750


async def test_a_data_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable, match="MIMAMORI_DATA_DIR"):
        async with open_database(f"sqlite+aiosqlite:///{tmp_path / 'file' / 'mimamori.db'}"):
            pass
