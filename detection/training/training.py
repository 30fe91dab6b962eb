"""Glue: makes the trained model from the corpus: letters, encoder, their weights, the point of decision."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detection.corpus_calls import read_calls
from detection.corpus_files import read_corpus, read_heard
from detection.corpus_moves import read_moves
from detection.detector import LexiconDetector
from detection.meaning.encoder import SentenceEncoder
from detection.meaning.encoder_file import EncoderWeights
from detection.meaning.letters_model import LettersModel
from detection.meaning.mixing import Mixing
from detection.meaning.model_file import TrainedModel
from detection.meaning.ngrams import features
from detection.meaning.outputs import HARM, OUTPUTS, PLACE
from detection.meaning.pieces import PieceCutter
from detection.meaning.tuned import TunedEncoder
from detection.phonetic import sound_of
from detection.ports import ReadingSource
from detection.text import normalise
from detection.training.calibrating import (
    CHOOSING,
    EVERYDAY,
    FAIR,
    PLACING,
    Limit,
    placed,
    weighed_parts,
)
from detection.training.choosing import read_choosing
from detection.training.examples import (
    CALL_TEMPLATES,
    Example,
    Part,
    answers,
    digest_of,
    examples_of,
)
from detection.training.letters import learn_letters
from detection.training.tuning import Recipe, tune
from detection.types import Speaker, Utterance

HEARD_COUNTS: Final = 0.5
"""A heard sentence and its original together weigh one and a half."""
_WEIGHS: Final = {HARM: 4.0, "severity.2": 2.0, "severity.3": 2.0}
_BATCH: Final = 32
EVERYDAY_TEMPLATES: Final = ("ordinary-", "e-everyday-")

Advance = Callable[[str, float], None]
"""Hears what is being done and the share of it that is done, 0..1."""


@dataclass(frozen=True, slots=True)
class Training:
    """The model, and how it came about."""

    model: TrainedModel
    examples: int
    heard: int
    shift: float


def train(
    weights: EncoderWeights,
    readings: ReadingSource,
    lexicon: LexiconDetector,
    recipe: Recipe,
    advance: Advance,
) -> Training:
    """Train on the shipped corpus; the held-back part is not touched."""
    examples = examples_of(read_corpus(), read_heard(), read_moves(), read_calls())
    learned_from = [e for e in examples if e.part is Part.TRAINING]
    runs = _runs(learned_from, readings, advance)
    importance = np.array([_WEIGHS.get(output, 1.0) for output in OUTPUTS], np.float32)
    known = answers(learned_from)
    counts = np.array([HEARD_COUNTS if e.heard else 1.0 for e in learned_from], np.float32)
    done = iter(range(1, len(OUTPUTS) + 1))
    letters = learn_letters(
        runs, known, counts, lambda: advance("文字と音", next(done) / len(OUTPUTS))
    )
    cutter = PieceCutter(weights)
    tuned = tune(
        weights,
        [cutter.cut(example.text).ids for example in learned_from],
        known,
        importance,
        recipe,
        lambda share: advance("文の意味", share),
    )
    # As it will run: in eight bits.
    tuned = TunedEncoder.of_stored(tuned.stored())
    parts = Parts(letters, tuned, weights, readings, lexicon)
    mixing, shift = calibrated(parts, examples, advance)
    version = f"meaning-{_digest(recipe, weights)}-{digest_of(examples)}"
    model = TrainedModel(version, tuned, letters, mixing)
    return Training(model, len(learned_from), sum(e.heard for e in learned_from), shift)


def calibrated(parts: Parts, examples: Sequence[Example], advance: Advance) -> tuple[Mixing, float]:
    """Weigh *parts* on the examples kept apart for it, and place the point of decision."""
    apart = [example for example in examples if example.part is Part.CALIBRATION]
    said = parts.look([example.text for example in apart], _operators(apart), advance)
    mixing = weighed_parts(said.letters, said.encoder, said.words, answers(apart))
    harm = said.harm(mixing)
    fair = np.array([_is_fair_sentence(e) for e in apart])
    everyday = np.array([_is_everyday(e) and not e.heard for e in apart])
    choosing = [c for c in read_choosing() if not c.harmful]
    said = parts.look([c.text for c in choosing], [False] * len(choosing), advance)
    return placed(
        mixing,
        (
            Limit(CHOOSING, said.harm(mixing)),
            Limit(FAIR, harm[fair]),
            Limit(EVERYDAY, harm[everyday]),
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What the parts say of some texts, before they are weighed."""

    letters: npt.NDArray[np.float32]
    """(texts, outputs)"""
    encoder: npt.NDArray[np.float32]
    """(texts, outputs)"""
    words: npt.NDArray[np.int64]
    """(texts,): severity of the gravest finding of the word lists."""

    def harm(self, mixing: Mixing) -> npt.NDArray[np.float32]:
        """Return (texts,) logits of harm, word lists included."""
        rows = zip(self.letters, self.encoder, self.words, strict=True)
        return np.array([mixing.logits(*row)[PLACE[HARM]] for row in rows], np.float32)


class Parts:
    """The parts of a model side by side, as they run in a call."""

    def __init__(
        self,
        letters: LettersModel,
        tuned: TunedEncoder,
        weights: EncoderWeights,
        readings: ReadingSource,
        lexicon: LexiconDetector,
    ) -> None:
        self._letters = letters
        self._tuned = tuned
        self._cutter = PieceCutter(weights)
        self._encoder = SentenceEncoder(tuned.applied_to(weights), tuned.layers)
        self._readings = readings
        self._lexicon = lexicon

    def look(self, texts: Sequence[str], operators: Sequence[bool], advance: Advance) -> Look:
        letters, encoder, words = [], [], []
        for number, (text, operator) in enumerate(zip(texts, operators, strict=True)):
            runs = features(normalise(text), sound_of(self._readings.tokens(text)))
            letters.append(self._letters.logits(runs))
            (states,) = self._encoder.states([self._cutter.cut(text).ids])
            encoder.append(states.mean(axis=0) @ self._tuned.slopes + self._tuned.offsets)
            words.append(0 if operator else self._severity(text))
            if number % _BATCH == 0:
                advance("合わせ方", number / len(texts))
        return Look(np.stack(letters), np.stack(encoder), np.array(words, np.int64))

    def _severity(self, text: str) -> int:
        said = Utterance("", Speaker.CALLER, text, 0, 0)
        return int(self._lexicon.assess(said).severity)


def _runs(examples: Sequence[Example], readings: ReadingSource, advance: Advance) -> list[set[str]]:
    runs = []
    for number, example in enumerate(examples):
        runs.append(features(normalise(example.text), sound_of(readings.tokens(example.text))))
        if number % _BATCH == 0:
            advance("読み", number / len(examples))
    return runs


def _is_fair_sentence(example: Example) -> bool:
    """Say whether it is a fair or hard-negative sentence of the corpus as written; moves and turns are easier."""
    moves = any(output.startswith(("caller.", "operator.")) for output in example.known)
    of_a_call = moves or example.template.startswith(CALL_TEMPLATES)
    return example.known.get(HARM) is False and not example.heard and not of_a_call


def _is_everyday(example: Example) -> bool:
    """Say whether it is ordinary talk, rather than a fair sentence that looks like harassment."""
    return example.known.get(HARM) is False and example.template.startswith(EVERYDAY_TEMPLATES)


def _operators(examples: Sequence[Example]) -> list[bool]:
    return [any(output.startswith("operator.") for output in e.known) for e in examples]


def _digest(recipe: Recipe, weights: EncoderWeights) -> str:
    parts = (recipe, len(weights.pieces), HEARD_COUNTS, sorted(_WEIGHS.items()), PLACING)
    words = ":".join(map(str, parts))
    return hashlib.sha256(words.encode()).hexdigest()[:8]
