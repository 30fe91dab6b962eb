"""Glue: a sentence spoken, sent down the simulated line and recognised on the product's own road. Development only.

What a sentence sounds like depends on its text and the voice alone. What is heard of it depends a little on
what shares its batch (docs/recognition.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final

import numpy as np

from app.bench.asr import whisper_config
from app.bootstrap import open_voice_activity, prepare_model
from app.evaluation.listening import segments_of
from app.settings import Settings
from asr.plausibility import is_silence, judge, letters_of
from asr.recogniser import decode_all
from asr.resampling import resample
from asr.types import Effort, Encoding, Samples, SpeechSegment, Transcript
from asr.wav import Wav, read_wav, wav_bytes
from asr.whisper import WhisperModel
from detection.corpus_files import Heard, text_key
from detection.measures import character_errors
from scripts.hts_voice import HALF_TONES, NAME, RISE_DB, SIZE, spoken_by_hts
from scripts.make_telephone_speech import (
    SENTENCE_PAUSE_MS,
    SENTENCES,
    Manner,
    Sentence,
    manner_of,
    read_sentences,
    telephoned,
)
from scripts.telephone_speech import LINE_HZ, VOICE_HZ, faded, spoken

VOICES: Final = ("hts", "kokoro")
_SEED: Final = 51
_BEHIND: Final = 8
"""So many sentences of a list that nothing is trained on are what others say in the background."""
_SHORTEST_SAMPLES: Final = LINE_HZ // 20
_NO_WORDS: Final = Transcript(text="", confidence=0.0)


class Speaker:
    """Speaks texts with one synthesiser, each in a manner that its own letters decide."""

    def __init__(self, voice: str) -> None:
        self._voice = voice
        sentences = read_sentences(SENTENCES / "choose.txt")[:_BEHIND]
        self._others = [self._speak(sentence.say)[0] for sentence in sentences]

    def telephoned(self, text: str) -> Wav | None:
        """Return *text* as the far end of the line hears it; ``None`` if there is nothing to say aloud."""
        speech, manner, rng = self._speak(text)
        if len(speech) < _SHORTEST_SAMPLES or not speech.any():
            return None
        heard = telephoned(speech, manner, self._others, rng)
        return read_wav(wav_bytes(Encoding.MULAW, LINE_HZ, [heard]))

    def _speak(self, text: str) -> tuple[Samples, Manner, np.random.Generator]:
        number = int(text_key(text), 16)
        rng = np.random.default_rng([_SEED, VOICES.index(self._voice), number])
        manner = manner_of(Sentence(text, text), number, rng)
        if self._voice == "hts":
            manner = replace(manner, voice=NAME, pitch=round(rng.uniform(*SIZE), 2))
            sound = spoken_by_hts(
                text,
                speed=manner.speed,
                size=manner.pitch,
                half_tones=round(rng.uniform(*HALF_TONES), 1),
                rise_db=round(rng.uniform(*RISE_DB), 1),
            )
        else:
            sound = spoken(
                text,
                manner.voice,
                speed=manner.speed,
                pitch=manner.pitch,
                sentence_pause_ms=SENTENCE_PAUSE_MS,
            )
        return resample(faded(sound), VOICE_HZ, LINE_HZ), manner, rng


@dataclass(frozen=True, slots=True)
class _Piece:
    """One segment of one of the texts."""

    place: int
    segment: SpeechSegment


class Hearing:
    """Voice, line, segmenter and recogniser in one process, on one core."""

    def __init__(self, voice: str) -> None:
        settings = Settings()
        model = prepare_model(settings)
        self._speaker = Speaker(voice)
        self._new_voice_activity = open_voice_activity()
        self._model = WhisperModel(model.path, name=model.name, config=whisper_config(settings.asr))
        self._batch_size = settings.asr.batch_size

    def hear(self, texts: Sequence[str]) -> list[Heard | None]:
        """Return what is heard of each of *texts*; ``None`` where the recogniser gave up on a part."""
        pieces = [
            _Piece(place, segment)
            for place, text in enumerate(texts)
            if (wav := self._speaker.telephoned(text)) is not None
            for segment in segments_of(wav, self._new_voice_activity())
        ]
        # Neighbours in length share a window, as the pool's queue has it.
        by_length = sorted(range(len(pieces)), key=lambda at: pieces[at].segment.duration_ms)
        transcripts: list[Transcript | None] = [_NO_WORDS] * len(pieces)
        loud = [at for at in by_length if not is_silence(pieces[at].segment.samples)]
        for begin in range(0, len(loud), self._batch_size):
            batch = loud[begin : begin + self._batch_size]
            said = self._recognised([pieces[at].segment for at in batch])
            for at, transcript in zip(batch, said, strict=True):
                transcripts[at] = transcript
        heard: list[list[Transcript | None]] = [[] for _ in texts]
        for piece, transcript in zip(pieces, transcripts, strict=True):
            heard[piece.place].append(transcript)
        return [
            None if None in parts else joined(text, [part for part in parts if part is not None])
            for text, parts in zip(texts, heard, strict=True)
        ]

    def _recognised(self, segments: Sequence[SpeechSegment]) -> list[Transcript | None]:
        decoded = decode_all(
            self._model, [segment.samples for segment in segments], Effort.THOROUGH
        )
        return [
            judge(
                raw,
                duration_ms=segment.duration_ms,
                voice_ratio=segment.voice_ratio,
                model_name=self._model.name,
            )
            if raw is not None
            else None
            for raw, segment in zip(decoded, segments, strict=True)
        ]


def joined(said: str, transcripts: Iterable[Transcript]) -> Heard:
    """Return the segments of one text as a whole: their readings one after the other, best with best.

    The confidence is the segments' mean, weighed by their letters.
    """
    parts = [transcript for transcript in transcripts if transcript.text]
    text = "".join(part.text for part in parts)
    letters = [max(1, len(letters_of(part.text))) for part in parts]
    sure = sum(part.confidence * count for part, count in zip(parts, letters, strict=True))
    # Where a segment has fewer readings than another, its first stands in.
    columns = zip_longest(*(part.hypotheses for part in parts))
    others = dict.fromkeys(
        "".join(other or part.text for other, part in zip(column, parts, strict=True))
        for column in columns
    )
    others.pop(text, None)
    errors = character_errors(said, text).rate
    return Heard(errors or 0.0, sure / sum(letters) if parts else 0.0, text, tuple(others))
