"""Adapter: how long the board is read: ``python -m tests.app.board.measure_board``, with 200 live calls on SQLite."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import anyio

from app.auth.identity import Identity, Role
from app.board.schemas import LimitsOut
from app.board.view import board_view
from app.db import open_database
from app.health import Health, Status
from tests.app.board.filled import add_live_calls, alert_row
from tests.app.running import SECTION

CALLS = 200
UTTERANCES = 500
"""Of both sides: some 40 minutes of talk."""
EVENTS = 1_000
READS = 15

SUPERVISOR = Identity(
    login="tanaka",
    display_name="田中",
    role=Role.SUPERVISOR,
    section=SECTION,
    user_id=1,
    csrf_token="",
)
NO_LIMITS = LimitsOut(held_ms=None, held_after_abuse_ms=None, stalemate_ms=None)


async def measure() -> None:
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'board.db'}"
        async with open_database(url) as database:
            async with database.transaction() as session:
                ids = await add_live_calls(
                    session, now, count=CALLS, utterances=UTTERANCES, events=EVENTS
                )
                session.add_all(alert_row(call_id, "mental_attack", 2, now) for call_id in ids)
            for name, wanted in (("all", None), ("one call", ids[:1])):
                spent_ms = []
                for _ in range(READS):
                    begun = time.perf_counter()
                    async with database.transaction() as session:
                        board = await board_view(
                            session,
                            SUPERVISOR,
                            Health(0, Status.OK),
                            call_ids=wanted,
                            warning_limit=3,
                            limits=NO_LIMITS,
                        )
                    spent_ms.append((time.perf_counter() - begun) * 1000)
                spent_ms.sort()
                print(  # noqa: T201
                    f"{name}: {len(board.calls)} calls, "
                    f"{len(board.model_dump_json()) / 1024:.0f} KiB, "
                    f"median {spent_ms[READS // 2]:.0f} ms, most {spent_ms[-1]:.0f} ms"
                )


if __name__ == "__main__":
    anyio.run(measure)
