"""Pure: the native stream's words. Text and binary frames in, messages out; no I/O, no clock.

``start`` comes first, then sound, then ``stop``. Whatever else arrives is refused with
a ``StreamRefused`` whose code and close code are documented in ``docs/telephony/native.md``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.errors import AppError
from asr.types import AudioFormat, Encoding


class Track(StrEnum):
    CALLER = "caller"
    OPERATOR = "operator"


class Refusal(StrEnum):
    """Every reason for which a stream is refused."""

    NOT_JSON = "not_json"
    BAD_MESSAGE = "bad_message"
    UNSUPPORTED_ENCODING = "unsupported_encoding"
    UNSUPPORTED_RATE = "unsupported_rate"
    BAD_TRACKS = "bad_tracks"
    BAD_CALL_ID = "bad_call_id"
    NOT_STARTED = "not_started"
    ALREADY_STARTED = "already_started"
    START_TIMEOUT = "start_timeout"
    IDLE_TIMEOUT = "idle_timeout"
    ODD_FRAME_LENGTH = "odd_frame_length"
    FRAME_TOO_LARGE = "frame_too_large"
    UNAUTHORISED = "unauthorised"
    NOT_ALLOWED = "not_allowed"
    CALL_UNKNOWN = "call_unknown"
    CALL_EXISTS = "call_exists"
    CALL_ENDED = "call_ended"
    FORMAT_CHANGED = "format_changed"
    REPLACED = "replaced"
    BAD_SIGNATURE = "bad_signature"
    BAD_SEQUENCE = "bad_sequence"
    NOT_CONFIGURED = "not_configured"
    TOO_MANY_CALLS = "too_many_calls"
    NOT_READY = "not_ready"
    INTERNAL = "internal"


CLOSE_CODES: Final[Mapping[Refusal, int]] = {
    Refusal.NOT_JSON: 4400,
    Refusal.BAD_MESSAGE: 4400,
    Refusal.BAD_TRACKS: 4400,
    Refusal.BAD_CALL_ID: 4400,
    Refusal.NOT_STARTED: 4400,
    Refusal.ALREADY_STARTED: 4400,
    Refusal.BAD_SEQUENCE: 4400,
    Refusal.BAD_SIGNATURE: 4401,
    Refusal.UNAUTHORISED: 4401,
    Refusal.NOT_ALLOWED: 4403,
    Refusal.CALL_UNKNOWN: 4404,
    Refusal.NOT_CONFIGURED: 4404,
    Refusal.START_TIMEOUT: 4408,
    Refusal.IDLE_TIMEOUT: 4408,
    Refusal.CALL_EXISTS: 4409,
    Refusal.CALL_ENDED: 4409,
    Refusal.FORMAT_CHANGED: 4409,
    Refusal.REPLACED: 4410,
    Refusal.FRAME_TOO_LARGE: 4413,
    Refusal.UNSUPPORTED_ENCODING: 4415,
    Refusal.UNSUPPORTED_RATE: 4415,
    Refusal.ODD_FRAME_LENGTH: 4422,
    Refusal.TOO_MANY_CALLS: 4429,
    Refusal.INTERNAL: 4500,
    Refusal.NOT_READY: 4503,
}


class StreamRefused(AppError):  # noqa: N818 - named as a fact, like the rest of its tree
    """The stream is closed with ``refusal`` as its error code."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(refusal.value, message)
        self.refusal = refusal

    @property
    def stream_close_code(self) -> int:
        return CLOSE_CODES[self.refusal]


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A telephone says that a call begins, or (``resume``) goes on over a new socket."""

    call_id: str | None
    tracks: tuple[Track, ...]
    format: AudioFormat
    resume: bool = False
    caller_number: str = ""
    called_number: str = ""
    operator: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sound:
    """Whole frames: one sample of every track after the other."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class CallStopped:
    reason: str


CALL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}")
MAX_TEXT_CHARACTERS: Final = 16_384
MAX_FIELD_CHARACTERS: Final = 64
MAX_METADATA_DEPTH: Final = 16


class NativeStream:
    """One socket's conversation: feed frames in order, take a message for each.

    Before a ``CallStarted`` nothing else is accepted; after a ``CallStopped`` nothing is.
    """

    def __init__(self, max_frame_bytes: int) -> None:
        self._max_frame_bytes = max_frame_bytes
        self._frame_bytes: int | None = None
        self._stopped = False

    def text(self, frame: str) -> CallStarted | CallStopped:
        message = json_object(frame)
        kind = message.get("type")
        if kind == "start":
            if self._frame_bytes is not None:
                raise StreamRefused(Refusal.ALREADY_STARTED, "start はすでに受け付けています。")
            started = _start(message)
            self._frame_bytes = started.format.frame_bytes
            return started
        if self._frame_bytes is None:
            raise StreamRefused(Refusal.NOT_STARTED, "最初に start を送ってください。")
        if kind == "stop":
            if self._stopped:
                raise StreamRefused(Refusal.BAD_MESSAGE, "stop はすでに受け付けています。")
            self._stopped = True
            return CallStopped(reason=_short_text(message, "reason"))
        raise StreamRefused(
            Refusal.BAD_MESSAGE, "type は start または stop のいずれかにしてください。"
        )

    def binary(self, frame: bytes) -> Sound:
        if len(frame) > self._max_frame_bytes:
            raise StreamRefused(
                Refusal.FRAME_TOO_LARGE,
                f"音声フレームが大きすぎます(上限 {self._max_frame_bytes} バイト)。",
            )
        if self._frame_bytes is None:
            raise StreamRefused(Refusal.NOT_STARTED, "音声の前に start を送ってください。")
        if self._stopped:
            raise StreamRefused(Refusal.BAD_MESSAGE, "stop の後に音声は送れません。")
        if len(frame) % self._frame_bytes:
            raise StreamRefused(
                Refusal.ODD_FRAME_LENGTH,
                f"音声フレームの長さは {self._frame_bytes} バイトの倍数にしてください。",
            )
        return Sound(frame)


def refuse_long(frame: str, limit: int = MAX_TEXT_CHARACTERS) -> None:
    """Raises: StreamRefused: the text frame has more than *limit* characters."""
    if len(frame) > limit:
        raise StreamRefused(
            Refusal.FRAME_TOO_LARGE, f"テキストフレームが長すぎます(上限 {limit} 文字)。"
        )


def json_object(frame: str, limit: int = MAX_TEXT_CHARACTERS) -> dict[str, Any]:
    """Return the object that the text frame *frame* holds.

    Raises:
        StreamRefused: it has more than *limit* characters, is no JSON, or no object.
    """
    refuse_long(frame, limit)
    try:
        message = json.loads(frame, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise StreamRefused(
            Refusal.NOT_JSON, "テキストフレームは JSON で送ってください。"
        ) from None
    if not isinstance(message, dict):
        raise StreamRefused(
            Refusal.BAD_MESSAGE, "テキストフレームは JSON オブジェクトで送ってください。"
        )
    return message


def _start(message: Mapping[str, Any]) -> CallStarted:
    tracks = _tracks(message.get("tracks", ["caller", "operator"]))
    call_id = _call_id(message.get("call_id"))
    resume = message.get("resume", False)
    metadata = message.get("metadata", {})
    if not isinstance(resume, bool):
        raise StreamRefused(Refusal.BAD_MESSAGE, "resume は true または false にしてください。")
    if resume and call_id is None:
        raise StreamRefused(Refusal.BAD_CALL_ID, "再開には call_id が必要です。")
    if not isinstance(metadata, dict) or not _storable_json(metadata):
        raise StreamRefused(Refusal.BAD_MESSAGE, "metadata は JSON オブジェクトにしてください。")
    return CallStarted(
        call_id=call_id,
        tracks=tracks,
        format=_format(message, len(tracks)),
        resume=resume,
        caller_number=_short_text(message, "from"),
        called_number=_short_text(message, "to"),
        operator=_short_text(message, "operator"),
        metadata=metadata,
    )


def _tracks(value: object) -> tuple[Track, ...]:
    known = {track.value for track in Track}
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(name, str) and name in known for name in value)
        or len(set(value)) != len(value)
    ):
        raise StreamRefused(
            Refusal.BAD_TRACKS, "tracks は caller と operator を 1 つずつまで並べてください。"
        )
    return tuple(Track(name) for name in value)


def _call_id(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not CALL_ID.fullmatch(value):
        raise StreamRefused(
            Refusal.BAD_CALL_ID,
            "call_id は英数字で始まる 64 文字以内の英数字と . _ : @ - にしてください。",
        )
    return value


def _format(message: Mapping[str, Any], track_count: int) -> AudioFormat:
    encoding, rate_hz = message.get("encoding", "mulaw"), message.get("rate", 8_000)
    if not isinstance(encoding, str) or encoding not in {e.value for e in Encoding}:
        raise StreamRefused(
            Refusal.UNSUPPORTED_ENCODING,
            "encoding は mulaw、alaw、pcm_s16le のいずれかにしてください。",
        )
    if isinstance(rate_hz, bool) or rate_hz not in (8_000, 16_000):
        raise StreamRefused(Refusal.UNSUPPORTED_RATE, "rate は 8000 または 16000 にしてください。")
    return AudioFormat(Encoding(encoding), int(rate_hz), track_count)


def _short_text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > MAX_FIELD_CHARACTERS or not is_storable(value):
        raise StreamRefused(
            Refusal.BAD_MESSAGE,
            f"{name} は {MAX_FIELD_CHARACTERS} 文字以内の文字列にしてください。",
        )
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _storable_json(value: dict[str, Any]) -> bool:
    """Say whether every database can keep *value*: PostgreSQL knows no infinity, Python no deep nest."""
    inner: list[Any] = [value]
    for _ in range(MAX_METADATA_DEPTH):
        inner = [each for part in inner for each in _parts(part)]
        if not inner:
            break
    else:
        return False
    try:
        return is_storable(json.dumps(value, ensure_ascii=False, allow_nan=False))
    except ValueError:
        return False


def _parts(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def is_storable(value: str) -> bool:
    """Say whether every database can keep *value*: no NUL, no half of a surrogate pair."""
    try:
        return b"\x00" not in value.encode() and "\\u0000" not in value
    except UnicodeEncodeError:
        return False
