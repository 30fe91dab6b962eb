"""What runs beside the calls ends alone where it breaks: neither the rest of it nor the server ends with it."""

from __future__ import annotations

import anyio
import anyio.lowlevel

from app.beside import alone


async def test_a_work_that_breaks_ends_alone() -> None:
    went_on = anyio.Event()

    async def broken() -> None:
        raise ValueError("something that nobody thought of")

    async def other() -> None:
        await anyio.lowlevel.checkpoint()
        went_on.set()

    async with anyio.create_task_group() as beside:
        beside.start_soon(alone, broken)
        beside.start_soon(alone, other)

    assert went_on.is_set()
