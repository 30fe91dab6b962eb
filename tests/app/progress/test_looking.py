"""Whoever reads a call's words stands on the trail, by whichever address they were read, and once."""

from __future__ import annotations

import anyio
import httpx
import pytest
from sqlalchemy import select

from app.auth.identity import Role
from app.trail.models import TrailRow
from tests.app.running import RunningServer, hear, say


async def begin(server: RunningServer) -> httpx.AsyncClient:
    async with server.stream() as stream:
        await say(stream, {"type": "start", "call_id": "c1", "operator": "sato"})
        await hear(stream)
    return server.client(await server.token(Role.SUPERVISOR))


async def looks(server: RunningServer) -> list[str]:
    async with server.services.database.transaction() as session:
        rows = (await session.scalars(select(TrailRow).where(TrailRow.call_id == "c1"))).all()
    return [row.kind for row in rows]


@pytest.mark.parametrize("part", ["progress", "joined"])
async def test_parts_of_a_call_that_show_words_are_a_look_at_it(
    server: RunningServer, part: str
) -> None:
    async with await begin(server) as client:
        for _ in range(2):
            (await client.get(f"/v1/calls/c1/{part}")).raise_for_status()

    assert await looks(server) == ["call.seen"]


async def test_a_page_that_asks_for_all_parts_at_once_is_one_look(server: RunningServer) -> None:
    async with await begin(server) as client, anyio.create_task_group() as tasks:
        for part in ("", "/progress", "/joined"):
            tasks.start_soon(client.get, f"/v1/calls/c1{part}")

    assert await looks(server) == ["call.seen"]
