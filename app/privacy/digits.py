"""Pure: numbers as they are said and written down: 090-1234, 〇九〇の一二三四, 「ゼロキュウゼロのいちにーさんよん」.

A text is made *plain* first: kana are katakana, digits are ASCII, and every letter keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

LINE_END: Final = "\n"
"""Between two lines of one speaker over which a number may go on."""

_PLAIN: Final = str.maketrans(
    {
        **{chr(code): chr(code + 0x60) for code in range(ord("ぁ"), ord("ゖ") + 1)},
        **{chr(ord("０") + digit): str(digit) for digit in range(10)},
        **dict(zip("〇零○◯一二三四五六七八九", "0000123456789", strict=True)),
        **dict.fromkeys("‐‑‒–—―−－ｰ", "-"),
        "＠": "@",
        "．": ".",
        "，": ",",
        "　": " ",
        "（": "(",
        "）": ")",
    }
)
_SPOKEN: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ゼロ", "レイ", "マル"), "0"),
    **dict.fromkeys(("イチ", "イッ"), "1"),
    **dict.fromkeys(("ニー", "ニイ", "ニ"), "2"),
    **dict.fromkeys(("サンー", "サン"), "3"),
    **dict.fromkeys(("ヨンー", "ヨン", "シイ", "シー"), "4"),
    **dict.fromkeys(("ゴー", "ゴオ", "ゴ"), "5"),
    **dict.fromkeys(("ロク", "ロッ"), "6"),
    **dict.fromkeys(("ナナ", "シチ"), "7"),
    **dict.fromkeys(("ハチ", "ハッ"), "8"),
    **dict.fromkeys(("キュウ", "キュー", "キュ"), "9"),
}
_DIGIT: Final = r"(?:\d|" + "|".join(sorted(_SPOKEN, key=len, reverse=True)) + ")"
_PAUSE: Final = (
    r"(?:[-\s、。,.・ー()…]|ノ|ハイフン|エーット|エット|エート|エー|アノー|アノ|ハイ|デ)"
)
_DIGITS: Final = re.compile(_DIGIT)
_NUMBER: Final = re.compile(rf"{_DIGIT}(?:{_PAUSE}{{0,6}}{_DIGIT}){{3,}}")
_PARTICLES: Final = frozenset({"ニ", "ゴ", "シー"})
_GOES_ON: Final = re.compile(r"ナリ|ナッ|オ願|オネガ|電話|カケ|オ電|送|シテ|折リ")
LEAST_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """Digits that were said one after the other: ``text[start:end]``."""

    start: int
    end: int
    digits: str
    places: tuple[tuple[int, int], ...]
    """Where each digit stands."""

    @property
    def groups(self) -> tuple[int, ...]:
        """How many digits stand together, between pauses."""
        sizes = [1]
        for before, after in zip(self.places, self.places[1:], strict=False):
            if before[1] == after[0]:
                sizes[-1] += 1
            else:
                sizes.append(1)
        return tuple(sizes)

    def part(self, first: int, count: int) -> SpokenNumber:
        places = self.places[first : first + count]
        return SpokenNumber(places[0][0], places[-1][1], self.digits[first : first + count], places)


def plain(text: str) -> str:
    """Return *text* with one way of writing for kana and digits; as long as it was."""
    return text.translate(_PLAIN)


def spoken_numbers(text: str) -> Iterator[SpokenNumber]:
    """Yield what are at least four digits in a row in *text*, which is plain."""
    for found in _NUMBER.finditer(text):
        digits, places = [], []
        for digit in _DIGITS.finditer(text, found.start(), found.end()):
            written = digit[0]
            digits.append(written if written.isdigit() else _SPOKEN[written])
            places.append((digit.start(), digit.end()))
        first, last = _without_particles(text, places)
        if last - first >= LEAST_DIGITS:
            yield SpokenNumber(
                places[first][0],
                places[last - 1][1],
                "".join(digits[first:last]),
                tuple(places[first:last]),
            )


def _without_particles(text: str, places: list[tuple[int, int]]) -> tuple[int, int]:
    """Return which digits are left without the に before and after a number: 090…に電話する."""
    first, last = 0, len(places)
    if text[places[0][0] : places[0][1]] in _PARTICLES and text[places[1][0]].isdigit():
        first = 1
    start, end = places[-1]
    if text[start:end] in _PARTICLES and (
        text[places[-2][0]].isdigit() or _GOES_ON.match(text, end)
    ):
        last -= 1
    return first, last


def my_number_is_whole(digits: str) -> bool:
    """Say whether the last of twelve *digits* is the check digit of the rest (総務省令第85号 第5条)."""
    if len(digits) != 12:
        return False
    weights = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(int(digit) * by for digit, by in zip(digits, weights, strict=False)) % 11
    return int(digits[-1]) == (0 if rest <= 1 else 11 - rest)


def passes_luhn(digits: str) -> bool:
    """Say whether the last digit is the check digit of a payment card (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
