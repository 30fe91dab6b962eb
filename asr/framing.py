"""Pure: a carrier's byte stream to windows of 16 kHz sound, track by track.

The clock of a call is the number of frames accepted here, never the time at
which they arrived. However the network split the bytes, the windows are the same.
"""

from __future__ import annotations

import numpy as np

from asr.codec import decode
from asr.resampling import Upsampler
from asr.types import MODEL_RATE_HZ, WINDOW_MS, AudioFormat, Samples, Window


class Framer:
    """Feed bytes in order; take ``(track, window)`` pairs as they fill.

    Windows of a track come in order and without holes, counted from the
    beginning of the call. At most one unfinished window is kept.
    """

    __slots__ = (
        "_accepted_bytes",
        "_flushed",
        "_format",
        "_next_index",
        "_pending",
        "_skip_until_ms",
        "_start_frames",
        "_upsamplers",
        "_window_bytes",
    )

    def __init__(
        self,
        audio_format: AudioFormat,
        *,
        start_frames: int = 0,
        skip_until_ms: tuple[int, ...] | None = None,
    ) -> None:
        """Begin at *start_frames* of the call, which the first byte belongs to.

        Windows of a track that end at or before its *skip_until_ms* are heard,
        so that the sound behind them is the same as ever, but not returned.

        Raises:
            ValueError: *start_frames* is not where a window begins, or
                *skip_until_ms* does not name every track.
        """
        if start_frames < 0 or start_frames % audio_format.window_frames:
            raise ValueError(f"start_frames must be a multiple of {audio_format.window_frames}")
        skips = (0,) * audio_format.track_count if skip_until_ms is None else skip_until_ms
        if len(skips) != audio_format.track_count:
            raise ValueError("skip_until_ms must name every track")
        self._format = audio_format
        self._start_frames = start_frames
        self._skip_until_ms = skips
        self._next_index = start_frames // audio_format.window_frames
        self._window_bytes = audio_format.window_frames * audio_format.frame_bytes
        self._upsamplers = tuple(
            Upsampler() if audio_format.rate_hz != MODEL_RATE_HZ else None for _ in skips
        )
        self._pending = bytearray()
        self._accepted_bytes = 0
        self._flushed = False

    @classmethod
    def resuming(cls, audio_format: AudioFormat, checkpoints_ms: tuple[int, ...]) -> Framer:
        """Return a framer that goes on where each track's segmenter was finished.

        The carrier sends again from ``position_frames``: the earliest of the
        checkpoints, at the beginning of its window.
        """
        first_window = min(checkpoints_ms) // WINDOW_MS
        return cls(
            audio_format,
            start_frames=first_window * audio_format.window_frames,
            skip_until_ms=checkpoints_ms,
        )

    @property
    def accepted_frames(self) -> int:
        """Whole frames (one sample of every track) accepted since construction."""
        return self._accepted_bytes // self._format.frame_bytes

    @property
    def position_frames(self) -> int:
        """Where in the call the next whole frame belongs: what a reconnecting carrier is told."""
        return self._start_frames + self.accepted_frames

    @property
    def position_ms(self) -> int:
        """The call's clock: how much of it has been accepted."""
        return self.position_frames * 1000 // self._format.rate_hz

    def feed(self, payload: bytes) -> list[tuple[int, Window]]:
        """Accept *payload* and return the windows that it completes, oldest first.

        Raises:
            ValueError: the framer was flushed; its last window is padded.
        """
        if self._flushed:
            raise ValueError("nothing can be fed after a flush")
        self._accepted_bytes += len(payload)
        self._pending += payload
        if len(self._pending) < self._window_bytes:
            return []
        filled: list[tuple[int, Window]] = []
        complete = len(self._pending) // self._window_bytes * self._window_bytes
        whole = bytes(memoryview(self._pending)[:complete])
        del self._pending[:complete]
        for begin in range(0, complete, self._window_bytes):
            filled += self._windows(whole[begin : begin + self._window_bytes])
        return filled

    def drop_partial(self) -> int:
        """Forget an unfinished frame, as after a lost connection; return how many bytes it had.

        The carrier that comes back begins with a whole frame at ``position_frames``.
        """
        partial = len(self._pending) % self._format.frame_bytes
        if partial:
            del self._pending[-partial:]
            self._accepted_bytes -= partial
        return partial

    def flush(self) -> list[tuple[int, Window]]:
        """Return the unfinished window of each track, filled up with silence; the end of the call.

        The silence does not count as accepted.
        """
        self.drop_partial()
        self._flushed = True
        if not self._pending:
            return []
        rest = bytes(self._pending)
        self._pending.clear()
        return self._windows(rest)

    def _windows(self, payload: bytes) -> list[tuple[int, Window]]:
        interleaved = decode(self._format.encoding, payload)
        index = self._next_index
        self._next_index += 1
        end_ms = self._next_index * WINDOW_MS
        filled = []
        for track, upsampler in enumerate(self._upsamplers):
            carried = self._whole_window(interleaved[track :: self._format.track_count])
            samples = carried if upsampler is None else upsampler.feed(carried)
            if end_ms > self._skip_until_ms[track]:
                filled.append((track, Window(index, samples)))
        return filled

    def _whole_window(self, samples: Samples) -> Samples:
        missing = self._format.window_frames - len(samples)
        if missing:
            return np.concatenate((samples, np.zeros(missing, dtype=np.float32)))
        # A strided view of both tracks would keep twice the memory alive in the segmenter.
        return np.ascontiguousarray(samples)
