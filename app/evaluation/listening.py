"""Glue: what the recogniser makes of recorded utterances, on the same road as a live call's sound.

Framer, voice activity, segmenter and transcriber are the product's own, so the figures
hold for it; only the socket and the waiting are left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

import anyio

from app.errors import BadRequest
from app.evaluation.cases import UtteranceCase
from app.evaluation.running import Advance, Heard
from asr.codec import encode
from asr.errors import SoundFileInvalid, TranscriptionFailed
from asr.framing import Framer
from asr.ports import Transcriber, VoiceActivityModel
from asr.segmenter import Segmenter
from asr.types import MODEL_RATE_HZ, AudioFormat, Encoding, Rank, SpeechSegment, Urgency
from asr.wav import Wav, read_wav

FILES_AT_ONCE: Final = 8
"""Enough to fill the recogniser's batches, few enough that nothing is shed."""
_CARRIER_RATES_HZ: Final = (8_000, 16_000)


@dataclass(frozen=True, slots=True)
class Listened:
    """What was heard of one recording."""

    pieces: tuple[Heard, ...]
    """One for each segment that held words."""
    segments_lost: int = 0
    """Segments that the recogniser gave up: loss is counted, not hidden."""

    @property
    def transcript(self) -> str:
        return "".join(piece.text for piece in self.pieces)


Recognise = Callable[[Wav], Awaitable[Listened]]


def recogniser(
    transcriber: Transcriber, new_voice_activity: Callable[[], VoiceActivityModel]
) -> Recognise:
    """Return what turns a recording into words by way of *transcriber*."""
    numbers = count()

    async def recognise(wav: Wav) -> Listened:
        # A line of its own: recordings are heard beside each other, not one after the other.
        urgency = Urgency(f"recording {next(numbers)}", Rank.CALLER)
        pieces, lost = list[Heard](), 0
        for segment in await anyio.to_thread.run_sync(segments_of, wav, new_voice_activity()):
            try:
                heard = await transcriber.transcribe(segment, urgency=urgency)
            except TranscriptionFailed:
                lost += 1
                continue
            if heard.text:
                pieces.append(Heard(heard.text, heard.confidence, heard.hypotheses))
        return Listened(tuple(pieces), lost)

    return recognise


def segments_of(wav: Wav, voice_activity: VoiceActivityModel) -> list[SpeechSegment]:
    """Cut the first track of *wav* as a live call's would be; the second is not listened to."""
    framer, payload = _framed(wav)
    segmenter = Segmenter()
    finished = [
        segmenter.feed(window, voice_activity.probability(window.samples))
        for track, window in [*framer.feed(payload), *framer.flush()]
        if track == 0
    ]
    return [segment for segment in [*finished, segmenter.flush()] if segment is not None]


def _framed(wav: Wav) -> tuple[Framer, bytes]:
    if wav.rate_hz in _CARRIER_RATES_HZ:
        return Framer(AudioFormat(wav.encoding, wav.rate_hz, wav.channel_count)), wav.payload
    first = wav.channels(MODEL_RATE_HZ)[0]
    audio_format = AudioFormat(Encoding.PCM_S16LE, MODEL_RATE_HZ, 1)
    return Framer(audio_format), encode(Encoding.PCM_S16LE, first)


async def listen_to_all(
    cases: Sequence[UtteranceCase], folder: Path, recognise: Recognise, advance: Advance
) -> list[Listened]:
    """Return what was heard of each of *cases*, in their order.

    Raises:
        BadRequest: a recording is missing or cannot be read.
    """
    heard: dict[str, Listened] = {}
    slots = anyio.CapacityLimiter(FILES_AT_ONCE)

    async def listen(case: UtteranceCase) -> None:
        async with slots:
            heard[case.id] = await recognise(read_recording(folder, case.id))
            advance()

    async with anyio.create_task_group() as tasks:
        for case in cases:
            tasks.start_soon(listen, case)
    return [heard[case.id] for case in cases]


def refuse_missing(cases: Sequence[UtteranceCase], folder: Path) -> None:
    """Read every recording once, before the recogniser is started and the slow work begins.

    Raises:
        BadRequest: one is missing or cannot be read; the message names it.
    """
    for case in cases:
        read_recording(folder, case.id)


def read_recording(folder: Path, case_id: str) -> Wav:
    path = folder / f"{case_id}.wav"
    if Path(case_id).name != case_id:
        raise BadRequest("evaluation_id_unusable", f"{case_id!r} は音声のファイル名にできません")
    try:
        return read_wav(path)
    except SoundFileInvalid as error:
        raise BadRequest("evaluation_sound_invalid", f"音声を読めません: {error}") from error
