"""Pure: what is told of a set-up of the trained model when set-ups are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALLOWED: Final = (0.01, 0.02, 0.05)
"""Shares of fair sentences flagged at which recall is told."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """One set-up's figures: mean over the folds that it was run on."""

    name: str
    folds: int
    recall: tuple[float, ...]
    """Share of harassing sentences found at each of ``ALLOWED``."""
    grave: float
    """Of severity 3, at two per cent."""
