"""Pure: Asterisk's chan_websocket: raw sound in binary frames, control messages in text frames.

Who calls stands in the URI, where the dial string's ``v(…)`` put it; ``MEDIA_START``, which says how the sound
is coded, may come late, after sound, or never. Source: asterisk/documentation, ``Channel-Drivers/WebSocket.md``;
asterisk/asterisk issue 1712.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from app.calls.protocol import Refusal, StreamRefused, Track, refuse_long
from app.telephony.byte_clock import ByteClock
from app.telephony.control_words import (
    ULAW,
    VARIABLE_PREFIX,
    Codec,
    ControlWord,
    DialString,
    codec_named,
    command,
    flag,
    metadata_of,
    read_control,
    read_parameters,
)
from app.telephony.first_words import MAX_TEXT_CHARACTERS
from app.telephony.messages import (
    BOTH,
    CallBegan,
    CallOver,
    Missed,
    Noticed,
    Playing,
    Step,
    TrackSound,
    WovenSound,
    call_name,
)
from app.telephony.one_way import OneWay
from app.telephony.ports import LOST
from app.telephony.weaving import silence
from asr.codec import decode, encode
from asr.resampling import resample
from asr.types import Encoding

DOOR: Final = "asterisk"
START_WAIT_MS: Final = 2_000
"""For so long sound is kept while ``MEDIA_START`` is missing; it was seen a second late."""
MAX_PLAYED_FRAME_BYTES: Final = 60_000
"""A message above 65,500 bytes makes Asterisk hang up."""
QUEUE_MS: Final = 15_000
"""So much may wait in the channel, which drops what lies above 18 s or so (900 frames of 20 ms)."""
FRAME_MS: Final = 20
_MOST_KEPT_BYTES: Final = START_WAIT_MS * 32_000 // 1000
"""Of the largest codec, however fast it comes."""
_HARMLESS: Final = frozenset(
    [
        "DTMF_END",
        "MEDIA_XON",
        "QUEUE_DRAINED",
        "STATUS",
        "MEDIA_BUFFERING_COMPLETED",
        "MEDIA_MARK_PROCESSED",
    ]
)
"""Nothing of them is kept, least of all a digit: citizens type numbers that are nobody's business."""


class AsteriskStream(OneWay):
    """One socket of chan_websocket; a ``PlayingDialect``.

    No byte is lost between the first frame and ``CallBegan``. Without ``play=1`` it never sends anything: a tap
    of which Asterisk hears back is a tap that somebody else may hear.
    """

    def __init__(self, parameters: Mapping[str, str], *, max_frame_bytes: int = 65_536) -> None:
        """*parameters*: the query of the socket's URI. What is wrong with them is said at the first frame."""
        self._parameters = parameters
        self._max_frame_bytes = max_frame_bytes
        self._dialled: DialString | None = None
        self._codec: Codec | None = None
        """Of the sound, once the call has begun."""
        self._track = Track.CALLER
        self._clock: ByteClock | None = None
        self._early: list[tuple[bytes, int]] = []
        self._first_frame_ms: int | None = None
        self._speaks_json = False

    def text(self, frame: str, now_ms: int) -> Sequence[Step]:
        refuse_long(frame, MAX_TEXT_CHARACTERS)
        dialled = self._heard_at(now_ms)
        word = read_control(frame)
        if word is None:
            return (Noticed("unreadable_control"),)
        self._speaks_json = word.as_json
        if word.event == "MEDIA_START":
            return self._media_start(word, dialled)
        if word.event == "ERROR":
            return (Noticed("exchange_error"),)
        if word.event == "MEDIA_XOFF":
            return (Noticed("played_too_fast"),)
        return () if word.event in _HARMLESS else (Noticed("unknown_event"),)

    def binary(self, frame: bytes, now_ms: int) -> Sequence[Step]:
        if len(frame) > self._max_frame_bytes:
            raise StreamRefused(
                Refusal.FRAME_TOO_LARGE,
                f"音声フレームが大きすぎます(上限 {self._max_frame_bytes} バイト)。",
            )
        dialled = self._heard_at(now_ms)
        if self._clock is not None:
            return self._sound(self._clock, frame, now_ms)
        self._early.append((frame, now_ms))
        if dialled.call_id and dialled.codec:
            return self._begin(dialled, dialled.codec, None)
        if not self._waited_enough(now_ms):
            return ()
        if not dialled.call_id:
            raise _nameless()
        return self._begin(dialled, ULAW, None)

    def closed(self, close_code: int) -> CallOver | None:
        """A hang-up closes with 1000 or a cause of its own; only a broken line is a loss."""
        return None if close_code in LOST else CallOver("hangup")

    def rest(self, now_ms: int) -> Sequence[Step]:
        return self._own(self._clock.flush()) if self._clock is not None else ()

    @property
    def can_play(self) -> bool:
        try:
            return flag(self._parameters, "play", otherwise=False)
        except StreamRefused:
            return False

    def play(self, sound: bytes) -> Playing:
        codec = self._codec or ULAW
        payload = coded(sound, codec)
        if not payload or not self.can_play:
            return Playing(())
        duration_ms = len(payload) * 1000 // codec.bytes_a_second
        fits = duration_ms <= QUEUE_MS
        longest = MAX_PLAYED_FRAME_BYTES if fits else codec.bytes_a_second
        optimal = codec.bytes_a_second * FRAME_MS // 1000
        step = longest // optimal * optimal
        frames = [payload[begin : begin + step] for begin in range(0, len(payload), step)]
        return Playing(
            frames=(
                command("START_MEDIA_BUFFERING", as_json=self._speaks_json),
                *frames,
                command("STOP_MEDIA_BUFFERING", as_json=self._speaks_json),
            ),
            # A second of sound a frame, sent so much faster that at the end no more than the queue's limit waits.
            pace_ms=0 if fits else 1000 * (duration_ms - QUEUE_MS) // duration_ms,
        )

    def _heard_at(self, now_ms: int) -> DialString:
        if self._first_frame_ms is None:
            self._first_frame_ms = now_ms
        if self._dialled is None:
            flag(self._parameters, "play", otherwise=False)
            self._dialled = read_parameters(self._parameters)
        return self._dialled

    def _waited_enough(self, now_ms: int) -> bool:
        since_ms = now_ms - (now_ms if self._first_frame_ms is None else self._first_frame_ms)
        kept = sum(len(frame) for frame, _ in self._early)
        return since_ms >= START_WAIT_MS or kept >= _MOST_KEPT_BYTES

    def _media_start(self, word: ControlWord, dialled: DialString) -> Sequence[Step]:
        named = word.fields.get("format", "")
        codec = codec_named(named) if named else None
        known = self._codec or dialled.codec
        if codec and known and codec != known:
            raise StreamRefused(
                Refusal.FORMAT_CHANGED,
                "MEDIA_START の音声形式が、先に決まった形式と違います。"
                "v(format=…) を c(…) と同じにしてください。",
            )
        if self._clock is not None:
            return ()
        return self._begin(dialled, codec or known or ULAW, word)

    def _begin(self, dialled: DialString, codec: Codec, word: ControlWord | None) -> Sequence[Step]:
        fields: Mapping[str, str] = word.fields if word else {}
        variables: Mapping[str, str] = word.variables if word else {}
        began = CallBegan(
            call_id=call_name(DOOR, dialled.call_id or _named_by(fields)),
            encoding=codec.encoding,
            rate_hz=codec.rate_hz,
            brings=(dialled.role or Track.CALLER,),
            tracks=BOTH if dialled.role else (Track.CALLER,),
            direction=dialled.direction,
            from_number=dialled.from_number,
            to_number=dialled.to_number,
            operator=dialled.operator,
            answered=dialled.answered,
            metadata=metadata_of(
                dialled.metadata,
                {"asterisk_call_id": dialled.call_id},
                {name: fields.get(name, "") for name in ("channel", "channel_id")},
                {n: value for n, value in variables.items() if n.startswith(VARIABLE_PREFIX)},
            ),
        )
        self._codec, self._track = codec, dialled.role or Track.CALLER
        clock = self._clock = ByteClock(codec.rate_hz, codec.encoding.sample_bytes)
        early, self._early = self._early, []
        steps: list[Step] = [began]
        for frame, at_ms in early:
            steps += self._sound(clock, frame, at_ms)
        return steps

    def _sound(self, clock: ByteClock, frame: bytes, now_ms: int) -> Sequence[Step]:
        if self._codec and len(frame) % self._codec.encoding.sample_bytes:
            raise StreamRefused(
                Refusal.ODD_FRAME_LENGTH, "音声フレームの長さは 2 バイトの倍数にしてください。"
            )
        return self._own(clock.feed(frame, now_ms)) if frame else ()

    def _own(self, steps: Sequence[WovenSound | Missed]) -> Sequence[Step]:
        return [
            TrackSound(self._track, step.payload) if isinstance(step, WovenSound) else step
            for step in steps
        ]


def _named_by(fields: Mapping[str, str]) -> str:
    """Return what names the call where ``v(call_id=…)`` does not.

    ``connection_id`` of a connection that Asterisk opened is only its name in ``websocket_client.conf``, the same
    for every call; it names a call only where it is a UUID (we connected to Asterisk).
    """
    if fields.get("channel_id"):
        return fields["channel_id"]
    connection_id = fields.get("connection_id", "")
    try:
        uuid.UUID(connection_id)
    except ValueError:
        raise _nameless() from None
    return connection_id


def _nameless() -> StreamRefused:
    return StreamRefused(
        Refusal.BAD_CALL_ID,
        "通話の識別子がありません。ダイヤル文字列に v(call_id=${UNIQUEID}) を加えてください。",
    )


def coded(sound: bytes, codec: Codec) -> bytes:
    """Return *sound* (PCM, 8 kHz) in *codec*, the last 20 ms filled up with silence."""
    samples = decode(Encoding.PCM_S16LE, sound[: len(sound) // 2 * 2])
    payload = encode(codec.encoding, np.asarray(resample(samples, 8_000, codec.rate_hz)))
    optimal = codec.bytes_a_second * FRAME_MS // 1000
    missing = -len(payload) % optimal
    return payload + silence(codec.encoding, missing // codec.encoding.sample_bytes)
