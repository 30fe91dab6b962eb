"""Learning itself, on a handful of sentences: it learns, and twice the same."""

from __future__ import annotations

from functools import cache

import numpy as np

from detection.meaning.encoder import SentenceEncoder
from detection.meaning.encoder_file import EncoderWeights, read_shipped_encoder
from detection.meaning.ngrams import features
from detection.meaning.pieces import PieceCutter
from detection.meaning.tuned import TunedEncoder
from detection.phonetic import sound_of
from detection.sudachi import SudachiReadings
from detection.text import normalise
from detection.training.letters import learn_letters
from detection.training.tuning import Recipe, tune

HARSH = [
    "お前を殴りに行く",
    "家まで殴りに行くからな",
    "帰り道で殴るぞ",
    "明日そっちへ殴り込む",
    "殴られたいのか",
]
FAIR = [
    "住民票を取りに行く",
    "明日そちらへ伺います",
    "帰り道に寄りますね",
    "家まで送ってください",
    "書類を取りたいのですが",
]
TEXTS = [*HARSH, *FAIR]
ANSWERS = np.array([[1.0]] * len(HARSH) + [[0.0]] * len(FAIR), np.float32)
RECIPE = Recipe(layers=2, frozen=1, passes=5, batch=4, body_dropout=0.0, head_dropout=0.0)


@cache
def weights() -> EncoderWeights:
    return read_shipped_encoder()


def tuned() -> TunedEncoder:
    cutter = PieceCutter(weights())
    texts = [cutter.cut(text).ids for text in TEXTS]
    return tune(weights(), texts, ANSWERS, np.ones(1, np.float32), RECIPE, lambda _: None)


def test_letters_tell_harsh_from_fair_after_learning() -> None:
    readings = SudachiReadings()
    runs = [features(normalise(text), sound_of(readings.tokens(text))) for text in TEXTS]

    model = learn_letters(runs, ANSWERS, np.ones(len(TEXTS), np.float32), lambda: None)
    found = [float(model.logits(one)[0]) for one in runs]

    assert min(found[: len(HARSH)]) > max(found[len(HARSH) :])


def test_the_tuned_encoder_runs_in_eight_bits_as_it_was_tuned() -> None:
    made = tuned()
    cutter = PieceCutter(weights())
    encoder = SentenceEncoder(made.applied_to(weights()), made.layers)

    states = encoder.states([cutter.cut(text).ids for text in TEXTS])
    found = [float((s.mean(axis=0) @ made.slopes + made.offsets)[0]) for s in states]

    assert min(found[: len(HARSH)]) > max(found[len(HARSH) :])


def test_tuning_twice_gives_the_same_numbers() -> None:
    one, other = tuned(), tuned()

    assert np.array_equal(one.slopes, other.slopes)
    assert all(np.array_equal(array, other.arrays[name]) for name, array in one.arrays.items())


def test_running_the_encoder_leaves_the_weights_as_they_were() -> None:
    before = weights().arrays["l0.fi.w"].copy()

    SentenceEncoder(weights(), 1)

    assert np.array_equal(weights().arrays["l0.fi.w"], before)
