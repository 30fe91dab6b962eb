"""Pure: the colours of tokens.css against WCAG 2.2: 4.5 for words, 3 for shapes and edges that mean something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

import app.screens

TOKENS = Path(app.screens.__path__[0]) / "static/css/tokens.css"
GROUNDS = ("surface", "surface-low")
WORDS = [
    *((ink, ground) for ink in ("ink", "ink-strong", "ink-quiet", "action") for ground in GROUNDS),
    ("ink-strong", "surface-lower"),
    ("ink-quiet", "surface-lower"),
    ("ink-strong", "selected"),
    ("ink-quiet", "selected"),
    ("action", "selected"),
    ("action-hover", "selected"),
    ("action-ink", "action"),
    ("action-ink", "action-hover"),
    *(("ink-strong", f"level-{level}-tint") for level in range(4)),
    ("ink", "level-3-tint"),
    ("ink-quiet", "level-3-tint"),
    ("level-3-ink", "level-3"),
    *(("ink-strong", f"{kind}-tint") for kind in ("error", "success", "warning")),
    ("error", "surface"),
    ("surface", "ink-strong"),
]
SHAPES = [
    ("action", "selected"),
    *(
        (f"level-{level}", ground)
        for level in range(4)
        for ground in (*GROUNDS, f"level-{level}-tint")
    ),
    *((kind, f"{kind}-tint") for kind in ("error", "success", "warning")),
    *(("line", ground) for ground in ("surface",)),
    ("focus-edge", "focus"),
]


def themes() -> dict[str, dict[str, str]]:
    css = TOKENS.read_text(encoding="utf-8")
    blocks = re.findall(r"(?:@media ([^{]*)\{\s*)?:root \{(.*?)\}", css, re.DOTALL)
    found: dict[str, dict[str, str]] = {}
    for query, body in blocks:
        found[query.strip()] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", body))
    light, dark, more, more_dark = found.values()
    return {
        "light": light,
        "dark": {**light, **dark},
        "light, more contrast": {**light, **more},
        "dark, more contrast": {**light, **dark, **more_dark},
    }


def luminance(colour: str) -> float:
    channels = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(theme: Mapping[str, str], one: str, other: str) -> float:
    lighter, darker = sorted((luminance(theme[one]), luminance(theme[other])), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", themes())
def test_words_can_be_read(name: str) -> None:
    theme = themes()[name]

    weak = {
        pair: round(contrast(theme, *pair), 2) for pair in WORDS if contrast(theme, *pair) < 4.5
    }

    assert weak == {}


@pytest.mark.parametrize("name", themes())
def test_shapes_and_edges_can_be_seen(name: str) -> None:
    theme = themes()[name]

    weak = {pair: round(contrast(theme, *pair), 2) for pair in SHAPES if contrast(theme, *pair) < 3}

    assert weak == {}


def test_black_on_white_is_twenty_one_to_one() -> None:
    theme = {"ink": "#000000", "surface": "#ffffff"}

    assert contrast(theme, "ink", "surface") == pytest.approx(21)
