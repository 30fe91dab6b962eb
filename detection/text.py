"""Pure: bring a caller's words into one spelling, and lead every match back to the words as they were written.

The normal text is what patterns are written against: NFKC, lower case, katakana as hiragana, drawn-out
sounds shortened, fillers and commas gone, sentence ends as ``。`` or ``?``. Nothing is ever invented: each
normal character stands for a real, non-empty range of the original.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from detection.types import Span

_KATAKANA_FIRST, _KATAKANA_LAST = "ァ", "ヶ"
_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_PROLONGED = frozenset("ー〜～~")
_STOPS = frozenset("。.!｡\n\r")
_HALFWIDTH_VOICE_MARKS = frozenset("ﾞﾟ")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
"""A surrogate by itself: JSON can hold one, and whoever encodes it fails."""

_VOWEL_ROWS = {
    "a": "あかさたなはまやらわがざだばぱゃぁ",
    "i": "いきしちにひみりぎじぢびぴぃ",
    "u": "うくすつぬふむゆるぐずづぶぷゅぅ",
    "e": "えけせてねへめれげぜでべぺぇ",
    "o": "おこそとのほもよろをごぞどぼぽょぉ",
}
_VOWEL = {kana: vowel for vowel, row in _VOWEL_ROWS.items() for kana in row}
_SMALL_VOWELS = frozenset("ぁぃぅぇぉ")
_VOWELS = frozenset("あいうえお")

# Only between pauses: 「あの人」 must stay, 「あの、」 must go. Those that cannot be a word need no pause behind.
_FILLER = re.compile(
    r"(?:(?<=^)|(?<=[\s、。,.!?！？…]))"
    r"(?:(?:え[ーえ〜]*っ?と[ーぉ〜]*|う[ー〜]+んと?|あの[ーぉ〜]+|その[ーぉ〜]+)"
    r"|(?:あのう?|えっ?|え[ー〜]+|あ[ー〜]+|ん[ー〜]+|ま[ーあぁ〜]+)(?=[\s、。,.!?！？…]|$))"
)


@dataclass(frozen=True, slots=True)
class NormalText:
    """A text in normal spelling; ``spans[i]`` is where ``normal[i]`` stands in ``original``."""

    original: str
    normal: str
    spans: tuple[Span, ...]

    def locate(self, start: int, end: int) -> Span:
        """Return the original range of ``normal[start:end]``; never empty for a non-empty range."""
        if not 0 <= start <= end <= len(self.normal):
            raise ValueError("a range of the normal text lies within it")
        if start == end:
            at = self.spans[start].start if start < len(self.spans) else len(self.original)
            return Span(at, at)
        return Span(self.spans[start].start, self.spans[end - 1].end)

    def range_of(self, span: Span) -> tuple[int, int]:
        """Return the range of the normal text that touches *span*; empty where nothing of it was kept."""
        first = bisect_right(self.spans, span.start, key=lambda s: s.end)
        last = bisect_left(self.spans, span.end, key=lambda s: s.start)
        return first, max(first, last)


@dataclass(frozen=True, slots=True)
class _Unit:
    char: str
    span: Span
    katakana: bool


def fold_kana(text: str) -> str:
    """Write katakana as hiragana; ``ー`` stays."""
    return text.translate(_TO_HIRAGANA)


def encodable(text: str) -> str:
    """Return *text*, as long as it was, without the halves of characters that no encoding can write."""
    return _HALF_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)


def normalise(text: str) -> NormalText:
    """Bring *text* into normal spelling."""
    kept = _shorten(_units(text))
    return NormalText(text, "".join(u.char for u in kept), tuple(u.span for u in kept))


def _units(text: str) -> list[_Unit]:
    skipped = {at for filler in _FILLER.finditer(text) for at in range(*filler.span())}
    units: list[_Unit] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and (
            unicodedata.combining(text[end]) or text[end] in _HALFWIDTH_VOICE_MARKS
        ):
            end += 1
        if at not in skipped:
            span = Span(at, end)
            decimal_point = text[at : at + 1] in ".．" and _between_digits(text, at)
            for char in unicodedata.normalize("NFKC", text[at:end]).lower():
                kind = _kind(char, is_decimal_point=decimal_point, source=text[at])
                if kind:
                    katakana = _KATAKANA_FIRST <= char <= _KATAKANA_LAST
                    units.append(_Unit(fold_kana(kind), span, katakana))
        at = end
    return units


def _between_digits(text: str, at: int) -> bool:
    return 0 < at < len(text) - 1 and text[at - 1].isdigit() and text[at + 1].isdigit()


def _kind(char: str, *, is_decimal_point: bool, source: str) -> str:
    """Return what *char* becomes, empty if it says nothing."""
    if is_decimal_point:
        return "."
    if char in _PROLONGED:
        return "ー"
    if char == "?":
        return "?"
    if char in _STOPS:
        return "" if source == "…" else "。"
    # Commas, quotation marks, blanks, symbols and control characters say nothing that a pattern needs.
    return "" if unicodedata.category(char)[0] in "PZSC" else char


def _shorten(units: list[_Unit]) -> list[_Unit]:
    """Fold what a raised voice draws out: ばかーー, ふざけんなああああ, しねっ!!"""
    kept: list[_Unit] = []
    at = 0
    while at < len(units):
        unit = units[at]
        run_end = at
        while run_end < len(units) and units[run_end].char == unit.char:
            run_end += 1
        run = run_end - at
        follows = units[run_end] if run_end < len(units) else None
        if _keeps(unit, kept[-1] if kept else None, follows, run):
            # Kanji, digits and letters may stand twice for a reason (100, 人人); sounds and marks may not.
            once = unit.char in "っー。?" or (unit.char in _VOWELS and run > 2)
            kept.extend([unit] if once else units[at:run_end])
        at = run_end
    return kept


def _keeps(unit: _Unit, before: _Unit | None, follows: _Unit | None, run: int) -> bool:
    char = unit.char
    ends = follows is None or follows.char in "。?"
    if char == "ー":
        # ブース and バス must not become ブス and バス: inside a katakana word the length is part of the word.
        return bool(before and before.katakana and follows and follows.katakana)
    if char in "。?":
        return before is None or before.char not in "。?"
    if char == "っ":
        return not ends
    if before is None or _VOWEL.get(before.char) != _VOWEL.get(char):
        return True
    if char in _SMALL_VOWELS:
        return False
    # 「ふざけんなああ」, but 「おばあさん」 and 「体にいい」 keep their vowels.
    return not (char in _VOWELS and (run > 2 or (run > 1 and ends and char != "い")))
