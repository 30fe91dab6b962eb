"""Pure: Japanese text broken into lines (JIS X 4051, in part): what may not begin or end a line does not.

What may not begin a line takes the letter before it along (追い出し). Latin words and numbers stay whole
while they fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

NOT_FIRST: Final = frozenset(
    "、。,.,.・:;:;?!?!゛゜ヽヾゝゞ々〻ーぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ"
    "」』)】〉》〕]}｣)]}”’〟‐゠–〜～‼⁇⁈⁉％%℃°′″…‥"
)
"""行頭禁則文字."""
NOT_LAST: Final = frozenset("「『(【〈《〔[{｢([{“‘〝¥$￥＄")
"""行末禁則文字."""
_UNIT: Final = re.compile(r"[A-Za-z0-9@._:/\-+#&=*~]+| +|.", re.DOTALL)
MOST_TAKEN_ALONG: Final = 8

Measure = Callable[[str], float]


def broken(text: str, width: float, measure: Measure) -> list[str]:
    """Return *text* as lines no wider than *width*; a single letter that is wider stands alone.

    Nothing is lost but spaces at the end of a line.
    """
    return [line for part in text.split("\n") for line in _paragraph(part, width, measure)]


def _paragraph(text: str, width: float, measure: Measure) -> list[str]:
    lines: list[str] = []
    line: list[str] = []
    used = 0.0
    for unit in _units(text, width, measure):
        wide = measure(unit)
        if line and used + wide > width:
            along = _taken_along(line, unit)
            kept = line[: len(line) - along]
            lines.append("".join(kept).rstrip(" "))
            line = line[len(line) - along :]
            used = sum(measure(one) for one in line)
            if not line and unit.isspace():
                continue
            if line and used + wide > width:
                # What was taken along fills the line already: break where it can be broken.
                lines.append("".join(line))
                line, used = [], 0.0
        line.append(unit)
        used += wide
    lines.append("".join(line).rstrip(" "))
    return lines


def _taken_along(line: list[str], unit: str) -> int:
    """Return how many of the last units of *line* go with *unit* to the next."""
    along = 0
    first = unit
    while along < min(MOST_TAKEN_ALONG, len(line) - 1):
        last = line[-1 - along]
        if first[0] not in NOT_FIRST and last[-1] not in NOT_LAST:
            return along
        first = last
        along += 1
    still_bad = first[0] in NOT_FIRST or line[-1 - along][-1] in NOT_LAST
    return 0 if still_bad else along


def _units(text: str, width: float, measure: Measure) -> list[str]:
    units: list[str] = []
    for found in _UNIT.findall(text):
        fits = found.isspace() or measure(found) <= width / 2
        units.extend([found] if fits else found)
    return units
