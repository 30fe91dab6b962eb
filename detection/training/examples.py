"""Pure: the corpus as examples to learn from, and which of them are kept apart.

Parts are cut by *template*: no paraphrase of a sentence that was learned from is ever measured on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from detection.corpus_calls import CorpusCall, CorpusTurn
from detection.corpus_files import CorpusLine, Heard, text_key
from detection.corpus_moves import CorpusMove
from detection.meaning.outputs import CALLER_CUES, HARM, OPERATOR_CUES, OUTPUTS, PLACE, SEVERE, STOP
from detection.types import Category, Cue, Severity, Speaker

TENTHS: Final = 10
WORST_HEARD: Final = 0.6
"""Share of wrong letters above which a heard sentence no longer teaches what was said."""


CALL_TEMPLATES: Final = "call:"
"""How the templates of whole calls' turns begin."""
_HEATED: Final = frozenset({Cue.DEMAND, Cue.COMPLAINT, Cue.INSISTS})
_HARMLESS: Final = {
    HARM: False,
    SEVERE: False,
    STOP: False,
    **{category.value: False for category in Category},
}


class Part(StrEnum):
    TRAINING = "training"
    CALIBRATION = "calibration"
    """One template in ten: weighs the parts of the model and makes its answers probabilities."""
    HELD_BACK = "held_back"
    """One template in ten: measured once, never looked at."""


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    template: str
    known: Mapping[str, bool]
    """Answers by output; what is not named is not known."""
    heard: bool = False
    """As the recogniser wrote it."""

    @property
    def part(self) -> Part:
        return part_of(self.template)


def part_of(template: str) -> Part:
    tenth = int(hashlib.sha256(template.encode()).hexdigest(), 16) % TENTHS
    return {0: Part.HELD_BACK, 1: Part.CALIBRATION}.get(tenth, Part.TRAINING)


def examples_of(
    lines: Iterable[CorpusLine],
    heard: Mapping[str, Heard],
    moves: Iterable[CorpusMove],
    calls: Iterable[CorpusCall] = (),
) -> tuple[Example, ...]:
    """Return all examples: lines as written, as heard, what utterances do in a call, whole calls."""
    examples: list[Example] = []
    for line in lines:
        known = _known_of_line(line)
        examples.append(Example(line.text, line.template, known))
        said = heard.get(text_key(line.text))
        if (
            said is not None
            and said.text
            and said.character_error_rate <= WORST_HEARD
            and said.text != line.text
        ):
            examples.append(Example(said.text, line.template, known, heard=True))
    examples += [Example(m.text, m.template, _known_of_move(m)) for m in moves]
    seen = {example.text for example in examples}
    for call in calls:
        for turn in call.turns:
            if turn.text not in seen:
                seen.add(turn.text)
                examples.append(
                    Example(turn.text, f"{CALL_TEMPLATES}{call.id}", _known_of_turn(turn))
                )
    return tuple(examples)


def answers(examples: Iterable[Example]) -> npt.NDArray[np.float32]:
    """Return (examples, outputs) with 1, 0, and NaN where the answer is not known."""
    rows = []
    for example in examples:
        row = np.full(len(OUTPUTS), np.nan, np.float32)
        for output, yes in example.known.items():
            row[PLACE[output]] = yes
        rows.append(row)
    return np.stack(rows)


def digest_of(examples: Iterable[Example]) -> str:
    """Return a name for exactly these examples."""
    running = hashlib.sha256()
    for example in examples:
        known = ",".join(sorted(o for o, yes in example.known.items() if yes))
        running.update(f"{example.template}\t{example.text}\t{known}\n".encode())
    return running.hexdigest()[:12]


def _known_of_line(line: CorpusLine) -> dict[str, bool]:
    known = {category.value: category in line.labels for category in Category}
    known[HARM] = line.severity > Severity.NONE
    known[SEVERE] = line.severity >= Severity.WARNING
    known[STOP] = line.severity >= Severity.STOP
    return known


def _known_of_move(move: CorpusMove) -> dict[str, bool]:
    operator = move.speaker is Speaker.OPERATOR
    side = "operator" if operator else "caller"
    cues = OPERATOR_CUES if operator else CALLER_CUES
    known = {f"{side}.{cue.value}": cue in move.cues for cue in cues}
    # What somebody wants or is angry about may be harassment; these rows do not say.
    return known if not operator and _HEATED & set(move.cues) else known | _HARMLESS


def _known_of_turn(turn: CorpusTurn) -> dict[str, bool]:
    """A turn's labels are known, its severity is not."""
    if not turn.labels:
        return dict(_HARMLESS)
    return {category.value: category in turn.labels for category in Category} | {HARM: True}
