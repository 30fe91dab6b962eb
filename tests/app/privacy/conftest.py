"""Glue: both databases, and the real server with an ended call in which somebody said who they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.callers.models import CallMatter
from app.db import Database, open_database
from app.models import AlertRow, Call, FindingRow, StaffAction, UtteranceRow
from app.privacy.numbers import sealed_number
from app.retention.models import LegalHold
from app.settings import Settings
from tests.app.review.filled import SAID, add_ended_call
from tests.app.running import RunningServer, in_own_task, running_server
from tests.fakes_transcriber import ScriptedTranscriber

CALL: Final = "r-1"
NAME: Final = "サカキバラ"
NUMBER: Final = "090-1234-5678"
HOUSE: Final = "江別市高砂町6番地"
INTRODUCED: Final = f"{NAME}と申します。電話番号は{NUMBER}です。{HOUSE}に住んでいます。"
AGAIN: Final = f"{NAME}だって言ってるだろう。"
MARKED: Final = (NAME, NUMBER, HOUSE, "09012345678")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def either_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'either.db'}"
    plain: str = request.getfixturevalue("postgres_url")
    return Settings(database_url=SecretStr(plain)).async_database_url


@pytest_asyncio.fixture
async def either(either_url: str) -> AsyncIterator[Database]:
    async with open_database(either_url) as opened:
        yield opened


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[RunningServer]:
    settings = Settings(data_dir=tmp_path)
    async with in_own_task(running_server(settings, ScriptedTranscriber())) as running:
        async with running.services.database.transaction() as session:
            await marked_call(session, running)
        yield running


async def marked_call(session: AsyncSession, server: RunningServer) -> None:
    """Write an ended call with marked words in everything that quotes or tells of it."""
    now = server.services.clock.now() - timedelta(seconds=1)
    await add_ended_call(session, now, CALL, texts=(INTRODUCED, SAID[1], AGAIN, *SAID[3:5]))
    caller = sealed_number(server.services.record_keys, CALL, NUMBER)
    assert caller is not None
    await session.execute(
        update(Call).values(caller_number="", number_box=caller.box, number_key_id=caller.key_id)
    )
    told = {
        "text": f"「{AGAIN}」という発言に、侮辱のおそれがあります。",
        "parts": [{"kind": "said", "label": "発言", "lines": [f"「{AGAIN}」", INTRODUCED]}],
    }
    await session.execute(update(FindingRow).values(quote=NAME, explanation=told))
    await session.execute(update(AlertRow).values(quote=AGAIN, explanation=told))
    await session.execute(update(StaffAction).values(detail={"text": f"{NAME}さん、{NUMBER}"}))
    session.add(
        CallMatter(
            call_id=CALL,
            matter=f"{NAME}さん({HOUSE})の除雪の件",
            answer=f"{NUMBER}に折り返すと答えた",
            by_login="sato",
            at=now,
        )
    )
    session.add(LegalHold(call_id=CALL, reason=f"{NAME}さんの訴訟", by_login="sato", at=now))
    # The last words, too, say who it was.
    last = f"{CALL}.last"
    session.add(
        UtteranceRow(
            id=last,
            call_id=CALL,
            track="caller",
            start_ms=719_500,
            end_ms=719_900,
            text=AGAIN,
            hypotheses=[AGAIN],
            confidence=0.9,
            doubts=[],
            model="m",
            heard_at=now,
        )
    )
