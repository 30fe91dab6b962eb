"""Pure: jambonz' ``listen`` verb: the call's attributes with our metadata among them, then bare samples.

Sources: https://docs.jambonz.org/verbs/verbs/listen ; ``lib/tasks/listen.js``, ``dial.js`` and
``lib/session/call-info.js`` of jambonz-feature-server.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from app.calls.protocol import Refusal, StreamRefused
from app.telephony.first_words import Wording, exchange_object, first_words, object_or_none
from app.telephony.messages import CallOver, Direction, Noticed, Playing, Step
from app.telephony.one_way import OneWay
from app.telephony.raw_sound import RawSound, refuse_large

DOOR: Final = "jambonz"
SUBPROTOCOLS: Final = ("audio.jambonz.org",)
MAX_FRAME_BYTES: Final = 65_536
NORMAL_CLOSE: Final = 1000

WORDING: Final = Wording(
    call_ids=("call_id", "callSid", "call_sid"),
    default_mix="mono",
    rate_setting="listen の sampleRate",
    mix_setting='listen の mixType を "stereo" に',
)
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class JambonzStream(OneWay):
    """One ``listen``. The attributes come first; without them nothing is accepted."""

    def __init__(
        self, parameters: Mapping[str, str] = _NOTHING, *, max_frame_bytes: int = MAX_FRAME_BYTES
    ) -> None:
        """*parameters*: those of the URI; the attributes count more."""
        self._parameters = parameters
        self._max_frame_bytes = max_frame_bytes
        self._sound: RawSound | None = None
        self._plays = False
        self._played = 0

    @property
    def can_play(self) -> bool:
        return self._plays

    def text(self, frame: str, now_ms: int) -> Sequence[Step]:
        if self._sound is None:
            return self._begin(exchange_object(frame))
        message = object_or_none(frame) or {}
        if message.get("event") == "dtmf" or message.get("type") == "playDone":
            return ()  # a digit may be part of a secret: it is not even counted
        return (Noticed("unknown_text"),)

    def binary(self, frame: bytes, now_ms: int) -> Sequence[Step]:
        refuse_large(frame, self._max_frame_bytes)
        if self._sound is None:
            raise StreamRefused(Refusal.NOT_STARTED, "音声の前に通話の属性(JSON)を送ってください。")
        return self._sound.feed(frame, now_ms)

    def closed(self, close_code: int) -> CallOver | None:
        begun = self._sound is not None
        return CallOver("hangup") if begun and close_code == NORMAL_CLOSE else None

    def rest(self, now_ms: int) -> Sequence[Step]:
        return self._sound.flush() if self._sound is not None else ()

    def play(self, sound: bytes) -> Playing:
        """Return ``playAudio``; jambonz plays it to the side that it listens to and answers ``playDone``."""
        self._played += 1
        message = {
            "type": "playAudio",
            "data": {
                "audioContentType": "raw",
                "sampleRate": 8000,
                "audioContent": base64.b64encode(sound).decode(),
                "id": f"mimamori-{self._played}",
            },
        }
        return Playing((json.dumps(message),))

    def _begin(self, attributes: Mapping[str, object]) -> Sequence[Step]:
        words = first_words(WORDING, attributes, self._parameters)
        direction, caller_right = words.direction, words.direction is Direction.OUTBOUND
        if attributes.get("parentCallSid"):
            # A listen inside a dial is told the attributes of the leg that was dialled, but hears the one
            # that dialled: it speaks on the left, and whether it is the office's own is not told.
            caller_right = False
            if not attributes.get("call_direction"):
                direction = Direction.INBOUND
        began = words.call_began(DOOR, caller_right=caller_right, direction=direction)
        self._plays = words.plays
        self._sound = RawSound(words.rate_hz, len(began.brings))
        return (began,)
