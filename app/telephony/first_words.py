"""Pure: how a call begins, read from a flat JSON object and from the parameters of a URI, names in several spellings.

The doors whose exchange lets its integrator write the first words himself share it. What is said
earlier counts more: pass the message first, then the parameters of the URI.

Every text that it returns can be stored: no NUL, no half of a surrogate pair, at most 64 characters
(in ``metadata`` 256). A field of the call that breaks this is refused, but a number is left out; in ``metadata`` it is
mended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.calls.protocol import (
    MAX_FIELD_CHARACTERS,
    Refusal,
    StreamRefused,
    Track,
    is_storable,
    json_object,
    refuse_long,
)
from app.telephony.messages import (
    BOTH,
    CallBegan,
    Direction,
    call_name,
    kept_number,
    names_secret,
)
from asr.types import Encoding

MAX_TEXT_CHARACTERS: Final = 65_535
"""Of an exchange's frame; our own protocol needs less."""
METADATA_KEYS: Final = 32
METADATA_CHARACTERS: Final = 256

SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "from": ("from", "from_number", "caller_id_number", "caller", "ani"),
    "to": ("to", "to_number", "destination_number", "called", "dnis"),
    "operator": ("operator", "agent", "extension"),
    "section": ("section",),
    "direction": ("call_direction", "direction"),
    "answered": ("answered",),
    "rate": ("rate", "sampleRate", "sample_rate", "sampling"),
    "mix": ("mix", "mixType", "mix_type"),
    "channels": ("channels",),
    "caller_channel": ("caller_channel",),
    "play": ("play",),
}
"""Each thing's names, the surest first."""
_RATES_HZ: Final[Mapping[str, int]] = {"8k": 8_000, "8000": 8_000, "16k": 16_000, "16000": 16_000}
_MIXES: Final[Mapping[str, str]] = {"1": "mono", "2": "stereo"}
_DIRECTIONS: Final = {direction.value: direction for direction in Direction}
_YES_OR_NO: Final[Mapping[str, bool]] = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Wording:
    """What one exchange calls things."""

    call_ids: tuple[str, ...]
    """Names under which a call's own name may stand, the surest first."""
    default_mix: str
    """``stereo`` or ``mono``: what comes where nothing is said about it."""
    rate_setting: str
    """Where its integrator sets the rate, for the message that refuses one."""
    mix_setting: str
    """Where its integrator asks for two channels."""


@dataclass(frozen=True, slots=True)
class FirstWords:
    call_id: str
    """As the exchange names it; never empty."""
    rate_hz: int
    stereo: bool
    caller_right: bool | None
    """Where the side that dialled is heard; None: nothing is said about it."""
    from_number: str = ""
    to_number: str = ""
    operator: str = ""
    direction: Direction = Direction.INBOUND
    answered: bool = True
    plays: bool = False
    """The exchange plays what it is sent back."""
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def brings(self, *, caller_right: bool) -> tuple[Track, ...]:
        """Return the tracks in the order of the channels; *caller_right* counts where nothing was said."""
        said = self.caller_right if self.caller_right is not None else caller_right
        ordered = BOTH[::-1] if said else BOTH
        return ordered if self.stereo else ordered[:1]

    def call_began(
        self, door: str, *, caller_right: bool = False, direction: Direction | None = None
    ) -> CallBegan:
        """Return the step for a stream of 16-bit samples."""
        brings = self.brings(caller_right=caller_right)
        return CallBegan(
            call_id=call_name(door, self.call_id),
            encoding=Encoding.PCM_S16LE,
            rate_hz=self.rate_hz,
            brings=brings,
            tracks=brings,
            direction=direction or self.direction,
            from_number=self.from_number,
            to_number=self.to_number,
            operator=self.operator,
            answered=self.answered,
            metadata=self.metadata,
        )


def first_words(wording: Wording, *said: Mapping[str, object]) -> FirstWords:
    """Return what *said* says of the call.

    Raises:
        StreamRefused: it names no call, mixes the speakers, or says something that cannot be.
    """
    call_id = _text(said, wording.call_ids, limit=METADATA_CHARACTERS)
    if not call_id:
        raise StreamRefused(
            Refusal.BAD_CALL_ID,
            f"通話の名前がありません。{'、'.join(wording.call_ids)} のいずれかを送ってください。",
        )
    return FirstWords(
        call_id=call_id,
        rate_hz=_rate_hz(wording, said),
        stereo=_is_stereo(wording, said),
        caller_right=_caller_right(said),
        from_number=_number(said, SPELLINGS["from"]),
        to_number=_number(said, SPELLINGS["to"]),
        operator=_text(said, SPELLINGS["operator"]),
        direction=_direction(said),
        answered=yes_or_no(said, "answered", default=True),
        plays=yes_or_no(said, "play", default=False),
        metadata=_metadata(said),
    )


def exchange_object(frame: str) -> dict[str, Any]:
    """Return the object that an exchange's *frame* holds.

    Raises:
        StreamRefused: it is too long, no JSON, or no object.
    """
    return json_object(frame, MAX_TEXT_CHARACTERS)


def object_or_none(frame: str) -> dict[str, Any] | None:
    """Return the object that *frame* holds, None for anything else: nonsense in a call is not worth the call.

    Raises:
        StreamRefused: it is too long.
    """
    refuse_long(frame, MAX_TEXT_CHARACTERS)
    try:
        return exchange_object(frame)
    except StreamRefused:
        return None


def yes_or_no(said: tuple[Mapping[str, object], ...], name: str, *, default: bool) -> bool:
    """Return whether *name* is true, ``1`` or ``true``.

    Raises:
        StreamRefused: it is neither yes nor no.
    """
    value = _word(said, SPELLINGS[name])
    if not value:
        return default
    if value.lower() not in _YES_OR_NO:
        raise _bad(SPELLINGS[name][0], "true または false")
    return _YES_OR_NO[value.lower()]


def mended(text: str, limit: int = METADATA_CHARACTERS) -> str:
    """Return *text* so that it can be stored, cut at *limit* characters."""
    whole = text.encode("utf-8", "replace").decode()
    return whole.replace("\x00", "?").replace("\\u0000", "?")[:limit]


def _rate_hz(wording: Wording, said: tuple[Mapping[str, object], ...]) -> int:
    value = _word(said, SPELLINGS["rate"]) or "8000"
    if value not in _RATES_HZ:
        raise StreamRefused(
            Refusal.UNSUPPORTED_RATE,
            f"標本化周波数は 8000 または 16000 にしてください({wording.rate_setting})。",
        )
    return _RATES_HZ[value]


def _is_stereo(wording: Wording, said: tuple[Mapping[str, object], ...]) -> bool:
    value = _word(said, SPELLINGS["mix"]).lower()
    if not value:
        channels = _word(said, SPELLINGS["channels"])
        value = _MIXES.get(channels, channels) or wording.default_mix
    if value == "mixed":
        raise StreamRefused(
            Refusal.BAD_TRACKS,
            f"2 人の声が混ざっていて区別できません。stereo にしてください({wording.mix_setting})。",
        )
    if value not in ("mono", "stereo"):
        raise StreamRefused(
            Refusal.BAD_TRACKS, f"stereo または mono にしてください({wording.mix_setting})。"
        )
    return value == "stereo"


def _caller_right(said: tuple[Mapping[str, object], ...]) -> bool | None:
    value = _word(said, SPELLINGS["caller_channel"]).lower()
    if not value:
        return None
    if value not in ("left", "right"):
        raise _bad("caller_channel", "left または right")
    return value == "right"


def _direction(said: tuple[Mapping[str, object], ...]) -> Direction:
    value = _word(said, SPELLINGS["direction"]).lower()
    if not value:
        return Direction.INBOUND
    if value not in _DIRECTIONS:
        raise _bad("direction", "inbound または outbound")
    return _DIRECTIONS[value]


def _number(said: tuple[Mapping[str, object], ...], names: tuple[str, ...]) -> str:
    """Return a number without what SIP puts round it: ``sip:+81312345678@example`` is a number, too."""
    written = _written(said, names)
    # A plus that nobody encoded arrives from a URI as a space.
    lost_plus = written.startswith(" ") and written[1:].isdecimal()
    value = "+" + written[1:] if lost_plus else written.strip()
    scheme, colon, rest = value.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel"):
        value = rest.partition("@")[0].partition(";")[0]
    return kept_number(value)


def _text(
    said: tuple[Mapping[str, object], ...],
    names: tuple[str, ...],
    *,
    limit: int = MAX_FIELD_CHARACTERS,
) -> str:
    return _checked(_word(said, names), names[0], limit)


def _checked(value: str, name: str, limit: int) -> str:
    if len(value) > limit or not is_storable(value):
        raise _bad(name, f"{limit} 文字以内の文字列")
    return value


def _word(said: tuple[Mapping[str, object], ...], names: tuple[str, ...]) -> str:
    return _written(said, names).strip()


def _written(said: tuple[Mapping[str, object], ...], names: tuple[str, ...]) -> str:
    """Return what stands under the first of *names* that says anything, as text."""
    for mapping in said:
        for name in names:
            value = mapping.get(name)
            if value is None or value == "":
                continue
            if isinstance(value, bool):
                return "true" if value else "false"
            if not isinstance(value, str | int):
                raise _bad(name, "文字列")
            return str(value)
    return ""


def _bad(name: str, expected: str) -> StreamRefused:
    return StreamRefused(Refusal.BAD_MESSAGE, f"{name} は {expected}にしてください。")


def _metadata(said: tuple[Mapping[str, object], ...]) -> dict[str, Any]:
    """Return the rest: what is no field of the call, no secret and not nested."""
    used = {name for names in SPELLINGS.values() for name in names}
    kept: dict[str, Any] = {}
    section = _text(said, SPELLINGS["section"])
    if section:
        kept["section"] = section
    for mapping in said:
        for key, value in mapping.items():
            name = mended(key, MAX_FIELD_CHARACTERS)
            if name in used or name in kept or names_secret(name):
                continue
            plain = _plain(value)
            if plain is not None and len(kept) < METADATA_KEYS:
                kept[name] = plain
    return kept


def _plain(value: object) -> str | int | float | bool | None:
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None
