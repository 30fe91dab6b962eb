"""Pure: Asterisk's AudioSocket: frames of type, length and payload over plain TCP.

A connection brings one track. A UUID of version 8, which no generator makes by itself, says which: its last digit
is 0 for the caller and 1 for the operator of the same call, whose other digits are the same; 2 and 3 likewise,
and sound may be played back. Any other UUID is a call of its own with the caller alone.
Source: asterisk/documentation, ``Channel-Drivers/AudioSocket.md``; CyCoreSystems/audiosocket, README.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from app.calls.protocol import Refusal, StreamRefused, Track
from app.telephony.asterisk import FRAME_MS, coded
from app.telephony.byte_clock import ByteClock
from app.telephony.control_words import Codec
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
from asr.types import Encoding

DOOR: Final = "audiosocket"
END, CALL_UUID, DIGIT, SLIN, SLIN16, ERROR = 0x00, 0x01, 0x03, 0x10, 0x12, 0xFF
HEADER_BYTES: Final = 3
PAIR_VERSION: Final = 8
"""RFC 9562 leaves what such a UUID means to whoever makes it."""
_CALLING_PARTY_HUNG_UP: Final = b"\x01"
_PAIR: Final = {
    "0": (Track.CALLER, False),
    "1": (Track.OPERATOR, False),
    "2": (Track.CALLER, True),
    "3": (Track.OPERATOR, True),
}
_CODECS: Final = {
    SLIN: Codec(Encoding.PCM_S16LE, 8_000),
    SLIN16: Codec(Encoding.PCM_S16LE, 16_000),
}
_OTHER_RATES: Final = frozenset(range(0x11, 0x19))
"""12 to 192 kHz. 0x11 stands for 16 kHz in some builds and for 12 kHz in others: it is not guessed at."""


def framed(kind: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return bytes([kind]) + len(payload).to_bytes(2, "big") + payload


class AudioSocketStream(OneWay):
    """One connection; a ``PlayingDialect``. Feed bytes as they come: how they were split makes no difference.

    The call begins with its first sound, which tells the rate.
    """

    def __init__(self) -> None:
        self._pending = bytearray()
        self._uuid: uuid.UUID | None = None
        self._track, self._may_play = Track.CALLER, False
        self._codec: Codec | None = None
        self._clock: ByteClock | None = None
        self._over = False

    def feed(self, received: bytes, now_ms: int) -> Sequence[Step]:
        self._pending += received
        steps: list[Step] = []
        begin = 0
        while len(self._pending) - begin >= HEADER_BYTES:
            end = begin + HEADER_BYTES + int.from_bytes(self._pending[begin + 1 : begin + 3], "big")
            if len(self._pending) < end:
                break
            payload = bytes(self._pending[begin + HEADER_BYTES : end])
            steps += self._frame(self._pending[begin], payload, now_ms)
            begin = end
        del self._pending[:begin]
        return steps

    def text(self, frame: str, now_ms: int) -> Sequence[Step]:
        raise StreamRefused(Refusal.BAD_MESSAGE, "AudioSocket にテキストはありません。")

    def binary(self, frame: bytes, now_ms: int) -> Sequence[Step]:
        return self.feed(frame, now_ms)

    def closed(self, close_code: int) -> CallOver | None:
        """A connection that was closed in order is the end of the call: Asterisk says no more."""
        return None if close_code in LOST else CallOver("hangup")

    def rest(self, now_ms: int) -> Sequence[Step]:
        return self._own(self._clock.flush()) if self._clock is not None else ()

    @property
    def can_play(self) -> bool:
        return self._may_play

    def play(self, sound: bytes) -> Playing:
        if not self._may_play:
            return Playing(())
        codec = self._codec or _CODECS[SLIN]
        kind = SLIN if codec == _CODECS[SLIN] else SLIN16
        payload, step = coded(sound, codec), codec.bytes_a_second * FRAME_MS // 1000
        return Playing(
            tuple(
                framed(kind, payload[begin : begin + step])
                for begin in range(0, len(payload), step)
            ),
            pace_ms=FRAME_MS,
        )

    def _frame(self, kind: int, payload: bytes, now_ms: int) -> Sequence[Step]:
        if self._over:
            return (Noticed("after_end"),)
        if kind in _CODECS:
            return self._sound(_CODECS[kind], payload, now_ms)
        if kind in _OTHER_RATES:
            raise StreamRefused(
                Refusal.UNSUPPORTED_RATE,
                "AudioSocket の音声は 8 kHz(slin)または 16 kHz(slin16、種別 0x12)だけを受け付けます。"
                "c(slin) を指定してください。",
            )
        if kind == CALL_UUID:
            return self._named(payload)
        if kind == DIGIT:
            return ()  # what a citizen types is nobody's business
        if kind == END:
            return (*self._end(), CallOver("hangup"))
        if kind == ERROR and payload == _CALLING_PARTY_HUNG_UP:
            return (*self._end(), CallOver("hangup"))
        if kind == ERROR:
            return (Noticed("exchange_error"), *self._end(), CallOver("error"))
        return (Noticed("unknown_frame"),)

    def _named(self, payload: bytes) -> Sequence[Step]:
        if self._uuid is not None:
            raise StreamRefused(Refusal.ALREADY_STARTED, "UUID はすでに受け付けています。")
        if len(payload) != 16:
            raise StreamRefused(Refusal.BAD_CALL_ID, "UUID は 16 バイトにしてください。")
        named = uuid.UUID(bytes=payload)
        if named.version == PAIR_VERSION:
            if named.hex[-1] not in _PAIR:
                raise StreamRefused(
                    Refusal.BAD_TRACKS,
                    "バージョン 8 の UUID の最後の桁は 0(市民)、1(職員)、または再生もするときの 2、3 にしてください。",
                )
            self._track, self._may_play = _PAIR[named.hex[-1]]
        self._uuid = named
        return ()

    def _sound(self, codec: Codec, payload: bytes, now_ms: int) -> Sequence[Step]:
        if self._uuid is None:
            raise StreamRefused(Refusal.NOT_STARTED, "音声の前に UUID を送ってください。")
        if self._codec not in (None, codec):
            raise StreamRefused(Refusal.FORMAT_CHANGED, "通話の途中で音声形式が変わりました。")
        if len(payload) % codec.encoding.sample_bytes:
            raise StreamRefused(
                Refusal.ODD_FRAME_LENGTH, "音声フレームの長さは 2 バイトの倍数にしてください。"
            )
        if not payload:
            return ()
        steps: list[Step] = []
        if self._clock is None:
            self._codec = codec
            self._clock = ByteClock(codec.rate_hz, codec.encoding.sample_bytes)
            steps.append(self._began(self._uuid, codec))
        steps += self._own(self._clock.feed(payload, now_ms))
        return steps

    def _began(self, named: uuid.UUID, codec: Codec) -> CallBegan:
        of_a_pair = named.version == PAIR_VERSION
        call_id = str(named)[:-1] + "0" if of_a_pair else str(named)
        return CallBegan(
            call_id=call_name(DOOR, call_id),
            encoding=codec.encoding,
            rate_hz=codec.rate_hz,
            brings=(self._track,),
            tracks=BOTH if of_a_pair else (Track.CALLER,),
            metadata={"audiosocket_uuid": call_id},
        )

    def _end(self) -> Sequence[Step]:
        self._over = True
        return self._own(self._clock.flush()) if self._clock is not None else ()

    def _own(self, steps: Sequence[WovenSound | Missed]) -> Sequence[Step]:
        return [
            TrackSound(self._track, step.payload) if isinstance(step, WovenSound) else step
            for step in steps
        ]
