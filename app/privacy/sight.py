"""Pure: how much of what was said in a call somebody reads. What is masked keeps its length: places stay true."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.privacy.personal import personal_spans

MASK: Final = "●"


@dataclass(frozen=True, slots=True)
class TextSight:
    """One person's sight of one call."""

    whole: bool

    def of(self, text: str) -> str:
        """Return *text* as this person reads it."""
        return text if self.whole else masked_text(text)


WHOLE: Final = TextSight(whole=True)
COVERED: Final = TextSight(whole=False)


def masked_text(text: str) -> str:
    """Return *text*, of the same length, with what tells of persons covered."""
    letters = list(text)
    for span in personal_spans(text):
        letters[span.start : span.end] = MASK * (span.end - span.start)
    return "".join(letters)
