"""Adapter: Noto Sans JP for one document: its letters only, at two weights, made in memory.

The wheel brings one variable font of 9 MB, which no PDF takes. Cut to the letters of a report and set
to a weight it is some 100 KB; both weights take about half a second.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from typing import Final

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

_PACKAGE: Final = "justmytype_intl_cjk"
_FILE: Final = "fonts/ofl/notosansjp/NotoSansJP[wght].ttf"
REGULAR: Final = 400
BOLD: Final = 700
_NAMES: Final = {REGULAR: "Regular", BOLD: "Bold"}
_SELECTORS: Final = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
"""Which of several shapes of a letter is meant: the base letter is printed."""


@dataclass(frozen=True, slots=True)
class CutFont:
    """A font with the letters of one document."""

    regular: bytes
    bold: bytes
    lacking: frozenset[str]
    """Letters that it does not have."""


def cut_font(letters: Collection[str]) -> CutFont:
    """Return Noto Sans JP with *letters*; blocking, about half a second."""
    wanted = {ord(letter) for letter in letters if not is_selector(letter)}
    lacking: frozenset[str] = frozenset()
    made = {}
    for weight in (REGULAR, BOLD):
        with (
            resources.as_file(resources.files(_PACKAGE) / _FILE) as path,
            TTFont(path, lazy=True) as font,
        ):
            known = set(font.getBestCmap())
            lacking = frozenset(map(chr, wanted - known))
            made[weight] = _cut(font, wanted & known, weight)
    return CutFont(made[REGULAR], made[BOLD], lacking)


def is_selector(letter: str) -> bool:
    return any(ord(letter) in one for one in _SELECTORS)


def _cut(font: TTFont, wanted: set[int], weight: int) -> bytes:
    options = Options()
    options.layout_features = []
    options.notdef_outline = True
    cutting = Subsetter(options)
    cutting.populate(unicodes=wanted)
    cutting.subset(font)
    fixed = instantiateVariableFont(font, {"wght": weight}, inplace=True)
    # reportlab takes two fonts of one name for the same.
    name = f"NotoSansJP-{_NAMES[weight]}"
    for platform, encoding, language in ((3, 1, 0x409), (1, 0, 0)):
        fixed["name"].setName(name, 6, platform, encoding, language)
    written = io.BytesIO()
    fixed.save(written)
    return written.getvalue()
