"""Port: whoever can say what an utterance means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from detection.meaning.outputs import Meaning
from detection.ports import Token
from detection.text import NormalText
from detection.types import Severity


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance as the reader needs it."""

    text: NormalText
    tokens: tuple[Token, ...]
    gravest: Severity = Severity.NONE
    """Of what the word lists found in it."""


class MeaningSource(Protocol):
    """Says what utterances mean. The same utterance, the same meaning."""

    @property
    def version(self) -> str:
        """Changes whenever the answers may."""
        ...

    def read(self, said: Sequence[Said]) -> tuple[Meaning, ...]:
        """Return the meaning of each, in order; spans lie inside the text."""
        ...
