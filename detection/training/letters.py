"""Adapter: learns from runs of letters and sounds with scikit-learn's logistic regression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from detection.meaning.letters_model import LettersModel

_LEAST_EXAMPLES = 3
"""A run that stands in fewer sentences teaches those sentences by heart."""
_STRENGTH = 20.0
_MOST_STEPS = 400


def learn_letters(
    runs: Sequence[set[str]],
    answers: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32],
    advance: Callable[[], None],
) -> LettersModel:
    """Learn every output from the examples for which its answer is known.

    *runs*: the features of each example; *answers*: (examples, outputs), NaN where unknown;
    *weights*: how much each example counts; *advance* is called once an output.
    """
    vocabulary = _vocabulary(runs)
    place = {run: number for number, run in enumerate(vocabulary)}
    rarity = _rarity(runs, place)
    table = _table(runs, place, rarity)
    slopes = np.zeros((len(vocabulary), answers.shape[1]), np.float32)
    offsets = np.zeros(answers.shape[1], np.float32)
    for output in range(answers.shape[1]):
        known = ~np.isnan(answers[:, output])
        learned = LogisticRegression(C=_STRENGTH, max_iter=_MOST_STEPS).fit(
            table[known], answers[known, output] > 0, sample_weight=weights[known]
        )
        slopes[:, output] = learned.coef_[0]
        offsets[output] = learned.intercept_[0]
        advance()
    return LettersModel.rounded(vocabulary, rarity, slopes, offsets)


def _vocabulary(runs: Iterable[set[str]]) -> tuple[str, ...]:
    counts = Counter(run for found in runs for run in found)
    return tuple(sorted(run for run, count in counts.items() if count >= _LEAST_EXAMPLES))


def _rarity(runs: Sequence[set[str]], place: dict[str, int]) -> npt.NDArray[np.float32]:
    counts = np.zeros(len(place), np.float64)
    for found in runs:
        for run in found:
            if run in place:
                counts[place[run]] += 1
    return (np.log((1 + len(runs)) / (1 + counts)) + 1).astype(np.float32)


def _table(
    runs: Sequence[set[str]], place: dict[str, int], rarity: npt.NDArray[np.float32]
) -> csr_matrix:
    starts, columns = [0], list[int]()
    for found in runs:
        columns += sorted(place[run] for run in found if run in place)
        starts.append(len(columns))
    values = rarity[columns].astype(np.float64)
    table = csr_matrix((values, columns, starts), shape=(len(runs), len(place)))
    table.data /= np.repeat(np.maximum(_lengths(table), 1e-9), np.diff(table.indptr))
    return table


def _lengths(table: csr_matrix) -> npt.NDArray[np.float64]:
    squares = np.asarray(table.multiply(table).sum(axis=1), np.float64).ravel()
    return np.asarray(np.sqrt(squares), np.float64)
