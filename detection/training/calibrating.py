"""Adapter: weighs the parts of the model against each other on examples that none of them learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from detection.meaning.mixing import GRAVE_FROM, HARM_INPUTS, Mixing, harm_inputs
from detection.meaning.outputs import HARM, PLACE

Array = npt.NDArray[np.float32]

_STRENGTH: Final = 1.0
_FEW_STRENGTH: Final = 0.05
"""For the eleven signs of harm, which say much the same."""
_MOST_STEPS: Final = 2_000
_FEWEST: Final = 8
"""Examples of either answer below which both parts simply count alike."""
CHOOSING: Final = 0.01
"""Share of fair sentences of the choosing set that may cross the point: half of what is allowed."""
FAIR: Final = 0.02
"""The same of the corpus's fair and hard-negative sentences, many near harassment on purpose: what is allowed."""
EVERYDAY: Final = 0.01
"""The same of ordinary talk: a call has fifty sentences of it, and one by itself rings only where it is grave."""

PLACING: Final = f"{_STRENGTH}:{_FEW_STRENGTH}:{CHOOSING}:{FAIR}:{EVERYDAY}:{GRAVE_FROM}"
"""All that the point of decision rests on, for the model's version."""


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """Sentences of which hardly any may be called harassment."""

    most: float
    """Share of them."""
    logits: Array
    """(examples,): of harm, word lists included."""


def weighed_parts(
    letters: Array, encoder: Array, gravest: npt.NDArray[np.int64], answers: Array
) -> Mixing:
    """Fit the mixing on logits (examples, outputs), the word lists' severities and the answers."""
    outputs = answers.shape[1]
    of_letters, of_encoder, offsets = (np.zeros(outputs, np.float32) for _ in range(3))
    of_harm = np.zeros(HARM_INPUTS, np.float32)
    for output in range(outputs):
        known = ~np.isnan(answers[:, output])
        wanted = answers[known, output] > 0
        if min(wanted.sum(), (~wanted).sum()) < _FEWEST:
            of_letters[output] = of_encoder[output] = 0.5
            continue
        if output == PLACE[HARM]:
            rows = zip(letters[known], encoder[known], gravest[known], strict=True)
            signs = np.stack([harm_inputs(*row) for row in rows])
            fitted = LogisticRegression(C=_FEW_STRENGTH, max_iter=_MOST_STEPS).fit(signs, wanted)
            of_harm = fitted.coef_[0].astype(np.float32)
        else:
            inputs = np.stack([letters[known, output], encoder[known, output]], axis=1)
            fitted = LogisticRegression(C=_STRENGTH).fit(inputs, wanted)
            of_letters[output], of_encoder[output] = fitted.coef_[0]
        offsets[output] = fitted.intercept_[0]
    return Mixing(of_letters, of_encoder, offsets, of_harm)


def placed(mixing: Mixing, limits: Sequence[Limit]) -> tuple[Mixing, float]:
    """Move the point at which harm is more likely than not, as little as *limits* allow; return the shift beside it.

    On paper every second sentence is harassment, on the telephone one in fifty: the shift stands for that.
    """
    point = max(_crossed_by(limit.most, limit.logits) for limit in limits)
    offsets = mixing.offsets.copy()
    offsets[PLACE[HARM]] -= point
    return Mixing(mixing.letters, mixing.encoder, offsets, mixing.harm), -point


def _crossed_by(share: float, logits: Array) -> float:
    """Return the point that no more than *share* of *logits* lie above."""
    highest = np.sort(logits)[::-1]
    allowed = int(share * len(highest))
    return float(np.nextafter(highest[allowed], np.float32(np.inf)))
