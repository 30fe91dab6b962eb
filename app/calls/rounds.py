"""Glue: the sound of all live calls is heard together, in rounds.

A window costs 45 µs when a call is heard by itself and 10 when 64 calls are heard together. So
the first window that is whole waits 20 ms for others, and then one run of the model judges
them all: one window of every track, so that a call which sent much at once, having lost its
socket, delays nobody. Between two rounds the event loop has its turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

import anyio
import anyio.lowlevel

from app.calls.facts import CallFacts
from app.calls.listening import Accept, CallListening, Fail
from asr.errors import VoiceActivityFailed
from asr.framing import CarriedWindow, sound_of
from asr.ports import SharedVoiceActivity
from asr.types import WINDOW_SAMPLES, AudioFormat, Samples

GATHER_MS: Final = 20
"""Less than a window, so that nobody waits for two rounds; nothing beside the 500 ms of a pause."""
MOST_CALLS: Final = 64
"""In one round: 128 tracks, 1.3 ms."""
UNKNOWN: Final = 1.0
"""Not known is not silence: recognition finds out whether these were words."""

_Taken = list[tuple[CallListening, CarriedWindow]]


class Rounds:
    """Give each call its ears with ``listen``; ``run`` hears what waits of them.

    Of each track, windows are heard in order, whatever the grouping, and none twice.
    """

    def __init__(self, voice_activity: SharedVoiceActivity, *, gather_ms: int = GATHER_MS) -> None:
        self._voice_activity = voice_activity
        self._gather_seconds = gather_ms / 1000
        self._waiting: dict[CallListening, None] = {}
        """Calls of which something waits, in the order of their turns."""
        self._asked = anyio.Event()

    def listen(
        self, facts: CallFacts, checkpoints_ms: tuple[int, ...], *, accept: Accept, fail: Fail
    ) -> CallListening:
        return CallListening(
            facts,
            checkpoints_ms,
            accept=accept,
            fail=fail,
            listener=self,
            voice_activity=self._voice_activity,
        )

    def hear_soon(self, call: CallListening) -> None:
        if call not in self._waiting:
            self._waiting[call] = None
            self._asked.set()

    async def run(self) -> None:
        """Hear what waits, for ever."""
        while True:
            await self._asked.wait()
            await anyio.sleep(self._gather_seconds)
            while self.hold():
                await anyio.lowlevel.checkpoint()
            self._asked = anyio.Event()

    def hold(self) -> bool:
        """Hold one round; say whether somebody still waits."""
        calls = list(islice(self._waiting, MOST_CALLS))
        self._hear(calls)
        for call in calls:
            # Whoever has more waits for another turn behind all others.
            del self._waiting[call]
            if call.waits:
                self._waiting[call] = None
        return bool(self._waiting)

    def hear_now(self, call: CallListening) -> None:
        while call.waits:
            self._hear([call])

    def _hear(self, calls: Sequence[CallListening]) -> None:
        by_format: dict[AudioFormat, _Taken] = {}
        for call in calls:
            if call.waits:  # it may have ended since
                by_format.setdefault(call.format, []).append((call, call.take()))
        for audio_format, alike in by_format.items():
            self._judge(audio_format, alike)

    def _judge(self, audio_format: AudioFormat, taken: _Taken) -> None:
        """Tell each call what was heard in its window."""
        try:
            sound = sound_of(audio_format, [window for _, window in taken])
            probabilities = self._probabilities(taken, sound)
        except Exception as error:  # noqa: BLE001 - ends the call that it belongs to
            if len(taken) == 1:
                taken[0][0].fail(error)
                return
            # One of them cannot be heard, and the others must not pay for it.
            for one in taken:
                self._judge(audio_format, [one])
            return
        first = 0
        for (call, window), heard in zip(taken, sound, strict=True):
            behind = first + len(window.tracks)
            call.judged(window, heard, probabilities[first:behind])
            first = behind

    def _probabilities(self, taken: _Taken, sound: Samples) -> list[float]:
        """Return the voice activity of each track of *sound* [N, tracks, 512] that is to be heard."""
        places = [call.places[track] for call, window in taken for track in window.tracks]
        windows = sound.reshape(-1, WINDOW_SAMPLES)
        if len(places) < len(windows):
            tracks = sound.shape[1]
            heard = [n * tracks + t for n, (_, window) in enumerate(taken) for t in window.tracks]
            windows = windows[heard]
        try:
            return self._voice_activity.probabilities(places, windows)
        except VoiceActivityFailed:
            for call, _ in taken:
                call.tell_unknown()
            return [UNKNOWN] * len(places)
