"""Adapter: the choosing set: sentences by an author who knew neither corpus nor word lists, to place thresholds on.

What a threshold was chosen on is no measure of it: nothing in this set is ever reported as a result.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Final

from detection.errors import CorpusInvalid
from detection.types import Severity

FILE: Final = "choosing.jsonl"


@dataclass(frozen=True, slots=True)
class Choosing:
    text: str
    severity: Severity

    @property
    def harmful(self) -> bool:
        return self.severity > Severity.NONE


def read_choosing() -> tuple[Choosing, ...]:
    """Raises: CorpusInvalid: a line is no JSON object with ``text`` and ``severity``."""
    file = resources.files("detection").joinpath("corpus", FILE)
    found = []
    for number, row in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            table = json.loads(row)
            found.append(Choosing(str(table["text"]), Severity(int(table["severity"]))))
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusInvalid(f"{FILE}, line {number}: {error}") from error
    return tuple(found)
