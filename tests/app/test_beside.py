"""What runs beside the calls breaks off alone, and begins again: neither the rest of it nor the server ends with it."""

from __future__ import annotations

import anyio
import anyio.lowlevel

from app.beside import alone


async def test_a_work_that_breaks_hinders_no_other() -> None:
    went_on = anyio.Event()

    async def broken() -> None:
        raise ValueError("something that nobody thought of")

    async def other() -> None:
        await anyio.lowlevel.checkpoint()
        went_on.set()

    async with anyio.create_task_group() as beside:
        beside.start_soon(alone, broken)
        beside.start_soon(alone, other)
        await went_on.wait()
        beside.cancel_scope.cancel()

    assert went_on.is_set()


async def test_a_work_that_broke_off_begins_again_until_it_comes_to_its_end() -> None:
    begun: list[int] = []

    async def broken_twice() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise ValueError("something that nobody thought of")

    await alone(broken_twice, again_seconds=0)

    assert begun == [0, 1, 2]
