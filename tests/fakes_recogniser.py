"""Glue: recognisers without a process, for tests of what looks after them; keeps ``tests/contracts/recogniser.py``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from asr.errors import RecogniserLost
from asr.types import Answer, Effort, RawTranscript, Samples
from tests.asr.scripted_recogniser import FAIL, HANG, number_of, order_of


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that a recogniser was asked."""

    numbers: tuple[int, ...]
    effort: Effort
    timeout_ms: int


@dataclass(eq=False)
class FakeRecogniser:
    """Obeys ``ordered`` segments, but cannot really die; ``exit`` is its end."""

    max_batch: int = 64
    resident_bytes: int = 1_000
    pid: int | None = None
    ready: anyio.Event = field(default_factory=anyio.Event)
    exit: anyio.Event = field(default_factory=anyio.Event)
    gate: anyio.Event | None = None
    """If there is one, it answers once that is set."""
    asked: list[Asked] = field(default_factory=list)
    ended: bool = False

    async def wait_ready(self, timeout_ms: int) -> str:
        await self.ready.wait()
        if self.exit.is_set():
            raise RecogniserLost("the script says that it is gone")
        return "scripted"

    async def decode(self, batch: Sequence[Samples], effort: Effort, timeout_ms: int) -> Answer:
        assert len(batch) <= self.max_batch
        self.asked.append(Asked(tuple(number_of(s) for s in batch), effort, timeout_ms))
        if any(order_of(samples) == HANG for samples in batch):
            raise RecogniserLost("the script says that it does not answer")
        if self.gate is not None:
            await self.gate.wait()
        return Answer(tuple(_words(samples) for samples in batch), self.resident_bytes)

    async def wait_exit(self) -> None:
        await self.exit.wait()


class FakeRecognisers:
    """Opens one after the other, and remembers them; ``coming`` says what the next ones are."""

    def __init__(self, *coming: FakeRecogniser) -> None:
        self.opened: list[FakeRecogniser] = []
        self._coming = list(coming)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FakeRecogniser]:
        recogniser = self._coming.pop(0) if self._coming else warm()
        self.opened.append(recogniser)
        try:
            yield recogniser
        finally:
            recogniser.ended = True


def warm(
    *, max_batch: int = 64, resident_bytes: int = 1_000, gate: anyio.Event | None = None
) -> FakeRecogniser:
    """Return one that is ready as soon as it is opened."""
    recogniser = FakeRecogniser(max_batch, resident_bytes, gate=gate)
    recogniser.ready.set()
    return recogniser


def cold() -> FakeRecogniser:
    """Return one that is ready when a test sets its ``ready``."""
    return FakeRecogniser()


def _words(samples: Samples) -> RawTranscript | None:
    if order_of(samples) == FAIL:
        return None
    return RawTranscript(f"ことば{number_of(samples)}", -0.1, 0.05, token_count=4)
