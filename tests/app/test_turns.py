"""One at a time for each call, and no call waits for another."""

from __future__ import annotations

import anyio

from app.calls.turns import Turns


async def test_one_name_is_held_once_and_others_do_not_wait() -> None:
    turns, order = Turns(), list[str]()
    release = anyio.Event()

    async def hold(name: str, says: str) -> None:
        async with turns.of(name):
            order.append(says)
            if says == "first":
                await release.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hold, "a", "first")
        tasks.start_soon(hold, "a", "second")
        tasks.start_soon(hold, "b", "other")
        await anyio.wait_all_tasks_blocked()
        before = list(order)
        release.set()

    assert before == ["first", "other"]
    assert order == ["first", "other", "second"]
    assert len(turns) == 0


async def test_who_gives_up_waiting_leaves_nothing_behind() -> None:
    turns = Turns()

    async def wait() -> None:
        async with turns.of("a"):
            pass

    async with turns.of("a"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        held = len(turns)

    assert (held, len(turns)) == (1, 0)
