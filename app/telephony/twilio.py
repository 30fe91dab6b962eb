"""Pure: Twilio Media Streams (one-way, ``<Start><Stream>``), and the exchanges that speak like it.

Text frames of JSON: ``connected``, ``start``, ``media`` with base64 sound of one track each, ``stop``. Nothing is
ever sent back: Twilio takes any frame on a one-way stream for an error (31924). Digits that a caller presses are
never kept. Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.calls.protocol import Refusal, StreamRefused, Track
from app.telephony.field_maps import FieldMap, detect, field_map, tracks_named
from app.telephony.first_words import exchange_object
from app.telephony.messages import CallBegan, CallOver, Noticed, Step, TrackSound
from app.telephony.one_way import OneWay
from app.telephony.ports import LOST
from app.telephony.reordering import Reordering
from app.telephony.track_clock import TrackClock
from app.telephony.twilio_start import read_start, stream_id_of

MAX_BINARY_BYTES: Final = 65_536
MOST_AGAIN: Final = 50
"""After so many frames in a row whose numbers are old, a second of sound, the exchange counts anew."""
_LARGEST_NUMBER: Final = 10**18
_SILENT_EVENTS: Final = frozenset({"connected", "mark", "dtmf"})
"""Nothing to judge. The digits may be those of a card."""


@dataclass(frozen=True, slots=True)
class _Frame:
    track: Track
    payload: bytes
    chunk: int | None
    time_ms: int | None
    sequence: int | None


@dataclass(slots=True)
class _Heard:
    """What one track has brought so far."""

    chunk: int = -1
    time_ms: int = -1
    again_in_a_row: int = 0


class TwilioStream(OneWay):
    """One stream: one call, begun once, over at ``stop``. Sound of a track comes in order, each frame once.

    Raises StreamRefused when made with a *shape* that does not exist; without one the exchange is told from its
    ``start``. *tracks* are those that come where the exchange does not say.
    """

    def __init__(
        self, *, shape: str = "", account_sid: str = "", tracks: tuple[Track, ...] = ()
    ) -> None:
        self._named = field_map(shape) if shape else None
        self._account_sid = account_sid
        self._tracks = tracks
        self._fields: FieldMap | None = None
        """Set by ``start``."""
        self._began: CallBegan | None = None
        self._stream_id = ""
        self._over = False
        self._sequence = -1
        self._clock = TrackClock(8_000)
        self._heard = {track: _Heard() for track in Track}
        self._waiting: dict[Track, Reordering[_Frame]] = {track: Reordering() for track in Track}

    def text(self, frame: str, now_ms: int) -> Sequence[Step]:
        message = exchange_object(frame)
        event = message.get("event")
        if not isinstance(event, str):
            raise StreamRefused(Refusal.BAD_MESSAGE, "event は文字列にしてください。")
        if self._over:
            return (Noticed("after_stop"),)
        if event in _SILENT_EVENTS:
            return self._due(now_ms)
        if event == "start":
            return (self._start(message),)
        if event == "media":
            return (*self._due(now_ms), *self._media(message, now_ms))
        if event == "stop":
            return self._stop(now_ms)
        return (*self._due(now_ms), Noticed("unknown_event"))

    def binary(self, frame: bytes, now_ms: int) -> Sequence[Step]:
        if len(frame) > MAX_BINARY_BYTES:
            raise StreamRefused(
                Refusal.FRAME_TOO_LARGE,
                f"バイナリフレームが大きすぎます(上限 {MAX_BINARY_BYTES} バイト)。",
            )
        return (Noticed("binary_frame"),)

    def closed(self, close_code: int) -> CallOver | None:
        """Nobody of this family connects again: whatever is closed in order is over."""
        return None if close_code in LOST else CallOver("hangup")

    def rest(self, now_ms: int) -> Sequence[Step]:
        return [
            step
            for waiting in self._waiting.values()
            for frame in waiting.flush()
            for step in self._placed(frame, now_ms)
        ]

    def _start(self, message: Mapping[str, Any]) -> CallBegan:
        if self._began is not None:
            raise StreamRefused(Refusal.ALREADY_STARTED, "start はすでに受け付けています。")
        fields = self._named or detect(message)
        if fields is None:
            raise StreamRefused(
                Refusal.BAD_MESSAGE,
                "start の形式が分かりません。URL に ?shape= を付けるか、交換機の設定を確認してください。",
            )
        began = read_start(message, fields, account_sid=self._account_sid, tracks=self._tracks)
        self._fields, self._began = fields, began
        self._stream_id = stream_id_of(message, fields)
        return began

    def _stop(self, now_ms: int) -> Sequence[Step]:
        if self._began is None:
            raise StreamRefused(Refusal.NOT_STARTED, "最初に start を送ってください。")
        self._over = True
        return (*self.rest(now_ms), CallOver("stop"))

    def _media(self, message: Mapping[str, Any], now_ms: int) -> Sequence[Step]:
        if self._fields is None or self._began is None:
            raise StreamRefused(Refusal.NOT_STARTED, "音声の前に start を送ってください。")
        media = message.get("media")
        if not isinstance(media, dict):
            raise StreamRefused(Refusal.BAD_MESSAGE, "media の内容がありません。")
        named = message.get(self._fields.stream_id)
        if self._stream_id and isinstance(named, str) and named != self._stream_id:
            return (Noticed("other_stream"),)
        track = self._track(media.get("track"))
        if track is None:
            return (Noticed("unknown_track"),)
        frame = _Frame(
            track=track,
            payload=_payload(media.get("payload"), self._began.encoding.sample_bytes),
            chunk=_number(media.get("chunk")),
            time_ms=_number(media.get("timestamp")),
            sequence=_number(message.get(self._fields.sequence)),
        )
        if not frame.payload:
            return ()
        if not self._fields.ordered and frame.chunk is not None:
            return self._in_order(self._waiting[track].feed(frame.chunk, frame, now_ms), now_ms)
        if not self._is_new(frame):
            return (Noticed("frame_again"),)
        return self._placed(frame, now_ms)

    def _track(self, name: object) -> Track | None:
        """Return whose voice it is, if that track was announced. Without a name it is the only one."""
        brings = self._began.brings if self._began is not None else ()
        if name is None:
            return brings[0] if len(brings) == 1 else None
        named = tracks_named(name)
        return named[0] if len(named) == 1 and named[0] in brings else None

    def _is_new(self, frame: _Frame) -> bool:
        """Say whether *frame* is none that came before: by its chunk and time, without them by its sequence."""
        heard = self._heard[frame.track]
        told = [frame.chunk, frame.time_ms]
        if frame.chunk is None and frame.time_ms is None:
            new = frame.sequence is None or frame.sequence > self._sequence
        else:
            known = (heard.chunk, heard.time_ms)
            new = any(
                number is not None and number > before
                for number, before in zip(told, known, strict=True)
            )
        heard.again_in_a_row = 0 if new else heard.again_in_a_row + 1
        if not new and heard.again_in_a_row <= MOST_AGAIN:
            return False
        heard.chunk = frame.chunk if frame.chunk is not None else heard.chunk
        heard.time_ms = frame.time_ms if frame.time_ms is not None else heard.time_ms
        self._sequence = frame.sequence if frame.sequence is not None else self._sequence
        return True

    def _due(self, now_ms: int) -> Sequence[Step]:
        """Return what has waited long enough for the frames before it."""
        if self._fields is None or self._fields.ordered:
            return ()
        return [
            step
            for waiting in self._waiting.values()
            for step in self._in_order(waiting.due(now_ms), now_ms)
        ]

    def _in_order(self, given: Sequence[_Frame | Noticed], now_ms: int) -> Sequence[Step]:
        return [
            step
            for each in given
            for step in ((each,) if isinstance(each, Noticed) else self._placed(each, now_ms))
        ]

    def _placed(self, frame: _Frame, now_ms: int) -> Sequence[Step]:
        assert self._began is not None
        samples = len(frame.payload) // self._began.encoding.sample_bytes
        place = self._clock.place(frame.track, samples, frame.time_ms, now_ms)
        sound = TrackSound(frame.track, frame.payload, place.first_sample)
        return (Noticed(place.noticed), sound) if place.noticed else (sound,)


def _payload(value: object, sample_bytes: int) -> bytes:
    try:
        payload = base64.b64decode(value, validate=True) if isinstance(value, str) else None
    except (binascii.Error, ValueError):
        payload = None
    if payload is None:
        raise StreamRefused(Refusal.BAD_MESSAGE, "media.payload は Base64 で送ってください。")
    if len(payload) % sample_bytes:
        raise StreamRefused(
            Refusal.ODD_FRAME_LENGTH,
            f"音声の長さは {sample_bytes} バイトの倍数にしてください。",
        )
    return payload


def _number(value: object) -> int | None:
    """Return a number however it is written; None for what is none, or beyond any call."""
    if isinstance(value, str):
        text = value.strip()
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else -1
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and math.isfinite(value):
        number = int(value)
    else:
        return None
    return number if 0 <= number < _LARGEST_NUMBER else None
