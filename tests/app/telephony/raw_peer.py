"""A server on the loopback that hears one dialect of bare samples and remembers what it made of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.calls.protocol import StreamRefused
from app.simulate.native import CallSound
from app.telephony.messages import CallOver, Step, WovenSound
from app.telephony.ports import Dialect

NewDialect = Callable[[dict[str, str]], Dialect]


@dataclass(slots=True)
class Heard:
    """Each socket's steps, in order."""

    url: str = ""
    sockets: list[list[Step]] = field(default_factory=list)
    authorisations: list[str] = field(default_factory=list)

    @property
    def steps(self) -> list[Step]:
        return [step for socket in self.sockets for step in socket]

    @property
    def sound(self) -> bytes:
        return sound_of(self.steps)


def sound_of(steps: Sequence[Step]) -> bytes:
    return b"".join(step.payload for step in steps if isinstance(step, WovenSound))


def short_call(seconds: float = 0.4) -> CallSound:
    """Mu-law, caller and operator; each sample another one."""
    samples = int(8_000 * seconds)
    codes = np.arange(samples * 2, dtype=np.uint32) * 7 % 251
    return CallSound(codes.astype(np.uint8).tobytes())


@asynccontextmanager
async def hearing(
    new_dialect: NewDialect, *, secret: str = "mim_good", subprotocols: Sequence[str] = ()
) -> AsyncIterator[Heard]:
    """Take sockets whose Authorization holds *secret* (Basic with the user ``pbx``, or Bearer)."""
    heard = Heard()

    async def listen(socket: ServerConnection) -> None:
        assert socket.request is not None
        said = socket.request.headers.get("Authorization", "")
        heard.authorisations.append(said)
        if said.removeprefix("Bearer ") != secret and not said.startswith("Basic "):
            await socket.close(4401, "unauthorised")
            return
        dialect = new_dialect(dict(parse_qsl(urlsplit(socket.request.path).query)))
        steps: list[Step] = []
        heard.sockets.append(steps)
        try:
            async for frame in socket:
                now_ms = int(time.monotonic() * 1000)
                feed = dialect.text if isinstance(frame, str) else dialect.binary
                steps.extend(feed(frame, now_ms))  # type: ignore[arg-type]
        except ConnectionClosed:
            pass
        except StreamRefused as refused:
            for reply in dialect.refused(refused):
                await socket.send(reply.frame)
            await socket.close(refused.stream_close_code, refused.code)
            return
        over = dialect.closed(socket.close_code or 1006)
        if over is not None and not any(isinstance(step, CallOver) for step in steps):
            steps.append(over)

    async with serve(
        listen, "127.0.0.1", 0, subprotocols=[Subprotocol(name) for name in subprotocols] or None
    ) as listening:
        heard.url = f"ws://127.0.0.1:{listening.sockets[0].getsockname()[1]}/stream"
        yield heard
