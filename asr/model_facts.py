"""Adapter: what a model's files say of it, without loading it: half a copy is found before a call is.

Reads the heads of the variables in ``model.bin`` as CTranslate2 writes them, and none of the weights.
"""

from __future__ import annotations

import json
import mmap
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from asr.errors import ModelCorrupt
from asr.trimmed_model import TRIM_AT_MOST_BYTES

_LAYOUT_VERSION: Final = 6
_KIND: Final = "WhisperSpec"
_POINTER: Final = b"version https://git-lfs"
_TYPES: Final = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
_LANGUAGE: Final = re.compile(r"<\|([a-z]{2,3})\|>")
_MULTILINGUAL_TOKENS: Final = 51_865
"""Models for English alone name the languages too, but have a token less than this."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    size_bytes: int
    """Of ``model.bin``."""
    parameters: int
    stored_as: str
    """Precision of most of the weights in the file, such as ``float16``."""
    mel_bands: int
    """80 or 128; the recogniser follows it by itself."""
    token_count: int
    encoder_layers: int
    decoder_layers: int
    languages: tuple[str, ...]
    """Which it has a mark for; how well it knows them is another matter."""

    @property
    def japanese(self) -> bool:
        return "ja" in self.languages

    @property
    def trimmed(self) -> bool:
        """Whether tokens of other languages are left out when it is loaded."""
        return self.size_bytes <= TRIM_AT_MOST_BYTES


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    shape: tuple[int, ...]
    type_name: str
    byte_count: int

    @property
    def value_count(self) -> int:
        count = 1
        for length in self.shape:
            count *= length
        return count


def read_facts(directory: Path) -> ModelFacts | None:
    """Return what the model in *directory* is; ``None`` when its layout is not known here.

    Raises:
        ModelCorrupt: it is not whole, or no Whisper model.
    """
    path = directory / "model.bin"
    try:
        with path.open("rb") as file:
            if file.read(len(_POINTER)) == _POINTER:
                raise ModelCorrupt(
                    f"{path} is only the pointer that Git LFS left: run git lfs pull in {directory}"
                )
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                variables = _variables(memoryview(content), path)
        languages = _languages(directory)
    except struct.error as error:
        raise ModelCorrupt(f"{path} ends too early: copy or fetch it again") from error
    except (OSError, ValueError) as error:
        # An empty file cannot be mapped (ValueError); neither message says what to do.
        raise ModelCorrupt(f"{directory} cannot be read: copy or fetch it again") from error
    return None if variables is None else _facts(variables, path.stat().st_size, languages)


def _variables(content: memoryview, path: Path) -> list[_Variable] | None:
    try:
        (version,) = struct.unpack_from("<I", content, 0)
        if version != _LAYOUT_VERSION:
            return None
        kind, at = _text(content, 4)
        if kind != _KIND:
            raise ModelCorrupt(
                f"{path} is a CTranslate2 model, but not Whisper: set MIMAMORI_ASR__MODEL to a "
                "Whisper model"
            )
        return list(_walk(content, at))
    finally:
        content.release()


def _walk(content: memoryview, at: int) -> Iterator[_Variable]:
    _, count = struct.unpack_from("<II", content, at)
    at += 8
    for _ in range(count):
        name, at = _text(content, at)
        (rank,) = struct.unpack_from("<B", content, at)
        shape = struct.unpack_from(f"<{rank}I", content, at + 1)
        type_id, byte_count = struct.unpack_from("<BI", content, at + 1 + 4 * rank)
        at += 6 + 4 * rank + byte_count
        if at > len(content):
            raise struct.error("the weights end too early")
        yield _Variable(name, shape, _TYPES[type_id] if type_id < len(_TYPES) else "?", byte_count)


def _text(content: memoryview, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<H", content, at)
    end = at + 2 + length
    return bytes(content[at + 2 : end]).rstrip(b"\0").decode("utf-8", errors="replace"), end


def _facts(
    variables: list[_Variable], size_bytes: int, languages: tuple[str, ...]
) -> ModelFacts | None:
    shapes = {variable.name: variable.shape for variable in variables}
    embeddings, first = shapes.get("decoder/embeddings/weight"), shapes.get("encoder/conv1/weight")
    if not embeddings or not first or len(first) < 2:
        return None
    weights = Counter[str]()
    for variable in variables:
        weights[variable.type_name] += variable.byte_count
    return ModelFacts(
        size_bytes=size_bytes,
        parameters=sum(variable.value_count for variable in variables if variable.shape),
        stored_as=weights.most_common(1)[0][0],
        mel_bands=first[1],
        token_count=embeddings[0],
        encoder_layers=_layers(shapes, "encoder"),
        decoder_layers=_layers(shapes, "decoder"),
        languages=languages if embeddings[0] >= _MULTILINGUAL_TOKENS else ("en",),
    )


def _layers(names: dict[str, tuple[int, ...]], part: str) -> int:
    numbered = re.compile(rf"{part}/(layer_\d+)/")
    return len({match[1] for name in names if (match := numbered.match(name))})


def _languages(directory: Path) -> tuple[str, ...]:
    as_json = directory / "vocabulary.json"
    if as_json.is_file():
        tokens = [str(token) for token in json.loads(as_json.read_text(encoding="utf-8"))]
    else:
        # Not splitlines(): a token may be one of the characters that Unicode calls a line end.
        tokens = (directory / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
    found = (_LANGUAGE.fullmatch(token) for token in tokens)
    return tuple(sorted(match[1] for match in found if match))
