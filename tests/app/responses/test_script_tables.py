"""The versions of sentences are kept and read alike on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy.exc import IntegrityError

from app.db import Database, open_database
from app.responses.live_scripts import LiveScripts
from app.responses.repository import approved_wordings, last_approval, versions_of
from app.responses.scripts import load_scripts
from app.settings import Settings
from tests.app.responses.test_live_scripts import NEW, approved


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'either.db'}"
    plain: str = request.getfixturevalue("postgres_url")
    return Settings(database_url=SecretStr(plain)).async_database_url


@pytest.fixture
async def either(either_url: str) -> AsyncIterator[Database]:
    async with open_database(either_url) as opened:
        yield opened


async def test_the_last_approval_decides_and_no_two_have_its_number(either: Database) -> None:
    scripts = LiveScripts(load_scripts())
    async with either.transaction() as session:
        none = await last_approval(session)
        session.add(approved("warn.any", 1, 2, text="二番目の承認です。"))
        session.add(approved("warn.any", 2, 1, text="最初の承認です。"))
    async with either.transaction() as session:
        numbers = (
            await last_approval(session),
            [one.version for one in await approved_wordings(session)],
        )
        kept = [row.version for row in await versions_of(session, "warn.any")]
        now = (await scripts.current(session)).by_id("warn.any")
    with pytest.raises(IntegrityError):
        async with either.transaction() as session:
            session.add(approved("close.any", 1, 2, text=NEW))

    assert none == 0
    assert numbers == (2, [2, 1])
    assert kept == [2, 1]
    assert now is not None
    assert (now.text, now.version) == ("二番目の承認です。", 1)
