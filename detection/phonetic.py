"""Pure: match by sound, because a recogniser writes 同げざして for 土下座して.

A reading is cut into morae. Morae that a telephone makes hard to tell apart (length, っ, voice, na/ma) fold
into one *skeleton*; a pattern is found where the skeletons agree, and counts only if the real differences
cost no more than its length allows. Short words allow none: しね is too near to しねん and 市の.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from detection.ports import Token
from detection.types import Span

_LONG, _STOP, _PAUSE = "ー", "ッ", "|"
_SMALL = "ァィゥェォャュョヮ"
_PRIVATE_USE = 0xE000
_ROWS = ("アカサタナハマヤラワガザダバパャァ", "イキシチニヒミリギジビピィ", "ウクスツヌフムユルグズブプュゥ",
         "エケセテネヘメレゲゼデベペェ", "オコソトノホモヨロゴゾドボポョォ")  # fmt: skip
_VOWEL = {kana: "アイウエオ"[row] for row, kana_row in enumerate(_ROWS) for kana in kana_row}
_LENGTHENS = frozenset({("ア", "ア"), ("イ", "イ"), ("ウ", "ウ"), ("エ", "エ"), ("オ", "オ"),
                        ("エ", "イ"), ("オ", "ウ")})  # fmt: skip
_SAME_SOUND = str.maketrans("ヲヂヅヱヰ", "オジズエイ")
_UNVOICED = str.maketrans("ガギグゲゴザジズゼゾダデドバビブベボパピプペポ",
                          "カキクケコサシスセソタテトハヒフヘホハヒフヘホ")  # fmt: skip
_NASAL = str.maketrans("マミムメモ", "ナニヌネノ")

LENGTH_COST = 0.25
STOP_COST = 0.3
VOICE_COST = 0.35
NASAL_COST = 0.45


def allowed_cost(mora_count: int) -> float:
    """Return how much difference a pattern of so many morae may carry."""
    if mora_count <= 3:
        return 0.0
    if mora_count == 4:
        return 0.3
    return 0.6 if mora_count <= 6 else 0.9


def morae(reading: str) -> tuple[str, ...]:
    """Cut a katakana reading into morae; a lengthened vowel is ``ー`` however it was written."""
    cut: list[str] = []
    for char in reading.translate(_SAME_SOUND):
        if char in _SMALL and cut and cut[-1] not in (_LONG, _STOP):
            cut[-1] += char
        elif cut and (_VOWEL.get(cut[-1][-1]), char) in _LENGTHENS:
            cut.append(_LONG)
        elif char in (_LONG, _STOP) or "ァ" <= char <= "ヴ":
            cut.append(char)
    return tuple(cut)


@dataclass(frozen=True, slots=True)
class _Beat:
    """One mora that stays in the skeleton, with what follows it."""

    mora: str
    lengths: int
    stops: int
    start: int
    end: int
    opens_word: bool
    closes_word: bool

    @property
    def folded(self) -> str:
        return self.mora.translate(_UNVOICED).translate(_NASAL)


@dataclass(frozen=True, slots=True)
class Sound:
    """How an utterance sounds. ``skeleton`` has one character a beat."""

    beats: tuple[_Beat, ...]
    skeleton: str


@dataclass(frozen=True, slots=True)
class ReadingPattern:
    """A reading to listen for.

    *alone*: only where it is all that was said between two pauses, but for a closing ヨ, ヤ, ゾ.
    *spellings*: how the word is written properly, in normal text. There the patterns decide, not the
    sound: 「税金泥棒と言われても」 is a word that they left out on purpose.
    """

    reading: str
    beats: tuple[_Beat, ...]
    skeleton: str
    alone: bool
    spellings: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, reading: str, *, alone: bool = False, spellings: tuple[str, ...] = ()
    ) -> ReadingPattern:
        beats = _beats([(morae(reading), 0, 0)])
        return cls(reading, beats, _skeleton(beats), alone, spellings)


@dataclass(frozen=True, slots=True)
class Heard:
    """Where a reading was heard in the original text, and how far from exact."""

    span: Span
    cost: float


def sound_of(tokens: Iterable[Token]) -> Sound:
    """Return how the words sound; marks of punctuation become pauses, commas and blanks nothing."""
    return _sound_of(tuple(tokens))


@lru_cache(maxsize=4)
def _sound_of(tokens: tuple[Token, ...]) -> Sound:
    """Word lists and meaning ask for the same utterance, one after the other; it takes 0.5 ms."""
    words: list[tuple[tuple[str, ...], int, int]] = []
    for token in tokens:
        if token.part_of_speech in ("補助記号", "空白"):
            if any(mark in token.surface for mark in "。.!?！？\n"):
                words.append(((_PAUSE,), token.start, token.end))
        else:
            words.append((morae(token.reading), token.start, token.end))
    beats = _beats(words)
    return Sound(beats, _skeleton(beats))


def hear(pattern: ReadingPattern, sound: Sound) -> Heard | None:
    """Return the closest place where *pattern* is heard, if any is close enough."""
    best: Heard | None = None
    count = len(pattern.beats)
    limit = allowed_cost(count)
    at = sound.skeleton.find(pattern.skeleton) if count else -1
    while at >= 0:
        window = sound.beats[at : at + count]
        cost = _cost(pattern.beats, window)
        # Below seven morae a match in the middle of a word is chance more often than speech.
        opens = window[0].opens_word or count >= 7
        closes = _stands_alone(sound.beats, at, at + count) if pattern.alone else True
        if cost <= limit and opens and closes and (best is None or cost < best.cost):
            best = Heard(Span(window[0].start, window[-1].end), cost)
        at = sound.skeleton.find(pattern.skeleton, at + 1)
    return best


def _stands_alone(beats: tuple[_Beat, ...], start: int, end: int) -> bool:
    if start > 0 and beats[start - 1].mora != _PAUSE:
        return False
    while end < len(beats) and beats[end].mora in ("ヨ", "ヤ", "ゾ") and beats[end].opens_word:
        end += 1
    return (end == len(beats) or beats[end].mora == _PAUSE) and beats[end - 1].closes_word


def _cost(pattern: tuple[_Beat, ...], heard: tuple[_Beat, ...]) -> float:
    cost = 0.0
    for index, (wanted, found) in enumerate(zip(pattern, heard, strict=True)):
        if wanted.mora != found.mora:
            voiced_apart = wanted.mora.translate(_NASAL) != found.mora.translate(_NASAL)
            cost += VOICE_COST if voiced_apart else NASAL_COST
        if index < len(pattern) - 1:  # what follows the last mora belongs to the next word
            cost += LENGTH_COST * min(2, abs(wanted.lengths - found.lengths))
            cost += STOP_COST * min(1, abs(wanted.stops - found.stops))
    return cost


def _beats(words: Iterable[tuple[tuple[str, ...], int, int]]) -> tuple[_Beat, ...]:
    beats: list[_Beat] = []
    for word, start, end in words:
        first = len(beats)
        for mora in word:
            if mora not in (_LONG, _STOP):
                opens = len(beats) == first
                beats.append(_Beat(mora, 0, 0, start, end, opens_word=opens, closes_word=False))
            elif beats:
                beats[-1] = replace(
                    beats[-1],
                    lengths=beats[-1].lengths + (mora == _LONG),
                    stops=beats[-1].stops + (mora == _STOP),
                    end=max(beats[-1].end, end),
                )
        if len(beats) > first:
            beats[-1] = replace(beats[-1], closes_word=True)
    return tuple(beats)


def _skeleton(beats: Iterable[_Beat]) -> str:
    return "".join(_one_character(b.folded) for b in beats)


def _one_character(mora: str) -> str:
    # A mora of two letters (シャ) must be one character, or a match could begin inside it.
    if len(mora) == 1:
        return mora
    return chr(_PRIVATE_USE + (ord(mora[0]) - ord("ァ")) * len(_SMALL) + _SMALL.index(mora[1]))
