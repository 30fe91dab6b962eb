"""Adapter: events inside one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio
from anyio.abc import ObjectReceiveStream
from anyio.streams.memory import MemoryObjectSendStream

from app.events import Event


class MemoryBus:
    """Fans events out to bounded streams; who is too slow is cut off, nobody waits for anybody."""

    def __init__(self, buffer_events: int) -> None:
        self._buffer_events = buffer_events
        self._subscribers: set[MemoryObjectSendStream[Event]] = set()

    async def publish(self, events: Sequence[Event]) -> None:
        for subscriber in tuple(self._subscribers):
            for event in events:
                try:
                    subscriber.send_nowait(event)
                except (anyio.WouldBlock, anyio.BrokenResourceError):
                    self._subscribers.discard(subscriber)
                    subscriber.close()
                    break

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[ObjectReceiveStream[Event]]:
        send, receive = anyio.create_memory_object_stream[Event](self._buffer_events)
        self._subscribers.add(send)
        try:
            with receive:
                yield receive
        finally:
            self._subscribers.discard(send)
            send.close()
