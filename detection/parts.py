"""Pure: the parts that detection is made of, so that each can be left out and its worth be measured."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Part(StrEnum):
    WORDS = "words"
    """Word lists by spelling."""
    READINGS = "readings"
    """The same lists by sound, and what the recogniser writes by habit."""
    CONTEXT = "context"
    """Negation, quotation, a victim's account, innocent words …"""
    MEANING = "meaning"
    """The trained model."""


ALL_PARTS: Final = frozenset(Part)
