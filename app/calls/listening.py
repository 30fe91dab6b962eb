"""Glue: one call's ears, from bytes to stretches of speech: framer → voice activity → segmenter.

Sound waits here, as bytes, until a round hears it (``rounds``), and segments are handed on by
a call to ``accept``. What breaks in here ends the call it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import anyio
import structlog

from app.calls.facts import CallFacts
from asr.framing import CarriedWindow, Framer
from asr.ports import SharedVoiceActivity
from asr.segmenter import Segmenter, SegmenterConfig
from asr.types import AudioFormat, Samples, SpeechSegment, Window

log = structlog.get_logger()

MOST_WINDOWS_WAITING: Final = 32
"""Of one call: 1 s. Beyond it a telephone that sends faster than it is heard has to wait."""

Accept = Callable[[int, SpeechSegment], None]
"""Takes the next segment of a track, named by its place among the call's tracks."""
Fail = Callable[[Exception], None]


class NewListening(Protocol):
    """How a call gets its ears; each track goes on at its own checkpoint."""

    def __call__(
        self, facts: CallFacts, checkpoints_ms: tuple[int, ...], *, accept: Accept, fail: Fail
    ) -> CallListening: ...


class Listener(Protocol):
    """Whoever hears the windows that wait."""

    def hear_soon(self, call: CallListening) -> None:
        """Hear all that waits of *call*; returns at once."""
        ...

    def hear_now(self, call: CallListening) -> None:
        """Hear all that waits of *call* before returning."""
        ...


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
        listener: Listener,
        voice_activity: SharedVoiceActivity,
        segmenter_config: SegmenterConfig | None = None,
    ) -> None:
        self._facts = facts
        self._accept = accept
        self._fail = fail
        self._listener = listener
        self._voice_activity = voice_activity
        config = segmenter_config or SegmenterConfig()
        # After a crash each track goes on from its own checkpoint, the socket from the earliest.
        self._framer = Framer.resuming(facts.format, checkpoints_ms)
        self._segmenters = tuple(
            Segmenter(config, start_ms=start_ms) for start_ms in checkpoints_ms
        )
        self.places = tuple(voice_activity.open() for _ in checkpoints_ms)
        """Of its tracks in ``voice_activity``."""
        self._closed = False
        self._failure_told = False
        self._caught_up = anyio.Event()
        """Set unless the call is ``behind``."""
        self._caught_up.set()

    @property
    def format(self) -> AudioFormat:
        return self._facts.format

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
        return self._segmenters

    @property
    def behind(self) -> bool:
        """Whether so much sound waits to be heard that no more should be accepted now."""
        return not self._closed and self._framer.waiting > MOST_WINDOWS_WAITING

    @property
    def waits(self) -> bool:
        """Whether a whole window waits to be heard."""
        return not self._closed and self._framer.waiting > 0

    def hear(self, payload: bytes) -> None:
        """Accept sound; returns at once."""
        if self._closed:
            return
        self._framer.accept(payload)
        if self.waits:
            self._listener.hear_soon(self)
            if self.behind and self._caught_up.is_set():
                self._caught_up = anyio.Event()

    async def caught_up(self) -> None:
        """Wait until the call is no longer ``behind``."""
        await self._caught_up.wait()

    def forget_partial_frame(self) -> None:
        """A socket was lost: what it had sent of an unfinished frame comes again."""
        self._framer.drop_partial()

    def finish(self, *, over: bool) -> None:
        """Hand on every segment that is left; nothing is heard afterwards.

        Unless the call is *over*, another process goes on with it: the last window,
        which is not full yet, is sent again then.
        """
        if self._closed:
            return
        if over:
            self._framer.pad()
        self._listener.hear_now(self)
        try:
            for track, segmenter in enumerate(self._segmenters):
                segment = None if self._closed else segmenter.flush()
                if segment is not None:
                    self._accept(track, segment)
        except Exception as error:  # noqa: BLE001 - ends the call, not only its socket
            self.fail(error)
        self.close()

    def close(self) -> None:
        """Hear and hand on nothing any more."""
        if self._closed:
            return
        self._closed = True
        self._caught_up.set()
        for place in self.places:
            self._voice_activity.close(place)

    # What a round asks for and tells

    def take(self) -> CarriedWindow:
        """Return the oldest of the windows that wait."""
        window = self._framer.take()
        if not self.behind:
            self._caught_up.set()
        return window

    def judged(self, window: CarriedWindow, sound: Samples, probabilities: Sequence[float]) -> None:
        """Go on with *window*, of which *sound* [tracks, 512] was heard.

        There is a probability for each of its tracks that are to be heard.
        """
        try:
            for track, probability in zip(window.tracks, probabilities, strict=True):
                if self._closed:
                    return
                # What is kept of a window must not keep those that were made with it.
                heard = Window(window.index, sound[track].copy())
                segment = self._segmenters[track].feed(heard, probability)
                if segment is not None:
                    self._accept(track, segment)
        except Exception as error:  # noqa: BLE001 - ends the call, not only its socket
            self.fail(error)

    def tell_unknown(self) -> None:
        """Voice activity failed: say so, once in a call."""
        if not self._failure_told:
            self._failure_told = True
            log.warning("voice activity failed", call_id=self._facts.call_id)

    def fail(self, error: Exception) -> None:
        """End the call because of *error*, unless it has ended."""
        if not self._closed:
            self.close()
            self._fail(error)
