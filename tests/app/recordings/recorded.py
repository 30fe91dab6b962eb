"""Glue: calls with sound that is never twice the same, carried to a real server and fetched back."""

from __future__ import annotations

import random
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection

from app.auth.identity import Role
from tests.app.running import RunningServer, hear, say, send

START: dict[str, Any] = {"type": "start", "operator": "sato", "from": "0112345678"}
WAV_HEAD_BYTES = 58


def noise(count: int, seed: int = 7) -> bytes:
    """Return *count* bytes of which every stretch is known again."""
    return random.Random(seed).randbytes(count)


async def begin(stream: ClientConnection, **fields: Any) -> dict[str, Any]:
    await say(stream, START | fields)
    return await hear(stream)


async def stop(stream: ClientConnection) -> dict[str, Any]:
    await say(stream, {"type": "stop", "reason": "hangup"})
    return await hear(stream)


async def whole_call(server: RunningServer, payload: bytes, **fields: Any) -> None:
    async with server.stream() as stream:
        await begin(stream, **fields)
        await send(stream, payload)
        await stop(stream)


async def fetched(
    server: RunningServer, path: str, role: Role = Role.SUPERVISOR, **headers: str
) -> httpx.Response:
    async with server.client(await server.token(role)) as client:
        return await client.get(path, headers=headers)


async def sound_of(server: RunningServer, call_id: str) -> bytes:
    """Return the sound of the WAV, without its head."""
    answer = await fetched(server, f"/v1/calls/{call_id}/recording.wav")
    return answer.raise_for_status().content[WAV_HEAD_BYTES:]


async def facts_of_recording(server: RunningServer, call_id: str) -> dict[str, Any]:
    answer = await fetched(server, f"/v1/calls/{call_id}/recording")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found
