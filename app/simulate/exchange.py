"""Glue: what every simulated exchange has in common: the call that it plays, the pace, and the trouble on its line.

A simulator of a dialect is a client (``SimulatedExchange``) that plays a stereo recording to a server in
real time as that exchange would; integrators try their set-up with it, and our tests use it.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import anyio
import numpy as np

from app.simulate.native import CallSound


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong, on purpose. The same seed makes the same trouble."""

    jitter_ms: int = 0
    """Each frame comes up to so much late, in order."""
    loss: float = 0.0
    """This share of frames is never sent."""
    reconnect_at_ms: int | None = None
    """The socket breaks there and comes back, where the dialect can."""
    late_start_ms: int = 0
    """The message that says what the call is comes so much after its first sound, where the dialect allows it."""
    wrong_signature: bool = False
    """Sign, or name a secret, that is wrong."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SimulatedCall:
    url: str
    """Of the door, as ``ws://host:port/v1/stream/twilio``; a ``host:port`` for AudioSocket."""
    sound: CallSound
    """Caller and operator, woven; mu-law, 8 kHz."""
    call_id: str
    """As the exchange would name it."""
    from_number: str = ""
    to_number: str = ""
    operator: str = ""
    secret: str = ""
    """Stream token, auth token or client secret: whatever this dialect proves itself with."""
    key: str = ""
    """The public half, where there is one (API key, user name)."""
    metadata: dict[str, Any] = field(default_factory=dict)
    trouble: Trouble = Trouble()
    speed: float = 1.0
    on_position: Callable[[int], None] | None = None
    """Told how many milliseconds of the call were sent."""
    on_begin: Callable[[float], None] | None = None
    """Told the ``time.monotonic()`` at which the first sample is due."""


class SimulatedExchange(Protocol):
    async def play(self) -> None:
        """Play the whole call; return when the server has taken it all, as far as the dialect can tell.

        Raises:
            StreamClosed: the server refused it, with the close code and reason where it gave one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """One frame's place in the call."""

    begin_sample: int
    end_sample: int
    lost: bool
    """Its loss is simulated: do not send it."""


async def paced(
    call: SimulatedCall, frame_ms: int, *, from_sample: int = 0
) -> AsyncIterator[Stretch]:
    """Yield each frame's place once its last sample has been spoken."""
    dice, trouble, sound = random.Random(call.trouble.seed), call.trouble, call.sound  # noqa: S311 - no secret
    frame_samples = sound.rate_hz * frame_ms // 1000
    begun_at = time.monotonic() - from_sample / sound.rate_hz / call.speed
    if call.on_begin is not None:
        call.on_begin(begun_at)
    position = from_sample
    while position < sound.samples:
        end = min(position + frame_samples, sound.samples)
        late_s = dice.random() * trouble.jitter_ms / 1000 if trouble.jitter_ms else 0.0
        due_at = begun_at + end / sound.rate_hz / call.speed + late_s
        await anyio.sleep(max(0.0, due_at - time.monotonic()))
        yield Stretch(position, end, lost=dice.random() < trouble.loss)
        position = end
        if call.on_position is not None:
            call.on_position(position * 1000 // sound.rate_hz)


def track_bytes(sound: CallSound, track: str) -> bytes:
    """Return one track of *sound*, in its encoding."""
    width = 2 if sound.encoding == "pcm_s16le" else 1
    woven = np.frombuffer(sound.payload, np.int16 if width == 2 else np.uint8)
    return woven[sound.tracks.index(track) :: len(sound.tracks)].tobytes()
