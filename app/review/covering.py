"""Pure: a call's words as one person reads them, also where they are quoted."""

from __future__ import annotations

from typing import Any

from app.calls.schemas import ExplanationOut
from app.privacy.sight import TextSight


class CoveredCall:
    """Covers what was said, and every quote of it alike: a name that is covered in the talk stands nowhere else.

    What it returns has the length of what it was given.
    """

    def __init__(self, sight: TextSight) -> None:
        self._sight = sight
        self._spoken: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._read: dict[str, str] = {}

    def said(self, utterance_id: str, text: str) -> str:
        """Return what was said, and remember it for its quotes."""
        covered = self.other(text)
        if covered != text:
            self._spoken[utterance_id], self._originals[utterance_id] = covered, text
        return covered

    def quote(self, utterance_id: str, quote: str, start: int | None = None) -> str:
        """Return *quote* of that utterance, which begins at its character *start* where that is known.

        A part may not look like a name where the whole did, so the whole is asked first.
        """
        original = self._originals.get(utterance_id)
        if original is not None and quote:
            if start is None or original[start : start + len(quote)] != quote:
                start = original.find(quote)
            if start >= 0:
                return self._spoken[utterance_id][start : start + len(quote)]
        return self.other(quote)

    def other(self, text: str) -> str:
        """Return what somebody wrote."""
        # 「はい」 is said hundreds of times, and every explanation quotes the same clauses.
        read = self._read.get(text)
        if read is None:
            read = self._read[text] = self._sight.of(text)
        return read

    def explanation(
        self, told: dict[str, Any] | None, quote: str, covered: str
    ) -> ExplanationOut | None:
        """Return *told* with *quote*, which stands in it, as it is *covered* elsewhere."""
        if told is None:
            return None

        def as_read(text: str) -> str:
            return self.other(text.replace(quote, covered) if quote else text)

        parts = [
            {**part, "lines": [as_read(line) for line in part["lines"]]} for part in told["parts"]
        ]
        return ExplanationOut.model_validate({"text": as_read(told["text"]), "parts": parts})
