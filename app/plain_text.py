"""Pure: whether a text can be read as it stands: no control characters, no halves of a character."""

from __future__ import annotations

import unicodedata


def is_plain(text: str) -> bool:
    """Tell whether *text* is one line of what people write.

    Every width of blank counts as written: Japanese puts the ideographic one (U+3000) between
    family name and given name, and ``str.isprintable`` refuses it.
    """
    return all(char.isprintable() or unicodedata.category(char) == "Zs" for char in text)
