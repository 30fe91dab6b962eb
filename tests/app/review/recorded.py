"""Glue: recordings of ended calls, sealed as the server seals them: a tone for each side while it speaks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from app.ledger import Entry
from app.models import Call
from app.recordings.chunks import Kind, Run
from app.recordings.library import key_place
from app.recordings.models import Recording
from app.recordings.sealed_file import ChunkSeal
from app.recordings.tape import Tape
from app.services import Services
from asr.codec import encode
from asr.types import Encoding
from tests.app.review.filled import Filling

RATE_HZ: Final = 8_000
KEY_BYTES: Final = 32
TONE_HZ: Final = (300, 520)
Hole = tuple[Kind, int, int]
"""From millisecond to millisecond there is no sound, and why."""


async def add_recording(
    services: Services, call_id: str, filling: Filling, holes: Sequence[Hole] = ()
) -> None:
    """Record the call that ``add_ended_call`` has written."""
    key, file = os.urandom(KEY_BYTES), f"{secrets.token_hex(16)}.rec"
    tape = Tape.begin(services.settings.recordings_folder / file, ChunkSeal(call_id, key), RATE_HZ)
    for run in _runs(filling.minutes * 60_000, filling, holes):
        tape.append([run])
    tape.end()
    tape.close()
    sealed = services.record_keys.seal(key, key_place(call_id))
    now = services.clock.now()

    async def change(entry: Entry) -> None:
        call = await entry.session.get(Call, call_id)
        assert call is not None
        entry.session.add(
            Recording(
                call_id=call_id,
                file=file,
                key_id=sealed.key_id,
                sealed_key=sealed.box,
                begun_at=call.started_at,
                closed_at=now,
                chunks=tape.chunks,
                samples=tape.position,
            )
        )

    await services.ledger.write(change)


def _runs(duration_ms: int, filling: Filling, holes: Sequence[Hole]) -> Iterator[Run]:
    edges = sorted({0, duration_ms, *(at for _, begin, end in holes for at in (begin, end))})
    minute = _minute(filling)
    for begin_ms, end_ms in pairwise(edges):
        kind = next((kind for kind, begin, end in holes if begin <= begin_ms < end), Kind.SOUND)
        if kind is not Kind.SOUND:
            first, end = begin_ms * 8, end_ms * 8
            yield Run(kind, first, end - first)
            continue
        for at_ms in range(begin_ms, end_ms, 60_000):
            first, end = at_ms * 8, min(at_ms + 60_000, end_ms) * 8
            yield Run(Kind.SOUND, first, end - first, minute[: (end - first) * 2])


def _minute(filling: Filling) -> bytes:
    """Return one minute of both sides in turn, interleaved, as the telephone carries it."""
    seconds = np.arange(60 * RATE_HZ) / RATE_HZ
    turn_s = filling.minutes * 60 / filling.utterances
    turns = (seconds // turn_s).astype(np.int64)
    speaking = (seconds % turn_s) < turn_s * 0.8
    both = np.zeros((len(seconds), 2))
    for place, tone_hz in enumerate(TONE_HZ):
        loud = 0.25 + 0.2 * np.sin(2 * np.pi * seconds / 7)
        both[:, place] = (
            np.sin(2 * np.pi * tone_hz * seconds) * loud * (turns % 2 == place) * speaking
        )
    return encode(Encoding.MULAW, both.reshape(-1).astype(np.float32))
