"""Glue: how a live call's sound is copied to those who listen. The call never waits and never notices.

All that happens inside the call is that its bytes are put into short queues, one for each
listener; who takes them late loses the oldest, and is told how much. Turning them into mu-law
is the listener's work, in the listener's task.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import anyio

from app.calls.live_call import LiveCall
from app.joining.mulaw_tracks import MulawTracks
from asr.types import AudioFormat, Encoding

KEPT_MS: Final = 1_000
"""For each listener; older sound is worth less than being less than a second behind."""
LEAST_MS: Final = 40
MOST_MS: Final = 100


_QUIET: Final = {Encoding.MULAW: b"\xff", Encoding.ALAW: b"\xd5", Encoding.PCM_S16LE: b"\x00"}
"""The byte that is nearest to silence; zeros are the loudest there is in mu-law."""


@dataclass(frozen=True, slots=True)
class Heard:
    """40 to 100 ms of every track; the last before the end may be shorter."""

    position_ms: int
    tracks: tuple[bytes, ...]
    """mu-law, 8 kHz."""
    dropped_ms: int
    """How much this listener has lost since it began to listen."""


class Listener:
    """One pair of ears. Sound is put in by the call and taken with ``next``; in order, each piece once."""

    def __init__(self, audio_format: AudioFormat, position_samples: int) -> None:
        self._frame_bytes = audio_format.frame_bytes
        self._frames_per_ms = audio_format.rate_hz // 1000
        self._quiet = _QUIET[audio_format.encoding]
        self._tracks = MulawTracks(audio_format)
        self._queued: deque[bytes] = deque()
        self._frames = 0
        """How many lie in the queue; the first of them is frame *position* of the call."""
        self._position = position_samples
        self._align()
        self._dropped_frames = 0
        self._over = False
        self._wake = anyio.Event()

    @property
    def position_ms(self) -> int:
        return max(0, self._position) // self._frames_per_ms

    @property
    def waiting_ms(self) -> int:
        return self._frames // self._frames_per_ms

    @property
    def dropped_ms(self) -> int:
        return self._dropped_frames // self._frames_per_ms

    def put(self, payload: bytes) -> None:
        """Keep whole frames; the oldest go where there are more than a second's."""
        self._queued.append(payload)
        self._frames += len(payload) // self._frame_bytes
        surplus_ms = self.waiting_ms - KEPT_MS
        if surplus_ms > 0:
            surplus = surplus_ms * self._frames_per_ms
            self._take(surplus)
            self._position += surplus
            self._dropped_frames += surplus
            self._tracks.forget()
        if self.waiting_ms >= LEAST_MS:
            self._wake.set()

    def end(self) -> None:
        """Nothing more comes; what waits can still be taken."""
        self._over = True
        self._wake.set()

    async def next(self) -> Heard | None:
        """Wait for sound and return it; None when the call is over and all was taken."""
        while self.waiting_ms < LEAST_MS and not self._over:
            self._wake = anyio.Event()
            await self._wake.wait()
        taken_ms = min(self.waiting_ms, MOST_MS)
        if not taken_ms:
            return None
        begin_ms = self.position_ms
        frames = taken_ms * self._frames_per_ms
        tracks = self._tracks.feed(self._take(frames))
        self._position += frames
        return Heard(begin_ms, tracks, self.dropped_ms)

    def _take(self, frames: int) -> bytes:
        wanted = frames * self._frame_bytes
        parts: list[bytes] = []
        while wanted:
            first = self._queued.popleft()
            if len(first) > wanted:
                self._queued.appendleft(first[wanted:])
                first = first[:wanted]
            parts.append(first)
            wanted -= len(first)
        self._frames -= frames
        return b"".join(parts)

    def _align(self) -> None:
        # Frames say where they begin in whole milliseconds, so the first must begin at one.
        ahead = self._position % self._frames_per_ms
        if ahead:
            self._queued.append(self._quiet * (ahead * self._frame_bytes))
            self._frames += ahead
            self._position -= ahead


class CallSound:
    """The copies of one call's sound; the call holds it while somebody listens."""

    def __init__(self, call: LiveCall) -> None:
        self._call = call
        self._frame_bytes = call.facts.format.frame_bytes
        self._partial = b""
        self._listeners: tuple[Listener, ...] = ()

    def is_of(self, call: LiveCall) -> bool:
        """Say whether *call* is this very one, not its successor of the same id."""
        return self._call is call

    def open(self) -> Listener:
        listener = Listener(self._call.facts.format, self._call.position_samples)
        self._listeners = (*self._listeners, listener)
        self._call.copy_to(self)
        return listener

    def close(self, listener: Listener) -> bool:
        """Put nothing into *listener* any more; say whether nobody is left."""
        self._listeners = tuple(known for known in self._listeners if known is not listener)
        if not self._listeners:
            self._call.stop_copying_to(self)
        return not self._listeners

    # What the call tells

    def hear(self, payload: bytes) -> None:
        if self._partial:
            payload = self._partial + payload
        rest = len(payload) % self._frame_bytes
        self._partial = payload[len(payload) - rest :] if rest else b""
        whole = payload[: len(payload) - rest] if rest else payload
        for listener in self._listeners:
            listener.put(whole)

    def forget_partial_frame(self) -> None:
        self._partial = b""

    def end(self) -> None:
        for listener in self._listeners:
            listener.end()


class SoundTaps:
    """All calls of this process to which somebody listens."""

    def __init__(self) -> None:
        self._sounds: dict[str, CallSound] = {}

    def __len__(self) -> int:
        return len(self._sounds)

    def open(self, call: LiveCall) -> Listener:
        """Begin to listen to *call*; to be ended with ``close``."""
        call_id = call.facts.call_id
        sound = self._sounds.get(call_id)
        if sound is None or not sound.is_of(call):
            sound = self._sounds[call_id] = CallSound(call)
        return sound.open()

    def close(self, call: LiveCall, listener: Listener) -> None:
        call_id = call.facts.call_id
        sound = self._sounds.get(call_id)
        if sound is not None and sound.is_of(call) and sound.close(listener):
            del self._sounds[call_id]
