"""Glue: the caller's sentence is recognised before it is over, while nothing else needs the recognisers.

A partial is never waited for: what is refused, fails or comes too late is simply not there,
for the whole sentence follows.
"""

from __future__ import annotations

from typing import Final

import anyio

from app.calls.facts import CallFacts, Heard, line_of
from app.calls.judge import CallJudge
from app.calls.protocol import Track
from asr.errors import AsrError
from asr.ports import Transcriber
from asr.segmenter import Segmenter
from asr.types import Rank, SpeechSegment, Transcript, Urgency

PARTIAL_EVERY_MS: Final = 2_400
"""So much of a sentence is said before its first partial, and again before each further one."""


class Partials:
    """``look`` whenever sound came, ``drop`` whenever a segment ends; ``run`` does the rest.

    At most one partial is in hand. It is no ticket, no checkpoint and no gap.
    """

    def __init__(
        self, facts: CallFacts, *, segmenter: Segmenter, transcriber: Transcriber, judge: CallJudge
    ) -> None:
        self._urgency = Urgency(line_of(facts, Track.CALLER), Rank.PARTIAL)
        self._segmenter = segmenter
        self._transcriber = transcriber
        self._judge = judge
        self._next_ms = PARTIAL_EVERY_MS
        self._in_hand: SpeechSegment | None = None
        self._asking = anyio.CancelScope()
        self._news = anyio.Event()
        self._closed = False

    def look(self) -> None:
        """Ask for the words so far, where enough was said; the sound is copied only then."""
        if self._in_hand is not None or self._segmenter.unfinished_ms < self._next_ms:
            return
        if self._closed or self._transcriber.shedding:
            return
        part = self._segmenter.unfinished()
        if part is not None:
            self._next_ms = part.duration_ms + PARTIAL_EVERY_MS
            self._in_hand = part
            self._news.set()

    def drop(self) -> None:
        """The sentence is over: its words so far are not wanted any more."""
        self._next_ms = PARTIAL_EVERY_MS
        self._in_hand = None
        self._asking.cancel()

    def close(self) -> None:
        self._closed = True
        self.drop()
        self._news.set()

    async def run(self) -> None:
        """Recognise and judge what ``look`` asked for, until ``close``."""
        while not self._closed:
            part = self._in_hand
            if part is None:
                self._news = anyio.Event()
                await self._news.wait()
                continue
            transcript = await self._recognised(part)
            # Nobody waits for it any more where the sentence is over.
            if transcript is not None and transcript.text and self._in_hand is part:
                await self._judge.foresee(Heard(Track.CALLER, part, transcript))
            if self._in_hand is part:
                self._in_hand = None

    async def _recognised(self, part: SpeechSegment) -> Transcript | None:
        with anyio.CancelScope() as self._asking:
            try:
                return await self._transcriber.transcribe(part, urgency=self._urgency)
            except AsrError:
                return None
        return None
