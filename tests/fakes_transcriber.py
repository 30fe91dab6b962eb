"""Glue: a transcriber that says what a test tells it to; keeps ``tests/contracts/transcriber.py``."""

from __future__ import annotations

from collections import deque

import anyio

from asr.errors import AsrError, TranscriberUnavailable, TranscriptionShed
from asr.plausibility import is_silence
from asr.types import Rank, Shedding, SpeechSegment, Transcript, Urgency


class ScriptedTranscriber:
    """Answers the first segment with the first of *script*, and so on; an error is raised.

    After the script it hears nothing (an empty text). With ``open_gate=False`` every segment waits
    until the test calls ``gate.set()``.
    """

    def __init__(self, *script: str | Transcript | AsrError, open_gate: bool = True) -> None:
        self.gate = anyio.Event()
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
        if isinstance(answer, AsrError):
            raise answer
        if isinstance(answer, str):
            return Transcript(text=answer, confidence=0.9 if answer else 0.0, model="scripted")
        return answer
