"""Pure: what the pool and a recogniser process say to each other, as bytes.

A message is ``u32 header length, u32 body length, header (JSON), body``, little-endian. Only a
request has a body: its segments' samples, float32, one after the other.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from asr.errors import AsrError
from asr.types import Effort, RawTranscript, Samples

PREFIX: Final = struct.Struct("<II")
MAX_HEADER_BYTES: Final = 1 << 20
MAX_BODY_BYTES: Final = 64 << 20
"""32 segments of 30 s are 61 MB; anything longer is not one of our messages."""


class BrokenMessage(AsrError):  # noqa: N818 - named as a fact, like its siblings
    """The other side does not speak this protocol; it must be restarted."""


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """To a recogniser: turn these into words, in this order."""

    request_id: int
    batch: tuple[Samples, ...]
    effort: Effort = Effort.THOROUGH


@dataclass(frozen=True, slots=True)
class Ready:
    """From a recogniser: warm, and waiting for the first request."""

    model_name: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """From a recogniser: one transcript a segment, ``None`` where it could not be decoded."""

    request_id: int
    transcripts: tuple[RawTranscript | None, ...]
    resident_bytes: int = 0
    """The process's memory after the batch, by which the pool knows when to replace it."""


@dataclass(frozen=True, slots=True)
class GaveUp:
    """From a recogniser, before it ends: it cannot start, and why."""

    reason: str


Message = DecodeRequest | Ready | Decoded | GaveUp


def encode(message: Message) -> bytes:
    """Return *message* as bytes; a request's samples are copied here, once."""
    return b"".join(pieces(message))


def pieces(message: Message) -> list[bytes | memoryview]:
    """Return *message* in pieces to be sent one after the other; samples are not copied."""
    body: Sequence[memoryview] = ()
    match message:
        case DecodeRequest(request_id, batch, effort):
            header: dict[str, Any] = {
                "kind": "decode",
                "request_id": request_id,
                "sample_counts": [samples.size for samples in batch],
                "effort": effort.value,
            }
            body = [np.ascontiguousarray(samples, dtype="<f4").data.cast("B") for samples in batch]
        case Ready(model_name):
            header = {"kind": "ready", "model_name": model_name}
        case Decoded(request_id, transcripts, resident_bytes):
            header = {
                "kind": "decoded",
                "request_id": request_id,
                "transcripts": [asdict(t) if t is not None else None for t in transcripts],
                "resident_bytes": resident_bytes,
            }
        case GaveUp(reason):
            header = {"kind": "gave_up", "reason": reason}
    text = json.dumps(header, ensure_ascii=False).encode()
    return [PREFIX.pack(len(text), sum(part.nbytes for part in body)) + text, *body]


def lengths(prefix: bytes) -> tuple[int, int]:
    """Return how many bytes of header and body follow *prefix*.

    Raises:
        BrokenMessage: more than any message of ours has.
    """
    header_bytes, body_bytes = PREFIX.unpack(prefix)
    if header_bytes > MAX_HEADER_BYTES or body_bytes > MAX_BODY_BYTES:
        raise BrokenMessage("a message is longer than any that is sent")
    return header_bytes, body_bytes


def decode(header: bytes, body: bytes) -> Message:
    """Return the message that *header* and *body* hold; samples are views of *body*.

    Raises:
        BrokenMessage: they do not hold one.
    """
    try:
        return _message(json.loads(header), body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenMessage("a message could not be read") from error


def _message(header: dict[str, Any], body: bytes) -> Message:
    match header["kind"]:
        case "decode":
            counts = [int(count) for count in header["sample_counts"]]
            samples = np.frombuffer(body, dtype="<f4")
            if sum(counts) != samples.size or min(counts, default=0) < 0:
                raise ValueError("sample counts do not add up")
            ends = np.cumsum(counts, dtype=np.int64)[:-1]
            batch = tuple(np.split(samples, ends)) if counts else ()
            return DecodeRequest(int(header["request_id"]), batch, Effort(header["effort"]))
        case "ready":
            return Ready(str(header["model_name"]))
        case "decoded":
            return Decoded(
                int(header["request_id"]),
                tuple(_transcript(fields) for fields in header["transcripts"]),
                int(header["resident_bytes"]),
            )
        case "gave_up":
            return GaveUp(str(header["reason"]))
        case kind:
            raise ValueError(f"unknown kind {kind!r}")


def _transcript(fields: dict[str, Any] | None) -> RawTranscript | None:
    if fields is None:
        return None
    return RawTranscript(**{**fields, "hypotheses": tuple(fields["hypotheses"])})
