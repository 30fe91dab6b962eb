"""Glue: a call that has begun, with its operator and a supervisor at their browsers, as fixtures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from websockets.asyncio.client import ClientConnection

from app.auth.identity import Role
from tests.app.joining.joined_server import JoinedServer, Person
from tests.app.running import hear, say

CALL: Final = "c-1"
PATH: Final = f"/v1/calls/{CALL}"


@pytest.fixture
async def line(server: JoinedServer) -> AsyncIterator[ClientConnection]:
    """The telephone's socket of a call that has begun."""
    async with server.running.stream() as stream:
        await say(stream, {"type": "start", "call_id": CALL, "operator": "sato"})
        await hear(stream)
        yield stream


@pytest.fixture
async def kato(server: JoinedServer, line: ClientConnection) -> AsyncIterator[Person]:
    async with server.person("kato") as supervisor:
        yield supervisor


@pytest.fixture
async def sato(server: JoinedServer, line: ClientConnection) -> AsyncIterator[Person]:
    async with server.person("sato", Role.OPERATOR) as operator:
        yield operator


async def told(screen: ClientConnection, *kinds: str) -> dict[str, Any]:
    """Return the next event of one of these types, or the next note of one of these kinds."""
    while True:
        event = await hear(screen)
        if event["type"] in kinds or event["data"].get("kind") in kinds:
            return event
