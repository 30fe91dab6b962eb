"""Glue: one call's ears, from bytes to stretches of speech: framer → voice activity → segmenter.

Segments are handed on by a call to ``accept``, not returned: they may be found
later than the sound came in. What breaks in here ends the call it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from app.calls.facts import CallFacts
from asr.errors import VoiceActivityFailed
from asr.framing import Framer
from asr.ports import VoiceActivityModel
from asr.segmenter import Segmenter, SegmenterConfig
from asr.types import SpeechSegment, Window

log = structlog.get_logger()

Accept = Callable[[int, SpeechSegment], None]
"""Takes the next segment of a track, named by its place among the call's tracks."""
Fail = Callable[[Exception], None]


class NewListening(Protocol):
    """How a call gets its ears; each track goes on at its own checkpoint."""

    def __call__(
        self, facts: CallFacts, checkpoints_ms: tuple[int, ...], *, accept: Accept, fail: Fail
    ) -> CallListening: ...


@dataclass(slots=True)
class _Ear:
    """What one track needs to become segments."""

    voice_activity: VoiceActivityModel
    segmenter: Segmenter
    failure_told: bool = False


class CallListening:
    """Feed sound with ``hear``; segments go to ``accept``, of each track in order.

    After ``finish`` everything accepted before it lies in segments that were handed on.
    """

    def __init__(
        self,
        facts: CallFacts,
        checkpoints_ms: tuple[int, ...],
        *,
        accept: Accept,
        fail: Fail,
        new_voice_activity: Callable[[], VoiceActivityModel],
        segmenter_config: SegmenterConfig | None = None,
    ) -> None:
        self._facts = facts
        self._accept = accept
        self._fail = fail
        self._closed = False
        config = segmenter_config or SegmenterConfig()
        # After a crash each track goes on from its own checkpoint, the socket from the earliest.
        self._framer = Framer.resuming(facts.format, checkpoints_ms)
        self._ears = tuple(
            _Ear(new_voice_activity(), Segmenter(config, start_ms=start_ms))
            for start_ms in checkpoints_ms
        )

    @property
    def position_samples(self) -> int:
        """Samples of each track that were accepted since the call began."""
        return self._framer.position_frames

    @property
    def position_ms(self) -> int:
        return self._framer.position_ms

    @property
    def segmenters(self) -> tuple[Segmenter, ...]:
        """One for each track, to be looked at and not fed: how far it is, who is speaking."""
        return tuple(ear.segmenter for ear in self._ears)

    def hear(self, payload: bytes) -> None:
        """Accept sound; returns at once."""
        if self._closed:
            return
        try:
            self._listen(self._framer.feed(payload))
        except Exception as error:  # noqa: BLE001 - ends the call, not only its socket
            self._fail(error)

    def forget_partial_frame(self) -> None:
        """A socket was lost: what it had sent of an unfinished frame comes again."""
        self._framer.drop_partial()

    def finish(self, *, over: bool) -> None:
        """Hand on every segment that is left; nothing is heard afterwards.

        Unless the call is *over*, another process goes on with it: the last window,
        which is not full yet, is sent again then.
        """
        try:
            if over:
                self._listen(self._framer.flush())
            for index, ear in enumerate(self._ears):
                segment = ear.segmenter.flush()
                if segment is not None:
                    self._accept(index, segment)
        except Exception as error:  # noqa: BLE001 - ends the call, not only its socket
            self._fail(error)

    def close(self) -> None:
        """Hear and hand on nothing any more."""
        self._closed = True

    def _listen(self, windows: Sequence[tuple[int, Window]]) -> None:
        for index, window in windows:
            ear = self._ears[index]
            segment = ear.segmenter.feed(window, self._probability(ear, window))
            if segment is not None:
                self._accept(index, segment)

    def _probability(self, ear: _Ear, window: Window) -> float:
        try:
            return ear.voice_activity.probability(window.samples)
        except VoiceActivityFailed:
            if not ear.failure_told:
                ear.failure_told = True
                log.warning("voice activity failed", call_id=self._facts.call_id)
            # Not known is not silence: recognition finds out whether these were words.
            return 1.0
