"""Pure: how hard a decoder looks for the words: window, beam, and what each costs.

Figures: Whisper base, int8, batches of eight, 160 sentences over a simulated telephone line, each
heard three times with a little different noise (docs/recognition.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from asr.types import Effort
from asr.windowing import WindowLimits

MOST_ALTERNATIVES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One way to look for the words."""

    beam_size: int = 1
    """Readings followed at once. Character error rate and core-seconds of the decoder per second
    of sound in a window of 750/200: 1: .242 .0064, 2: .236 .0077, 3: .231 .0087, 5: .227 .0105."""
    limits: WindowLimits = field(default_factory=WindowLimits)

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError("beam_size must be at least 1")

    @property
    def hypotheses(self) -> int:
        """How many readings to ask for; those of a beam are there anyway."""
        return min(self.beam_size, 1 + MOST_ALTERNATIVES)


QUICK: Final = Search(limits=WindowLimits(floor_frames=600, margin_frames=100))
"""Greedy in a short window: a sixth cheaper than a window of 750/200, .253 against .245."""


def search_for(effort: Effort, beam_size: int) -> Search:
    """Return how to look with *effort*; *beam_size* is what the settings allow at most."""
    return Search(beam_size=beam_size) if effort is Effort.THOROUGH else QUICK
