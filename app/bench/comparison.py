"""Glue: two decoders over the same sound, turn about, so that a noisy machine is noisy for both."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from app.bench.certainty import RESAMPLES, difference
from app.bench.recordings import Recording
from asr.types import MODEL_RATE_HZ
from detection.measures import Share, character_errors, total

AT_ONCE: Final = 32
"""Recordings decoded by one before the other has its turn."""
_SEED: Final = 32


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a decoder made of one recording."""

    text: str
    doubtful: bool = False


Decode = Callable[[Sequence[Recording]], list[Hearing]]


def stock_decode(model: Any, *, beam_size: int) -> Decode:  # noqa: ANN401 - faster-whisper is untyped
    """Return what stock faster-whisper makes of each recording alone, as its users call it."""

    def decode(recordings: Sequence[Recording]) -> list[Hearing]:
        hearings = []
        for recording in recordings:
            segments, _ = model.transcribe(
                recording.samples,
                language="ja",
                beam_size=beam_size,
                temperature=0.0,
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            hearings.append(Hearing("".join(segment.text for segment in segments)))
        return hearings

    return decode


@dataclass(frozen=True, slots=True)
class Measured:
    """One decoder's words and what they cost."""

    hearings: dict[str, Hearing]
    """By utterance id, of the first round."""
    spent_seconds: list[list[float]]
    """Processor seconds of each share of the recordings, in each round."""

    def core_seconds(self) -> float:
        """All recordings once: each share at its median, so that a burst of other work falls out."""
        return sum(median(rounds) for rounds in self.spent_seconds)

    def of_round(self, index: int) -> float:
        return sum(rounds[index] for rounds in self.spent_seconds)


def compare(
    recordings: Sequence[Recording],
    decoders: Mapping[str, Decode],
    rounds: int,
    on_progress: Callable[[float], None],
    clock: Callable[[], float] = time.process_time,
) -> dict[str, Measured]:
    """Have every decoder decode all recordings *rounds* times; *clock* tells processor seconds.

    Shares are mixed in length, whatever the order of the file: a list that begins with
    its short sentences would make batches more alike than those of live calls.
    """
    mixed = random.Random(_SEED).sample(recordings, len(recordings))  # noqa: S311 - no secret
    shares = [mixed[begin : begin + AT_ONCE] for begin in range(0, len(mixed), AT_ONCE)]
    measured = {name: Measured({}, [[] for _ in shares]) for name in decoders}
    for turn in range(rounds):
        # Who comes first finds the caches cold: that changes with every round.
        order = list(decoders)[:: -1 if turn % 2 else 1]
        for place, share in enumerate(shares):
            for name in order:
                before = clock()
                hearings = decoders[name](share)
                measured[name].spent_seconds[place].append(clock() - before)
                for recording, hearing in zip(share, hearings, strict=True):
                    measured[name].hearings.setdefault(recording.utterance_id, hearing)
            on_progress((turn + (place + 1) / len(shares)) / rounds)
    return measured


def report(
    recordings: Sequence[Recording], ours: Measured, stock: Measured, rounds: int
) -> dict[str, Any]:
    """Return the figures of ``mimamori bench asr``."""
    sound_seconds = sum(len(r.samples) for r in recordings) / MODEL_RATE_HZ
    errors = {"ours": _errors(recordings, ours), "stock": _errors(recordings, stock)}
    capped = {name: [_capped(share) for share in shares] for name, shares in errors.items()}
    figures = {
        name: {
            "core_seconds_per_second": round(measured.core_seconds() / sound_seconds, 5),
            "by_round": [round(measured.of_round(i) / sound_seconds, 5) for i in range(rounds)],
            "cer": round(total(errors[name]).rate or 0.0, 4),
            "cer_capped": round(total(capped[name]).rate or 0.0, 4),
        }
        for name, measured in (("ours", ours), ("stock", stock))
    }
    figures["ours"]["doubtful"] = sum(hearing.doubtful for hearing in ours.hearings.values())
    return {
        "recordings": len(recordings),
        "sound_seconds": round(sound_seconds, 1),
        "rounds": rounds,
        **figures,
        "times_cheaper": round(stock.core_seconds() / max(ours.core_seconds(), 1e-9), 2),
        "cer_difference": _difference(recordings, errors),
        "cer_capped_difference": _difference(recordings, capped),
    }


def _capped(errors: Share) -> Share:
    """Count a sentence as wholly wrong at most.

    One decode that runs away writes hundreds of letters: in the plain rate it outweighs
    everything that was heard well or badly in the other sentences.
    """
    return Share(min(errors.count, errors.of), errors.of)


def _difference(
    recordings: Sequence[Recording], errors: Mapping[str, Sequence[Share]]
) -> dict[str, Any]:
    apart = difference(
        _by_sentence(recordings, errors["ours"]), _by_sentence(recordings, errors["stock"])
    )
    return {
        "ours_minus_stock": round(apart.rate, 4),
        "low": round(apart.low, 4),
        "high": round(apart.high, 4),
        "resamples": RESAMPLES,
        "clear": apart.is_clear,
    }


def _by_sentence(recordings: Sequence[Recording], errors: Sequence[Share]) -> list[Share]:
    """Add up the recordings of one sentence: said in three noises it is still one sentence."""
    said: dict[str, list[Share]] = {}
    for recording, share in zip(recordings, errors, strict=True):
        said.setdefault(recording.text, []).append(share)
    return [total(shares) for shares in said.values()]


def _errors(recordings: Sequence[Recording], measured: Measured) -> list[Share]:
    return [
        character_errors(recording.text, measured.hearings[recording.utterance_id].text)
        for recording in recordings
    ]
