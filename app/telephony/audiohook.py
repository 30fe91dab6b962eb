"""Pure: Genesys AudioHook, protocol version 2, as its server: one session, from ``open`` to ``closed``.

The client numbers its messages without a gap and closes the socket for itself; what we send is numbered when it is
made, so it must be sent in the order in which it was returned. Source: AudioHook protocol version 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from app.calls.protocol import Refusal, StreamRefused
from app.telephony.audiohook_signature import UUID
from app.telephony.audiohook_words import (
    LANGUAGES,
    NULL_UUID,
    RATE_HZ,
    ClientMessage,
    Media,
    Opening,
    bad,
    missed_samples,
    opening,
    parse,
    server_message,
)
from app.telephony.messages import (
    CallBegan,
    CallOver,
    Held,
    Missed,
    Noticed,
    Probe,
    Reply,
    Step,
    Unheld,
    WovenSound,
    call_name,
)
from asr.types import Encoding

DOOR: Final = "audiohook"
MAX_FRAME_BYTES: Final = 65_536
CLOSE_REASONS: Final = frozenset({"end", "error", "disconnect", "reconnect"})
ERROR_CODES: Final = frozenset({400, 405, 408, 409, 413, 415, 429, 500, 503})
_UNPROVEN: Final = frozenset({Refusal.UNAUTHORISED, Refusal.BAD_SIGNATURE, Refusal.NOT_ALLOWED})
_NEEDLESS: Final = frozenset({"dtmf", "playback_started", "playback_completed"})
"""Of Audio Connector, the sister protocol that answers calls itself."""


class _State(Enum):
    WAITING = "before_open"
    OPENING = "before_opened"
    ACTIVE = "active"
    PAUSED = "while_paused"
    REFUSED = "after_refusal"
    CLOSING = "after_close"
    CLOSED = "after_closed"


@dataclass(slots=True)
class _Pause:
    """The pause that goes on, and how much of it the call was told already."""

    since_ms: int
    start_samples: int
    told_samples: int = 0

    def grown(self, position_samples: int, now_ms: int) -> int:
        """Return by how much it has become longer, as the client says; never more than the time that has passed."""
        passed_samples = (now_ms - self.since_ms) * RATE_HZ // 1000
        samples = min(position_samples - self.start_samples, passed_samples) - self.told_samples
        return max(0, samples)


_OPEN: Final = frozenset({_State.ACTIVE, _State.PAUSED})
_BEFORE_CLOSE: Final = _OPEN | {_State.WAITING, _State.OPENING}
_CLOSE: Final = frozenset({_State.CLOSING, _State.CLOSED})
_DEAF: Final = frozenset({_State.REFUSED, _State.CLOSED})
"""Nothing that comes can be wrong any more."""


class AudioHookStream:
    """One session of one call (``Dialect``).

    Every ``ping`` is answered with a ``pong`` of its number, the ``close`` with one ``closed``: at once where no call
    has begun, else when it was judged. Once ``refused``, it takes whatever comes and never raises again.
    """

    waits_for_close: Final = True
    """The client closes the socket, after ``closed``; ours is not closed before."""

    def __init__(
        self,
        session_id: str,
        organization_id: str,
        *,
        correlation_id: str = "",
        max_frame_bytes: int = MAX_FRAME_BYTES,
    ) -> None:
        """The ids are those of the headers, proven or not: whoever is not believed is told so under his own id."""
        self._session_id = session_id if UUID.fullmatch(session_id) else NULL_UUID
        self._organization_id = organization_id
        self._correlation_id = correlation_id
        self._max_frame_bytes = max_frame_bytes
        self._state = _State.WAITING
        self._seq = 0
        self._clientseq = 0
        self._media: Media | None = None
        self._opened: Mapping[str, Any] = {}
        self._call_began = False
        self._pause: _Pause | None = None
        self._over: CallOver | None = None
        self.ignored_bytes = 0
        """Sound that came when none was expected, and was not heard."""
        self._answers: Mapping[str, Callable[[Mapping[str, Any]], Sequence[Step]]] = {
            "open": self._open,
            "ping": lambda _: (self._reply("pong"),),
            "update": lambda _: (self._reply("updated"),),
            "resumed": self._resumed,
            "discarded": lambda told: self._missed(told, told=True),
            "error": _error,
            "close": self._close,
        }

    # Frames

    def text(self, frame: str, now_ms: int) -> Sequence[Step]:
        if self._state in _DEAF:
            return self._after_the_end(frame)
        message = parse(frame)
        self._check_order(message)
        if message.session_id != self._session_id:
            raise bad("id がヘッダーの Audiohook-Session-Id と違います。")
        if self._state is _State.CLOSING and message.kind != "error":
            return (Noticed("text_after_close"),)
        if message.kind in _NEEDLESS:
            return (Noticed(message.kind),)
        if message.kind == "paused":
            return self._paused(message.position_samples, now_ms)
        answer = self._answers.get(message.kind)
        if answer is None:
            return (Noticed("unknown_type"),)
        return (*answer(message.parameters), *self._pause_goes_on(message.position_samples, now_ms))

    def binary(self, frame: bytes, now_ms: int) -> Sequence[Step]:
        if self._state not in _DEAF and len(frame) > self._max_frame_bytes:
            raise StreamRefused(
                Refusal.FRAME_TOO_LARGE,
                f"音声フレームが大きすぎます(上限 {self._max_frame_bytes} バイト)。",
            )
        if self._state is not _State.ACTIVE or self._media is None or not self._call_began:
            # A frame may have been on its way when the state changed: no reason to lose a call.
            self.ignored_bytes += len(frame)
            when = "in_probe" if self._state is _State.ACTIVE else self._state.value
            return (Noticed(f"sound_{when}"),)
        if len(frame) % len(self._media.channels):
            raise StreamRefused(
                Refusal.ODD_FRAME_LENGTH,
                f"音声フレームの長さは {len(self._media.channels)} バイトの倍数にしてください。",
            )
        return (WovenSound(frame),) if frame else ()

    # What the shell tells

    def attached(self, call_id: str, position_samples: int) -> Sequence[Reply]:
        if self._state is not _State.OPENING:
            return ()
        self._state = _State.ACTIVE
        return (self._reply("opened", self._opened),)

    def judged(self) -> Sequence[Reply]:
        if self._state is not _State.CLOSING:
            return ()
        self._state = _State.CLOSED
        return (self._reply("closed"),)

    def refused(self, refused: StreamRefused) -> Sequence[Reply]:
        if self._state in _CLOSE:
            return self.judged()  # the client waits for nothing else any more
        said_already = self._state not in _BEFORE_CLOSE
        self._state = _State.REFUSED
        if said_already:
            return ()
        if refused.refusal in _UNPROVEN:
            # What exactly was wrong is nobody's business who could not prove himself.
            told = {"reason": "unauthorized", "info": refused.refusal.value}
        else:
            told = {"reason": "error", "info": f"{refused.refusal.value}: {refused.message}"}
        return (self._reply("disconnect", told),)

    def closed(self, close_code: int) -> CallOver | None:
        return self._over

    def rest(self, now_ms: int) -> Sequence[Step]:
        return ()

    # Messages

    def _open(self, parameters: Mapping[str, Any]) -> Sequence[Step]:
        if self._state is not _State.WAITING:
            return (Noticed("second_open"),)
        told = opening(parameters, self._correlation_id)
        if told.organization_id.lower() != self._organization_id.lower():
            raise StreamRefused(
                Refusal.UNAUTHORISED,
                "organizationId がヘッダーの Audiohook-Organization-Id と違います。",
            )
        self._media = told.media
        media = [told.media.offered()] if told.media is not None else []
        self._opened = {"media": media, "startPaused": False}
        if told.asks_languages:
            self._opened = {**self._opened, "supportedLanguages": list(LANGUAGES)}
        self._state = _State.OPENING
        if told.is_probe:
            return (Probe(), *self.attached("", 0))
        if told.media is None:
            raise StreamRefused(
                Refusal.UNSUPPORTED_ENCODING, "media に PCMU(8000 Hz)を含めてください。"
            )
        self._call_began = True
        return (self._began(told, told.media),)

    def _began(self, told: Opening, media: Media) -> CallBegan:
        return CallBegan(
            call_id=call_name(DOOR, self._session_id),
            encoding=Encoding.MULAW,
            rate_hz=RATE_HZ,
            also_called=call_name(DOOR, str(told.metadata["conversationId"])),
            brings=media.tracks,
            tracks=media.tracks,
            speakers_named=True,
            direction=told.direction,
            from_number=told.from_number,
            to_number=told.to_number,
            operator=told.operator,
            metadata=told.metadata,
        )

    def _paused(self, position_samples: int, now_ms: int) -> Sequence[Step]:
        if self._state is not _State.ACTIVE:
            return (Noticed("paused_when_not_active"),)
        self._state = _State.PAUSED
        self._pause = _Pause(now_ms, position_samples)
        return (Held(),)

    def _pause_goes_on(self, position_samples: int, now_ms: int) -> Sequence[Step]:
        """Tell a pause bit by bit, with every ping: an hour of it at once would hold up the next ones."""
        if self._pause is None or self._state is not _State.PAUSED or not self._call_began:
            return ()
        samples = self._pause.grown(position_samples, now_ms)
        self._pause.told_samples += samples
        return (Missed(samples, told=False),) if samples else ()

    def _resumed(self, parameters: Mapping[str, Any]) -> Sequence[Step]:
        missed = self._missed(parameters, told=False)
        if self._state is not _State.PAUSED:
            return (*missed, Noticed("resumed_when_not_paused"))
        self._state, self._pause = _State.ACTIVE, None
        return (*missed, Unheld())

    def _missed(self, parameters: Mapping[str, Any], *, told: bool) -> Sequence[Step]:
        samples = missed_samples(parameters)
        if self._state not in _OPEN or not self._call_began:
            return (Noticed("discarded_when_not_open"),)
        if self._pause is not None and not told:
            samples = max(0, samples - self._pause.told_samples)
        elif self._pause is not None:
            self._pause.told_samples += samples  # the position of the next message has it, too
        return (Missed(samples, told=told),) if samples else ()

    def _close(self, parameters: Mapping[str, Any]) -> Sequence[Step]:
        reason = parameters.get("reason")
        known = isinstance(reason, str) and reason in CLOSE_REASONS
        self._over = CallOver(str(reason) if known else "end")
        noticed = () if known else (Noticed("unknown_close_reason"),)
        self._state = _State.CLOSING
        if self._call_began:
            return (*noticed, self._over)
        return (*noticed, *self.judged(), self._over)

    def _after_the_end(self, frame: str) -> Sequence[Step]:
        """After a refusal the client has still to close: answer that and its pings, and nothing else."""
        noticed = Noticed(f"text_{self._state.value}")
        try:
            message = parse(frame)
        except StreamRefused:
            return (noticed,)
        self._clientseq = max(self._clientseq, message.seq)
        if self._state is _State.CLOSED or message.kind not in ("close", "ping"):
            return (noticed,)
        if message.kind == "ping":
            return (self._reply("pong"),)
        self._call_began = False  # whoever carried it was told
        return self._close(message.parameters)

    # Numbers

    def _check_order(self, message: ClientMessage) -> None:
        if message.seq != self._clientseq + 1:
            raise StreamRefused(
                Refusal.BAD_SEQUENCE, "seq は前のメッセージより 1 だけ大きくしてください。"
            )
        if message.serverseq > self._seq:
            raise StreamRefused(
                Refusal.BAD_SEQUENCE, "serverseq がサーバーの送った seq を超えています。"
            )
        self._clientseq = message.seq

    def _reply(self, kind: str, parameters: Mapping[str, Any] | None = None) -> Reply:
        self._seq += 1
        told = parameters or {}
        return Reply(server_message(kind, self._session_id, self._seq, self._clientseq, told))


def _error(parameters: Mapping[str, Any]) -> Sequence[Step]:
    code = parameters.get("code")
    known = isinstance(code, int) and not isinstance(code, bool) and code in ERROR_CODES
    return (Noticed(f"client_error_{code}" if known else "client_error"),)
