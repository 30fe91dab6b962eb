"""Glue: the smallest files that are a Whisper model to whoever reads only what they say of themselves."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path

FLOAT16 = 4
TOKENS = [
    *(f"w{number}" for number in range(51_860)),
    "<|ja|>",
    "<|en|>",
    "<|yue|>",
    "<|nospeech|>",
]


def model_file(
    shapes: Mapping[str, tuple[int, ...]], *, kind: str = "WhisperSpec", version: int = 6
) -> bytes:
    """Return a ``model.bin`` whose variables have *shapes*, in half precision and all zero."""
    head = struct.pack("<I", version) + _text(kind) + struct.pack("<II", 3, len(shapes))
    aliases = struct.pack("<I", 0)
    return head + b"".join(_variable(*each) for each in shapes.items()) + aliases


def shapes(*, mel_bands: int = 80, token_count: int = 51_865) -> dict[str, tuple[int, ...]]:
    layers = [f"encoder/layer_{n}/ffn/weight" for n in range(3)] + ["decoder/layer_0/ffn/weight"]
    return {
        "decoder/scale_embeddings": (),
        "encoder/conv1/weight": (2, mel_bands, 3),
        "encoder/layer_norm/gamma": (2,),
        **dict.fromkeys(layers, (2, 2)),
        "decoder/embeddings/weight": (token_count, 2),
    }


def write_model(directory: Path, *, mel_bands: int = 80, token_count: int = 51_865) -> Path:
    directory.mkdir(parents=True)
    described = shapes(mel_bands=mel_bands, token_count=token_count)
    (directory / "model.bin").write_bytes(model_file(described))
    (directory / "config.json").write_text("{}", encoding="utf-8")
    (directory / "vocabulary.json").write_text(json.dumps(TOKENS), encoding="utf-8")
    return directory


def _variable(name: str, shape: tuple[int, ...]) -> bytes:
    size = 2 * math.prod(shape)
    described = struct.pack(f"<B{len(shape)}IBI", len(shape), *shape, FLOAT16, size)
    return _text(name) + described + bytes(size)


def _text(value: str) -> bytes:
    written = value.encode() + b"\0"
    return struct.pack("<H", len(written)) + written
