"""Glue: set-ups of the trained model side by side, by cross-validation over templates.

Only the parts that train and calibrate are used: what is held back stays unseen here too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from detection.corpus_files import read_corpus
from detection.meaning.encoder import SentenceEncoder
from detection.meaning.encoder_file import EncoderWeights
from detection.meaning.ngrams import features
from detection.meaning.outputs import HARM, PLACE, STOP
from detection.meaning.pieces import PieceCutter
from detection.phonetic import sound_of
from detection.ports import ReadingSource
from detection.text import normalise
from detection.training.examples import Example, Part, answers, examples_of
from detection.training.letters import learn_letters
from detection.training.set_up import ALLOWED, SetUp
from detection.training.start import head_to_start_from
from detection.training.training import Advance
from detection.training.tuning import Recipe, tune

FOLDS: Final = 5
Logits = npt.NDArray[np.float32]


def compare(
    weights: EncoderWeights,
    readings: ReadingSource,
    recipe: Recipe,
    tuned_folds: int,
    advance: Advance,
) -> tuple[SetUp, ...]:
    """Compare on the written lines; the encoder is tuned on *tuned_folds* of the five folds."""
    examples = [e for e in examples_of(read_corpus(), {}, ()) if e.part is not Part.HELD_BACK]
    known = answers(examples)[:, [PLACE[HARM], PLACE[STOP]]]
    runs = [features(normalise(e.text), sound_of(readings.tokens(e.text))) for e in examples]
    vectors = _vectors(examples, weights, recipe.layers, advance)
    folds = np.array([_fold(e.template) for e in examples])
    found: dict[str, list[SetUp]] = {}
    for fold in range(FOLDS):
        learn, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        logits = {
            "文字": _letters(_only(runs, "字"), known, learn, test),
            "音": _letters(_only(runs, "音"), known, learn, test),
            "文字と音": _letters(runs, known, learn, test),
            "文ベクトル(調整なし)": _frozen(vectors, known, learn, test),
        }
        logits["文字と音+文ベクトル"] = logits["文字と音"] + logits["文ベクトル(調整なし)"]
        if fold < tuned_folds:
            logits["文ベクトル(調整)"] = _tuned(examples, weights, recipe, learn, test, advance)
            logits["文字と音+文ベクトル(調整)"] = logits["文字と音"] + logits["文ベクトル(調整)"]
        for name, answer in logits.items():
            found.setdefault(name, []).append(_measured(name, answer, known[test]))
        advance("比べ方", (fold + 1) / FOLDS)
    return tuple(_mean(name, each) for name, each in found.items())


def _fold(template: str) -> int:
    return int(hashlib.sha256(f"fold:{template}".encode()).hexdigest(), 16) % FOLDS


def _only(runs: Sequence[set[str]], mark: str) -> list[set[str]]:
    return [{run for run in found if run[0] == mark} for found in runs]


def _letters(
    runs: Sequence[set[str]],
    known: npt.NDArray[np.float32],
    learn: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
) -> Logits:
    model = learn_letters(
        [runs[n] for n in learn], known[learn], np.ones(len(learn), np.float32), lambda: None
    )
    return np.array([model.logits(runs[n])[0] for n in test], np.float32)


def _vectors(
    examples: Sequence[Example], weights: EncoderWeights, layers: int, advance: Advance
) -> npt.NDArray[np.float32]:
    cutter, encoder = PieceCutter(weights), SentenceEncoder(weights, layers)
    vectors = []
    for number, example in enumerate(examples):
        (states,) = encoder.states([cutter.cut(example.text).ids])
        vectors.append(states.mean(axis=0))
        if number % 32 == 0:
            advance("文ベクトル", number / len(examples))
    return np.stack(vectors)


def _frozen(
    vectors: npt.NDArray[np.float32],
    known: npt.NDArray[np.float32],
    learn: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
) -> Logits:
    mean, spread = vectors[learn].mean(axis=0), vectors[learn].std(axis=0) + 1e-6
    head = head_to_start_from((vectors[learn] - mean) / spread, known[learn, :1])
    found: Logits = ((vectors[test] - mean) / spread @ head.slopes + head.offsets)[:, 0]
    return found


def _tuned(
    examples: Sequence[Example],
    weights: EncoderWeights,
    recipe: Recipe,
    learn: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
    advance: Advance,
) -> Logits:
    cutter = PieceCutter(weights)
    chosen = [examples[n] for n in learn]
    everything = answers(chosen)
    there = ~np.isnan(everything).all(axis=0)
    tuned = tune(
        weights,
        [cutter.cut(example.text).ids for example in chosen],
        everything[:, there],
        np.where(np.arange(there.sum()) == PLACE[HARM], 4.0, 1.0).astype(np.float32),
        recipe,
        lambda share: advance("文の意味", share),
    )
    encoder = SentenceEncoder(tuned.applied_to(weights), tuned.layers)
    logits = []
    for n in test:
        (states,) = encoder.states([cutter.cut(examples[n].text).ids])
        logits.append(float((states.mean(axis=0) @ tuned.slopes + tuned.offsets)[PLACE[HARM]]))
    return np.array(logits, np.float32)


def _measured(name: str, logits: Logits, known: npt.NDArray[np.float32]) -> SetUp:
    harm, grave = known[:, 0] > 0, known[:, 1] > 0
    points = [float(np.quantile(logits[~harm], 1 - share)) for share in ALLOWED]
    recall = tuple(float((logits[harm] > point).mean()) for point in points)
    return SetUp(name, 1, recall, float((logits[grave] > points[1]).mean()))


def _mean(name: str, each: Iterable[SetUp]) -> SetUp:
    folds = list(each)
    recall = np.mean([fold.recall for fold in folds], axis=0)
    grave = float(np.mean([fold.grave for fold in folds]))
    return SetUp(name, len(folds), tuple(float(r) for r in recall), grave)
