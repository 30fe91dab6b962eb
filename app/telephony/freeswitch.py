"""Pure: FreeSWITCH (mod_audio_stream, mod_audio_fork): one text frame of metadata if given, then bare samples.

Sources: README of amigniter/mod_audio_stream; README and ``lws_glue.cpp`` of drachtio's mod_audio_fork.
What the metadata may say, and the events that the office sends with ``send_text``, are ours
(``docs/telephony/freeswitch.md``).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.calls.protocol import (
    MAX_FIELD_CHARACTERS,
    Refusal,
    StreamRefused,
    is_storable,
    refuse_long,
)
from app.telephony.first_words import (
    MAX_TEXT_CHARACTERS,
    Wording,
    exchange_object,
    first_words,
    mended,
    object_or_none,
)
from app.telephony.messages import (
    Answered,
    CallOver,
    Held,
    Noticed,
    Playing,
    Reply,
    Step,
    Transferred,
    Unheld,
)
from app.telephony.raw_sound import RawSound, refuse_large

DOOR: Final = "freeswitch"
SUBPROTOCOLS: Final = ("audio.drachtio.org", "audiostream.drachtio.org", "audio.jambonz.org")
"""mod_audio_fork asks for one of them, by its age and build; mod_audio_stream for none."""
MAX_FRAME_BYTES: Final = 65_536
EARLY_MS: Final = 2_000
"""Sound may come so long before the metadata that says what call it is."""
EARLY_BYTES: Final = EARLY_MS * 16_000 // 1000 * 2 * 2
"""As much of the largest format."""
NORMAL_CLOSE: Final = 1000

WORDING: Final = Wording(
    call_ids=("call_id", "callId", "uuid", "call_uuid"),
    default_mix="stereo",
    rate_setting="uuid_audio_stream start の sampling-rate を 8k か 16k に",
    mix_setting="uuid_audio_stream start の mix-type を stereo に",
)
_EVENTS: Final[Mapping[str, str]] = {
    "answered": "answered",
    "hold": "held",
    "held": "held",
    "unhold": "unheld",
    "resumed": "unheld",
    "transfer": "transferred",
    "transferred": "transferred",
    "hangup": "over",
    "ended": "over",
}
"""The words of ``send_text``, and those of the HTTP way."""
_MODULES: Final = ("audio_stream", "audio_fork")


class FreeSwitchStream:
    """One socket of FreeSWITCH.

    The call begins once: with the first text, or, if the URI names it, with whatever comes first.
    """

    def __init__(
        self, parameters: Mapping[str, str], *, max_frame_bytes: int = MAX_FRAME_BYTES
    ) -> None:
        """*parameters*: those of the URI; the metadata counts more."""
        self._parameters = parameters
        self._max_frame_bytes = max_frame_bytes
        self._named = any(parameters.get(name) for name in WORDING.call_ids)
        """The URI says what call it is."""
        self._early: list[tuple[bytes, int]] = []
        self._sound: RawSound | None = None
        """None: the call has not begun."""
        self._plays = False
        self._module = _MODULES[0]
        self._over = False

    @property
    def can_play(self) -> bool:
        return self._plays and not self._over

    def text(self, frame: str, now_ms: int) -> Sequence[Step]:
        refuse_long(frame, MAX_TEXT_CHARACTERS)
        if self._sound is None:
            return self._first_text(frame)
        if self._over:
            return (Noticed("after_end"),)
        return self._event(object_or_none(frame))

    def binary(self, frame: bytes, now_ms: int) -> Sequence[Step]:
        refuse_large(frame, self._max_frame_bytes)
        if self._over:
            return (Noticed("after_end"),)
        if self._sound is not None:
            return self._sound.feed(frame, now_ms)
        self._early.append((frame, now_ms))
        if self._named:
            return self._begin()
        waited_ms = now_ms - self._early[0][1]
        if waited_ms > EARLY_MS or sum(len(early) for early, _ in self._early) > EARLY_BYTES:
            raise StreamRefused(
                Refusal.NOT_STARTED,
                "音声の前に、通話を示すメタデータか URI の call_id を送ってください。",
            )
        return ()

    def attached(self, call_id: str, position_samples: int) -> Sequence[Reply]:
        return ()

    def judged(self) -> Sequence[Reply]:
        return ()

    def refused(self, refused: StreamRefused) -> Sequence[Reply]:
        """Both modules raise it as an event inside FreeSWITCH, where its integrator can read it."""
        data = {"code": refused.code, "message": refused.message}
        return (Reply(json.dumps({"type": "error", "data": data}, ensure_ascii=False)),)

    def closed(self, close_code: int) -> CallOver | None:
        """A hang-up closes with 1000; after anything else the module may come back with the same metadata."""
        begun = self._sound is not None
        return CallOver("hangup") if begun and close_code == NORMAL_CLOSE else None

    def rest(self, now_ms: int) -> Sequence[Step]:
        return self._flushed()

    def play(self, sound: bytes) -> Playing:
        """Return the message of the module in use; both write a file and tell the dialplan to play it."""
        content = base64.b64encode(sound).decode()
        message: dict[str, Any]
        if self._module == "audio_fork":
            message = {
                "type": "playAudio",
                "data": {
                    "audioContentType": "raw",
                    "sampleRate": 8000,
                    "audioContent": content,
                },
            }
        else:
            message = {
                "type": "streamAudio",
                "data": {"audioDataType": "raw", "sampleRate": 8000, "audioData": content},
            }
        return Playing((json.dumps(message),))

    def _first_text(self, frame: str) -> Sequence[Step]:
        if not frame.lstrip().startswith("{"):
            # Any text may be metadata: then only the URI can say what call it is.
            return self._begin({"text": mended(frame)} if frame.strip() else {})
        message = exchange_object(frame)
        if self._named and _known_event(message) is not None:
            return (*self._begin(), *self._event(message))
        return self._begin(message)

    def _begin(self, message: Mapping[str, object] | None = None) -> Sequence[Step]:
        words = first_words(WORDING, message or {}, self._parameters)
        began = words.call_began(DOOR)
        self._module = _module(message or {}, self._parameters)
        self._plays = words.plays
        self._sound = RawSound(words.rate_hz, len(began.brings))
        steps: list[Step] = [began]
        for early, at_ms in self._early:
            steps.extend(self._sound.feed(early, at_ms))
        self._early.clear()
        return steps

    def _event(self, message: Mapping[str, object] | None) -> Sequence[Step]:
        if message is None:
            return (Noticed("unknown_text"),)
        event = _known_event(message)
        operator, noticed = _operator(message)
        if event == "answered":
            return (*noticed, Answered(operator))
        if event == "held":
            return (Held(),)
        if event == "unheld":
            return (Unheld(),)
        if event == "transferred":
            return (*noticed, Transferred(operator, answered=message.get("answered") is True))
        if event == "over":
            self._over = True
            return (*self._flushed(), CallOver("hangup"))
        return (Noticed("unknown_event" if "event" in message else "unknown_text"),)

    def _flushed(self) -> Sequence[Step]:
        return self._sound.flush() if self._sound is not None else ()


def _known_event(message: Mapping[str, object]) -> str | None:
    event = message.get("event")
    return _EVENTS.get(event) if isinstance(event, str) else None


def _operator(message: Mapping[str, object]) -> tuple[str, tuple[Noticed, ...]]:
    """Return who it is; a name that cannot be is left out, the event still counts."""
    said = message.get("operator")
    if said is None:
        return "", ()
    if isinstance(said, str) and len(said) <= MAX_FIELD_CHARACTERS and is_storable(said):
        return said, ()
    return "", (Noticed("bad_operator"),)


def _module(*said: Mapping[str, object]) -> str:
    named = [words["module"] for words in said if words.get("module")]
    for module in named[:1]:
        if module not in _MODULES:
            raise StreamRefused(
                Refusal.BAD_MESSAGE, f"module は {' または '.join(_MODULES)} にしてください。"
            )
        return str(module)
    return _MODULES[0]
