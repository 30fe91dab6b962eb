"""Pure: frames as a broken or hostile exchange sends them. The same dice, the same trouble. Development only.

Frames go in one by one, as an exchange sends them, and come out as the server is to get them.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Frame:
    payload: bytes
    is_text: bool


class Mangle(StrEnum):
    """What may happen to a frame."""

    FLIPPED = "flipped"
    CUT = "cut"
    REPLACED = "replaced"
    OVERSIZED = "oversized"
    OTHER_OPCODE = "other_opcode"
    """Text as binary, binary as text."""
    DOUBLED = "doubled"
    SWAPPED = "swapped"
    HELD_BACK = "held_back"
    DROPPED = "dropped"
    KEY_GONE = "key_gone"
    WRONG_TYPE = "wrong_type"
    HUGE_NUMBER = "huge_number"
    NO_NUMBER = "no_number"
    NESTED = "nested"
    LONG = "long"
    SURROGATE = "surrogate"
    NUL = "nul"
    RENUMBERED = "renumbered"
    RETIMED = "retimed"


class Ending(StrEnum):
    """How the stream comes to its end."""

    AS_PLAYED = "as_played"
    EARLY = "early"
    ABORTED = "aborted"
    """TCP reset, without a word."""
    AFTER_STOP = "after_stop"
    """It says stop, and goes on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of one stream."""

    kinds: tuple[Mangle, ...]
    share: float
    """Of the frames."""
    spared: int
    """So many frames at the beginning stay whole, so that trouble also meets calls that are under way."""
    ending: Ending
    ends_after: int
    """Frames, where it ends early or by a reset."""
    seed: int


_VALUES: Final[Mapping[Mangle, tuple[str, ...]]] = {
    Mangle.WRONG_TYPE: ("null", "true", "-1", "0.5", '""', '"x"', "[]", "{}", "[[]]", '{"a":1}'),
    Mangle.HUGE_NUMBER: ("9" * 30, "-" + "9" * 30, str(2**63), str(2**31), "1e308", "9" * 5_000),
    Mangle.NO_NUMBER: ("NaN", "Infinity", "-Infinity", "1e999", "-1e999"),
    Mangle.NESTED: (
        "[" * 2_000 + "]" * 2_000,
        '{"a":' * 2_000 + "1" + "}" * 2_000,
        "[" * 30_000 + "]" * 30_000,
        "[" * 8_000,
    ),
    Mangle.LONG: ('"' + "長" * 15_000 + '"', '"' + "x" * 64_000 + '"', '"' + "y" * 300 + '"'),
    Mangle.SURROGATE: ('"\\ud800"', '"a\\udfffb"', '"\\udc00\\ud800"'),
    Mangle.NUL: ('"\\u0000"', '"a\\u0000b"', '"\x00"', '"\\u0001\\u001b\\u007f"'),
    Mangle.RENUMBERED: ("0", "-1", "1", "2", str(2**32), str(2**64), '"0"', '"-1"', '"x"', "1.5"),
    Mangle.RETIMED: (
        *("0", "-1", "1e18", '"0"', '"99999999999"', '"-5"', '""'),
        *('"PT-1S"', '"PT1e9S"', '"PT99999999999999999999S"', '"P1D"', '"PT0S"'),
    ),
}
OF_VALUES: Final = frozenset(_VALUES)
OF_ORDER: Final = frozenset({Mangle.DOUBLED, Mangle.SWAPPED, Mangle.HELD_BACK, Mangle.DROPPED})
_KEYS: Final[Mapping[Mangle, re.Pattern[str]]] = {
    Mangle.RENUMBERED: re.compile(r"seq|chunk|number", re.IGNORECASE),
    Mangle.RETIMED: re.compile(r"time|position|duration|discarded", re.IGNORECASE),
}
_SAYS_STOP: Final = re.compile(rb'"(?:stop|close|hangup)"')
_HELD_FRAMES: Final = 60
_REPEATED: Final = 40
_PLACE: Final = "\ue000the place\ue000"
_LARGE_BYTES: Final = (65_536, 65_537, 70_000, 200_000, 1_100_000)


def new_plan(dice: random.Random) -> Plan:
    """Return what is to become of the next stream: from a nudge now and then to a mess from the first frame on."""
    kinds = tuple(dice.sample(list(Mangle), dice.randint(1, 4)))
    ending = dice.choice((*[Ending.AS_PLAYED] * 3, *Ending))
    return Plan(
        kinds,
        share=dice.choice((0.005, 0.02, 0.1, 0.5)),
        spared=dice.choice((0, 0, 3, 10, 40)),
        ending=ending,
        ends_after=dice.randint(1, 300),
        seed=dice.getrandbits(32),
    )


class Mangler:
    """One stream's trouble. ``counts`` says how often which kind was done."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.counts: Counter[Mangle] = Counter()
        self._dice = random.Random(plan.seed)
        self._number = 0
        self._held: list[tuple[int, Frame]] = []
        """Until after which frame."""
        self._last_text: Frame | None = None
        self._lately: list[Frame] = []

    @property
    def over(self) -> bool:
        """The stream is to end here, against its exchange's will."""
        early = self.plan.ending in (Ending.EARLY, Ending.ABORTED)
        return early and self._number >= self.plan.ends_after

    def feed(self, frame: Frame) -> list[Frame]:
        """Return what the server gets for *frame*."""
        self._number += 1
        made = [frame]
        if self._number > self.plan.spared and self._dice.random() < self.plan.share:
            kind = self._dice.choice(self.plan.kinds)
            self.counts[kind] += 1
            made = self._mangled(frame, kind)
        if frame.is_text:
            self._last_text = frame
        self._lately = [*self._lately[1 - _REPEATED :], frame]
        due = [held for after, held in self._held if after < self._number]
        self._held = [(after, held) for after, held in self._held if after >= self._number]
        goes_on = self.plan.ending is Ending.AFTER_STOP and frame.is_text
        if goes_on and _SAYS_STOP.search(frame.payload):
            due += self._lately
        return made + due

    def rest(self) -> list[Frame]:
        """Return what comes once the exchange has nothing more to say."""
        held, self._held = [held for _, held in self._held], []
        return held + (self._lately if self.plan.ending is Ending.AFTER_STOP else [])

    def _mangled(self, frame: Frame, kind: Mangle) -> list[Frame]:
        match kind:
            case Mangle.DOUBLED:
                return [frame] * self._dice.randint(2, 4)
            case Mangle.DROPPED:
                return []
            case Mangle.SWAPPED:
                self._held.append((self._number, frame))
                return []
            case Mangle.HELD_BACK:
                later = self._number + self._dice.randint(1, _HELD_FRAMES)
                self._held.append((later, frame))
                return []
        if not frame.is_text and (kind in OF_VALUES or kind is Mangle.KEY_GONE):
            # Sound has no keys: words that were said before come again, changed, in its midst.
            said = self._last_text
            return [frame, mangled(said or frame, kind, self._dice)]
        return [mangled(frame, kind, self._dice)]


def mangled(frame: Frame, kind: Mangle, dice: random.Random) -> Frame:
    """Return *frame* changed in the way of *kind*, never the same; what has no keys has bits flipped instead."""
    payload = frame.payload
    match kind:
        case Mangle.OTHER_OPCODE:
            return Frame(payload, not frame.is_text)
        case Mangle.CUT if payload:
            begin = dice.choice((0, dice.randrange(len(payload))))
            left = payload[begin : dice.randrange(len(payload))]
            return Frame(left, frame.is_text)
        case Mangle.REPLACED:
            made = dice.randbytes(dice.randrange(2_000))
            return Frame(made if made != payload else made + b"\x00", frame.is_text)
        case Mangle.OVERSIZED:
            size = max(dice.choice(_LARGE_BYTES), len(payload) + 1)
            filled = (payload or b" ") * (size // max(1, len(payload)) + 1)
            return Frame(filled[:size], frame.is_text)
        case _ if kind in OF_VALUES or kind is Mangle.KEY_GONE:
            words = _with_other_value(payload, kind, dice)
            if words is not None and words != payload:
                return Frame(words, frame.is_text)
    return Frame(_flipped(payload, dice), frame.is_text)


def _flipped(payload: bytes, dice: random.Random) -> bytes:
    made = bytearray(payload or b"\x00")
    for bit in dice.sample(range(len(made) * 8), dice.randint(1, min(8, len(made) * 8))):
        made[bit // 8] ^= 1 << bit % 8
    return bytes(made)


def _with_other_value(payload: bytes, kind: Mangle, dice: random.Random) -> bytes | None:
    """Return the JSON text with one value replaced, or one key left out; None where it is none."""
    try:
        said: Any = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    places = _places(said)
    wanted = _KEYS.get(kind)
    if wanted is not None:
        named = [place for place in places if wanted.search(str(place[-1]))]
        places = named or places
    if kind is Mangle.KEY_GONE:
        places = [place for place in places if isinstance(place[-1], str)]
    if not places:
        return None
    place = dice.choice(places)
    if kind is Mangle.KEY_GONE:
        return json.dumps(_replaced(said, place, gone=True)).encode()
    written = json.dumps(_replaced(said, place), ensure_ascii=False)
    value = dice.choice(_VALUES[kind])
    words = written.replace(json.dumps(_PLACE, ensure_ascii=False), value, 1)
    return None if words == json.dumps(said, ensure_ascii=False) else words.encode()


def _places(value: object, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the way to every value below, nearest first."""
    found: list[tuple[str | int, ...]] = []
    below: Sequence[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    for name, each in below:
        found += [(*above, name), *_places(each, (*above, name))]
    return found


def _replaced(value: object, place: tuple[str | int, ...], *, gone: bool = False) -> object:
    """Return a copy of *value* in which the mark stands at *place*, or nothing."""
    if not place:
        return _PLACE
    name, rest = place[0], place[1:]
    if isinstance(value, list):
        return [
            _replaced(each, rest, gone=gone) if number == name else each
            for number, each in enumerate(value)
        ]
    assert isinstance(value, dict)
    return {
        key: _replaced(each, rest, gone=gone) if key == name else each
        for key, each in value.items()
        if not (gone and not rest and key == name)
    }


def close_code(received: bytes) -> int | None:
    """Return the code of the close frame among a server's frames, as they follow its handshake; None: there is none."""
    at = received.find(b"\r\n\r\n") + 4
    while 4 <= at <= len(received) - 2:
        opcode, size, at = received[at] & 0x0F, received[at + 1] & 0x7F, at + 2
        if size in (126, 127):
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(received[at : at + width], "big"), at + width
        if opcode == 8:
            return int.from_bytes(received[at : at + 2], "big") if size >= 2 else 1005
        at += size
    return None
