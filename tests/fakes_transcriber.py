"""Glue: a transcriber that says what a test tells it to; keeps ``tests/contracts/transcriber.py``."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import anyio

from asr.errors import AsrError, TranscriberUnavailable, TranscriptionShed
from asr.plausibility import is_silence
from asr.types import Rank, Shedding, SpeechSegment, Transcript, Urgency


class ScriptedTranscriber:
    """Answers the first segment with the first of *script*, and so on; an error is raised.

    After the script it hears nothing (an empty text). With ``open_gate=False`` every segment waits
    until the test calls ``gate.set()``. Partial segments have a script of their own where
    *partials* gives one, and behind its end they are refused; ``partial_gate`` is closed by
    putting a new event there.
    """

    def __init__(
        self,
        *script: str | Transcript | AsrError,
        open_gate: bool = True,
        partials: Sequence[str | Transcript | AsrError] | None = None,
    ) -> None:
        self.gate = anyio.Event()
        self.partial_gate = anyio.Event()
        self.partial_gate.set()
        self.partials_heard: list[SpeechSegment] = []
        """Every partial segment that was given to the script of their own."""
        self._partials = None if partials is None else deque(partials)
        self.heard: list[SpeechSegment] = []
        """Every segment that was given, in order."""
        self.urgencies: list[Urgency] = []
        self.shedding = Shedding.NOTHING
        """Set it to anything else, and partial segments are refused."""
        self.ready = True
        """Set it to false, and every segment is refused as by a recogniser that is gone."""
        self._script = deque(script)
        self._waiting = 0
        if open_gate:
            self.gate.set()

    @property
    def delay_ms(self) -> int:
        """A second for each waiting segment: a test can see it, and no clock is asked."""
        return 1_000 * self._waiting

    def say(self, *script: str | Transcript | AsrError) -> None:
        """Answer from now on with *script* instead of what is left of the old one."""
        self._script = deque(script)

    async def transcribe(self, segment: SpeechSegment, *, urgency: Urgency) -> Transcript:
        if not self.ready:
            raise TranscriberUnavailable("the script says that there is no recogniser")
        if urgency.rank is Rank.PARTIAL and self.shedding:
            raise TranscriptionShed("the script says that there is too much to do")
        if urgency.rank is Rank.PARTIAL and self._partials is not None:
            return await self._partial(segment, self._partials)
        self.heard.append(segment)
        self.urgencies.append(urgency)
        if is_silence(segment.samples):
            return Transcript(text="", confidence=0.0)
        answer = self._script.popleft() if self._script else ""
        self._waiting += 1
        try:
            await self.gate.wait()
        finally:
            self._waiting -= 1
        return _said(answer)

    async def _partial(
        self, segment: SpeechSegment, script: deque[str | Transcript | AsrError]
    ) -> Transcript:
        self.partials_heard.append(segment)
        if not script:
            raise TranscriptionShed("the script has no more words for partial segments")
        answer = script.popleft()
        await self.partial_gate.wait()
        return _said(answer)


def _said(answer: str | Transcript | AsrError) -> Transcript:
    if isinstance(answer, AsrError):
        raise answer
    if isinstance(answer, str):
        return Transcript(text=answer, confidence=0.9 if answer else 0.0, model="scripted")
    return answer
