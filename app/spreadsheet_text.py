"""Pure: text that a spreadsheet takes for text and nothing else (CWE-1236)."""

from __future__ import annotations

from typing import Final

_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""What begins so may be worked out as a formula; wide letters as well, where Japanese is typed."""


def is_formula_like(text: str) -> bool:
    """Say whether a spreadsheet might take *text* for more than text."""
    return text.startswith(_DANGEROUS) or text.lstrip().startswith(_DANGEROUS)


def harmless(text: str) -> str:
    """Return *text* with a mark before it where it might be taken for a formula."""
    return f"'{text}" if is_formula_like(text) else text
