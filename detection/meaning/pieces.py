"""Adapter: cuts a text into the encoder's pieces, and says where in the text each piece stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tokenizers import Tokenizer, models

from detection.meaning.encoder_file import EncoderWeights
from detection.text import encodable

_BEGIN, _END, _UNKNOWN = 0, 2, 3
_SPACE: Final = "▁"
MOST_PIECES: Final = 126
"""A sentence of 8 s has 60 letters; what goes beyond is not looked at."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text as the encoder reads it."""

    ids: tuple[int, ...]
    """With the marks of begin and end."""
    places: tuple[tuple[int, int], ...]
    """Where each piece stands in the text, half-open; the marks stand nowhere: (0, 0)."""


class PieceCutter:
    """Cuts by the vocabulary's own likelihoods. Keeps nothing between texts."""

    def __init__(self, weights: EncoderWeights) -> None:
        vocabulary = list(zip(weights.pieces, weights.piece_scores, strict=True))
        self._cutter = Tokenizer(models.Unigram(vocabulary, unk_id=_UNKNOWN))
        self._respelt = weights.respelt

    def cut(self, text: str) -> Pieces:
        letters, places = [_SPACE], [(0, 0)]
        for at, letter in enumerate(encodable(text)):
            for written in self._respelt.get(letter, letter):
                space = written == " "
                if space and letters[-1] == _SPACE:
                    continue
                letters.append(_SPACE if space else written)
                places.append((at, at + 1))
        found = self._cutter.encode("".join(letters), add_special_tokens=False)
        ids = found.ids[:MOST_PIECES]
        spans = [
            (places[start][0], places[end - 1][1]) for start, end in found.offsets[:MOST_PIECES]
        ]
        return Pieces((_BEGIN, *ids, _END), ((0, 0), *spans, (0, 0)))
