"""Adapter: a linear head to start tuning from: one logistic regression an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

_STRENGTH: Final = 0.003
_MOST_STEPS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    slopes: npt.NDArray[np.float32]
    """(width, outputs)"""
    offsets: npt.NDArray[np.float32]
    """(outputs,)"""


def head_to_start_from(vectors: npt.NDArray[np.float32], answers: npt.NDArray[np.float32]) -> Head:
    """Fit every output to *vectors* (examples, width) where its answer is known."""
    slopes = np.zeros((vectors.shape[1], answers.shape[1]), np.float32)
    offsets = np.zeros(answers.shape[1], np.float32)
    for output in range(answers.shape[1]):
        known = ~np.isnan(answers[:, output])
        fitted = LogisticRegression(C=_STRENGTH, max_iter=_MOST_STEPS).fit(
            vectors[known], answers[known, output] > 0
        )
        slopes[:, output] = fitted.coef_[0]
        offsets[output] = fitted.intercept_[0]
    return Head(slopes, offsets)
