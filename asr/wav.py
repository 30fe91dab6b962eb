"""Adapter: reads and writes WAV files with the encodings of the telephone (PCM 16 bit, mu-law, A-law)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from asr.codec import decode, encode
from asr.errors import SoundFileInvalid
from asr.resampling import resample
from asr.types import Encoding, Samples
from asr.wav_head import ENCODINGS, UNKNOWN_SIZE, wav_head

_EXTENSIBLE: Final = 0xFFFE


@dataclass(frozen=True, slots=True)
class Wav:
    """A recording as it lies in the file."""

    encoding: Encoding
    rate_hz: int
    channel_count: int
    """1 or 2."""
    payload: bytes
    """Whole frames, channels interleaved: exactly what a carrier would send."""

    @property
    def frame_count(self) -> int:
        return len(self.payload) // (self.encoding.sample_bytes * self.channel_count)

    @property
    def duration_ms(self) -> int:
        return self.frame_count * 1000 // self.rate_hz

    def channels(self, rate_hz: int | None = None) -> tuple[Samples, ...]:
        """Return each channel's samples, at *rate_hz* or as recorded."""
        interleaved = decode(self.encoding, self.payload)
        wanted_hz = self.rate_hz if rate_hz is None else rate_hz
        return tuple(
            resample(np.ascontiguousarray(channel), self.rate_hz, wanted_hz)
            for channel in interleaved.reshape(-1, self.channel_count).T
        )


def read_wav(source: bytes | Path) -> Wav:
    """Return the recording in *source*, a file or its content.

    Raises:
        SoundFileInvalid: no such file, not a WAV file, cut short, or of a
            kind that is not read here; the message says which.
    """
    if isinstance(source, bytes):
        return _parse(source, "WAV data")
    try:
        content = source.read_bytes()
    except OSError as error:
        raise SoundFileInvalid(f"{source}: cannot be read ({error.strerror})") from error
    return _parse(content, str(source))


def wav_bytes(encoding: Encoding, rate_hz: int, channels: Sequence[Samples]) -> bytes:
    """Return a WAV file of *channels*, all of the same length.

    Raises:
        ValueError: the channels differ in length, or there are not one or two.
    """
    if len(channels) not in (1, 2) or len({len(channel) for channel in channels}) != 1:
        raise ValueError("one or two channels of the same length are needed")
    payload = encode(encoding, np.column_stack(channels).reshape(-1))
    head = wav_head(encoding, rate_hz, len(channels), len(channels[0]))
    return head + payload + b"\0" * (len(payload) % 2)


def write_mulaw_wav(path: Path, channels: Sequence[Samples], *, rate_hz: int = 8_000) -> None:
    """Write *channels* as mu-law, one byte a sample: what the telephone carries.

    Raises:
        ValueError: the channels differ in length, or there are not one or two.
    """
    path.write_bytes(wav_bytes(Encoding.MULAW, rate_hz, channels))


def _chunks(content: bytes, name: str) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    while position + 8 <= len(content):
        tag = content[position : position + 4]
        (size,) = struct.unpack_from("<I", content, position + 4)
        begin = position + 8
        if size == UNKNOWN_SIZE:
            size = len(content) - begin
        if begin + size > len(content):
            missing = begin + size - len(content)
            raise SoundFileInvalid(f"{name}: cut short, {missing} bytes are missing")
        yield tag, content[begin : begin + size]
        position = begin + size + size % 2


def _parse(content: bytes, name: str) -> Wav:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise SoundFileInvalid(f"{name}: not a WAV file")
    form: bytes | None = None
    for tag, body in _chunks(content, name):
        if tag == b"fmt ":
            form = body
        elif tag == b"data":
            if form is None:
                raise SoundFileInvalid(f"{name}: the sound comes before its format")
            return _described(form, body, name)
    raise SoundFileInvalid(f"{name}: holds no sound")


def _described(form: bytes, payload: bytes, name: str) -> Wav:
    if len(form) < 16:
        raise SoundFileInvalid(f"{name}: its format is cut short")
    tag, channel_count, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if tag == _EXTENSIBLE and len(form) >= 26:
        # The real tag opens the 16-byte identifier behind the extension's first 8 bytes.
        (tag,) = struct.unpack_from("<H", form, 24)
    encoding = ENCODINGS.get((tag, bits))
    if encoding is None:
        raise SoundFileInvalid(
            f"{name}: format {tag} with {bits} bits is not read; save it as PCM 16 bit, "
            "mu-law or A-law"
        )
    if channel_count not in (1, 2):
        raise SoundFileInvalid(f"{name}: {channel_count} channels; only one or two are read")
    if rate_hz == 0:
        raise SoundFileInvalid(f"{name}: its sample rate is 0")
    if len(payload) % (encoding.sample_bytes * channel_count):
        raise SoundFileInvalid(f"{name}: the sound ends in the middle of a sample")
    return Wav(encoding, rate_hz, channel_count, payload)
