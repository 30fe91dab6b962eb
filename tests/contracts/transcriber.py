"""Glue: what every ``Transcriber`` must do, the pool of processes and the fake."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import anyio
import numpy as np
import pytest

from asr.errors import TranscriberUnavailable, TranscriptionShed
from asr.ports import Transcriber
from asr.types import Cut, Rank, Shedding, SpeechSegment, Transcript, Urgency
from tests.asr.scripted_recogniser import SAY, ordered

SILENCE = SpeechSegment(
    0, 1_000, np.zeros(16_000, dtype=np.float32), voice_ratio=0.0, cut=Cut.PAUSE
)
SEGMENTS = 24
PATIENCE_S = 60
CALLER = Urgency("call.caller", Rank.CALLER)
PARTIAL = Urgency("call.caller", Rank.PARTIAL)

Opened = Callable[[], AbstractAsyncContextManager[Transcriber]]


class TranscriberContract:
    """Derive from this and give the fixtures ``opened`` and ``gone``.

    ``opened()`` is a transcriber that answers the n-th segment, ``ordered(SAY, n)``, with
    「ことば<n>」; ``gone()`` is one that has no recogniser any more.
    """

    async def test_every_segment_gets_its_own_words(self, opened: Opened) -> None:
        async with opened() as transcriber:
            said: dict[int, Transcript] = {}

            async def call(number: int) -> None:
                said[number] = await transcriber.transcribe(ordered(SAY, number), urgency=CALLER)

            async with anyio.create_task_group() as calls:
                for number in range(SEGMENTS):
                    calls.start_soon(call, number)

            assert {number: words.text for number, words in said.items()} == {
                number: f"ことば{number}" for number in range(SEGMENTS)
            }

    async def test_confidence_is_between_nothing_and_certainty(self, opened: Opened) -> None:
        async with opened() as transcriber:
            words = await transcriber.transcribe(ordered(SAY, 0), urgency=CALLER)

            assert 0.0 < words.confidence <= 1.0

    async def test_it_says_who_recognised_the_words(self, opened: Opened) -> None:
        async with opened() as transcriber:
            words = await transcriber.transcribe(ordered(SAY, 0), urgency=CALLER)

            assert words.model == "scripted"

    async def test_silence_is_an_empty_text(self, opened: Opened) -> None:
        async with opened() as transcriber:
            words = await transcriber.transcribe(SILENCE, urgency=CALLER)

            assert words.text == ""

    async def test_it_is_not_behind_when_everything_is_answered(self, opened: Opened) -> None:
        async with opened() as transcriber:
            await transcriber.transcribe(ordered(SAY, 0), urgency=CALLER)

            assert transcriber.ready
            assert transcriber.delay_ms == 0

    async def test_nothing_is_left_out_when_there_is_little_to_do(self, opened: Opened) -> None:
        async with opened() as transcriber:
            await transcriber.transcribe(ordered(SAY, 0), urgency=CALLER)

            assert transcriber.shedding is Shedding.NOTHING

    async def test_a_sentence_still_being_spoken_is_recognised_when_there_is_room(
        self, opened: Opened
    ) -> None:
        async with opened() as transcriber:
            await transcriber.transcribe(ordered(SAY, 0), urgency=CALLER)

            words = await transcriber.transcribe(ordered(SAY, 1), urgency=PARTIAL)

            assert words.text == "ことば1"

    async def test_a_call_that_ends_does_not_hold_up_the_next(self, opened: Opened) -> None:
        async with opened() as transcriber:
            with anyio.CancelScope() as ended_call:
                ended_call.cancel()
                await transcriber.transcribe(ordered(SAY, 0), urgency=CALLER)

            words = await transcriber.transcribe(ordered(SAY, 1), urgency=CALLER)

            assert words.text == "ことば1"
            assert transcriber.delay_ms == 0

    async def test_without_a_recogniser_it_says_so(self, gone: Opened) -> None:
        async with gone() as transcriber:
            with pytest.raises(TranscriberUnavailable):
                await transcriber.transcribe(ordered(SAY, 0), urgency=CALLER)

            assert not transcriber.ready


class SheddingContract(TranscriberContract):
    """As above, and with ``busy``: ``busy()`` is a transcriber that has more to do than it can."""

    async def test_a_sentence_still_being_spoken_is_refused_at_once_when_there_is_none(
        self, busy: Opened
    ) -> None:
        async with busy() as transcriber:
            with anyio.fail_after(PATIENCE_S), pytest.raises(TranscriptionShed):
                await transcriber.transcribe(ordered(SAY, 0), urgency=PARTIAL)

            assert transcriber.shedding > Shedding.NOTHING
