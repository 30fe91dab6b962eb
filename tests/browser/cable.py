"""Adapter: the cable between a browser and a server, which a test can pull and plug in again."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.abc import SocketStream, TaskGroup

LARGEST_BYTES = 65_536


class Cable:
    """Carries bytes both ways. Pulled, it carries nothing, and says so to nobody who is connected already."""

    def __init__(self, port: int, tasks: TaskGroup) -> None:
        self._port = port
        self._tasks = tasks
        self._listening = anyio.CancelScope()
        self._carrying: set[anyio.CancelScope] = set()
        self._dead: list[SocketStream] = []
        # Held while nobody listens at it, too: a port that was free before may not be free again.
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._held.bind(("127.0.0.1", 0))
        self._own_port: int = self._held.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._own_port}"

    async def plug(self) -> None:
        """Let connections through. Those of before are gone, as behind a switch that was restarted."""
        await self.forget()
        await self._tasks.start(self._listen)

    async def pull(self) -> None:
        """Carry nothing more; who tries anew is not answered, who was connected waits in vain."""
        self._listening.cancel()
        for scope in tuple(self._carrying):
            scope.cancel()

    async def _listen(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        listener = await anyio.create_tcp_listener(
            local_host="127.0.0.1", local_port=self._own_port, reuse_port=True
        )
        self._listening = anyio.CancelScope()
        with self._listening:
            async with listener:
                task_status.started()
                await listener.serve(self._carry, self._tasks)

    async def _carry(self, browser: SocketStream) -> None:
        with anyio.CancelScope() as scope:
            self._carrying.add(scope)
            try:
                async with (
                    await anyio.connect_tcp("127.0.0.1", self._port) as server,
                    anyio.create_task_group() as ways,
                ):
                    ways.start_soon(_pump, browser, server, ways)
                    ways.start_soon(_pump, server, browser, ways)
            finally:
                self._carrying.discard(scope)
                self._dead.append(browser)
        if not scope.cancelled_caught:
            self._dead.remove(browser)
            await anyio.aclose_forcefully(browser)

    async def forget(self) -> None:
        """Close what hangs in the air."""
        while self._dead:
            await anyio.aclose_forcefully(self._dead.pop())

    def release(self) -> None:
        """Let the port go: nobody plugs in again."""
        self._held.close()


async def _pump(source: SocketStream, target: SocketStream, ways: TaskGroup) -> None:
    with suppress(anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
        while True:
            await target.send(await source.receive(LARGEST_BYTES))
    ways.cancel_scope.cancel()


@asynccontextmanager
async def cable_to(port: int) -> AsyncIterator[Cable]:
    async with anyio.create_task_group() as tasks:
        cable = Cable(port, tasks)
        try:
            await cable.plug()
            yield cable
        finally:
            cable.release()
            await cable.pull()
            tasks.cancel_scope.cancel()
    await cable.forget()
