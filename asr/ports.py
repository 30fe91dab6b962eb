"""Ports: what recognition needs from the outside, and what it offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from asr.types import (
    Answer,
    Effort,
    RawTranscript,
    Samples,
    Shedding,
    SpeechSegment,
    Transcript,
    Urgency,
)


class VoiceActivityModel(Protocol):
    """Streaming voice activity of *one* track; keeps state from window to window."""

    def probability(self, samples: Samples) -> float:
        """Return how likely it is, 0..1, that the 512 *samples* hold speech."""
        ...


class SharedVoiceActivity(Protocol):
    """Streaming voice activity of many tracks, one window of each at a time.

    Each track has a place and a memory of its own; whoever is judged together, it
    gets the answers that it would get alone.
    """

    def open(self) -> int:
        """Return a place for a track of which nothing was heard yet."""
        ...

    def close(self, place: int) -> None:
        """Forget the track; its place is for whoever comes next."""
        ...

    def probabilities(self, places: Sequence[int], windows: Samples) -> list[float]:
        """Return how likely it is, 0..1, that each of *windows* [N, 512] holds speech.

        They belong to the tracks of *places*, of which none comes twice.

        Raises:
            VoiceActivityFailed: none of them is known; the next may be.
        """
        ...


class SpeechModel(Protocol):
    """A recogniser inside its own process: blocking, single-threaded, batches welcome."""

    @property
    def name(self) -> str: ...

    def decode(
        self, batch: Sequence[Samples], effort: Effort = Effort.THOROUGH
    ) -> list[RawTranscript]:
        """Return one transcript for each of *batch*, in order.

        Raises:
            TranscriptionFailed: none of the batch could be decoded.
        """
        ...


class Recogniser(Protocol):
    """One worker of the pool, a process or a server: a question, then its answer.

    The pool asks nothing new before it is answered. After ``RecogniserLost`` it opens another
    and has the segments done again, so an adapter need not try twice by itself.
    """

    @property
    def pid(self) -> int | None:
        """The process that does the work; ``None`` when it is not one of ours."""
        ...

    @property
    def max_batch(self) -> int:
        """How many segments it can take at once."""
        ...

    async def wait_ready(self, timeout_ms: int) -> str:
        """Return the model's name once it is warm.

        Raises:
            RecogniserGaveUp: it says that it cannot start.
            RecogniserLost: it says nothing, or nonsense.
        """
        ...

    async def decode(self, batch: Sequence[Samples], effort: Effort, timeout_ms: int) -> Answer:
        """Return one transcript for each of *batch*, at most ``max_batch`` of them.

        Raises:
            RecogniserLost: there will be none; it must be opened anew.
        """
        ...

    async def wait_exit(self) -> None:
        """Return once it has ended by itself; never, if that cannot be noticed."""
        ...


class Transcriber(Protocol):
    """What a call asks for its words. Safe to call from many calls at once."""

    async def transcribe(self, segment: SpeechSegment, *, urgency: Urgency) -> Transcript:
        """Return what was said in *segment*; an empty text means nothing was.

        *urgency* says whose words they are; a partial segment is refused at
        once while anything is being shed.

        Raises:
            TranscriptionShed: given up because of overload; the caller shows a gap.
            TranscriptionFailed: this segment is lost; the next may work.
            TranscriberUnavailable: no segment will work until a restart.
        """
        ...

    @property
    def delay_ms(self) -> int:
        """How long the oldest segment has been waiting; 0 when nothing waits.

        Of those whom ``shedding`` leaves out, nobody counts.
        """
        ...

    @property
    def ready(self) -> bool:
        """True while at least one recogniser is warm and answering."""
        ...

    @property
    def shedding(self) -> Shedding:
        """What is being left out at this moment to keep up."""
        ...
