"""Glue: sentences and recordings as a telephone carries them, to measure recognition with. Development only.

    .venv/bin/python -m scripts.make_telephone_speech choose OUT    settings are chosen on these sentences
    .venv/bin/python -m scripts.make_telephone_speech report OUT    figures are reported on these
    .venv/bin/python -m scripts.make_telephone_speech line IN OUT   recordings of real voices on the same line

Writes ``<id>.wav`` (mu-law, 8 kHz) and ``utterances.jsonl``, as ``mimamori bench asr`` and ``mimamori
evaluate audio`` read them. Labels are empty: the sentences measure hearing, not judging. Each sentence
draws its voice, pace, loudness and noise from its own number, so the same lists make the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
from rich.console import Console
from rich.progress import track

from asr.resampling import resample
from asr.types import Samples
from asr.wav import read_wav, write_mulaw_wav
from scripts.telephone_speech import (
    LINE_HZ,
    VOICE_HZ,
    VOICES,
    active_rms,
    faded,
    in_band,
    room,
    shaped_noise,
    spoken,
)

SENTENCES: Final = Path(__file__).parent / "spoken_sentences"
SHOUT: Final = "！"
SEEDS: Final = {"choose": 31, "report": 32}

SPEED: Final = (0.85, 1.25)
SHOUTED_SPEED: Final = (1.0, 1.25)
LONG_LETTERS: Final = 33
LONG_SPEED: Final = (0.97, 1.25)
"""Who has much to say says it no slower; a live call's sentences are cut at 8 s."""
PITCH: Final = (0.94, 1.06)
LEVEL_DBFS: Final = (-30.0, -12.0)
SHOUTED_LEVEL_DBFS: Final = (-18.0, -12.0)
CLIP_OVER_RMS: Final = (1.6, 2.8)
"""Where the handset of someone who shouts overloads; speech that is not cut peaks at four to five times."""
SNR_DB: Final = (10.0, 28.0)
BACKGROUNDS: Final = ("line", "line", "room", "room", "babble")
BEHIND_SHARE: Final = (0.4, 0.8)
"""Of the noise's power that comes from the place, where the rest is hiss of the line."""
BABBLE_VOICES: Final = (4, 7)
LEAD_MS: Final = (250, 350)
TAIL_MS: Final = (200, 350)
"""Round the words: about what is kept round a sentence of a live call."""
SENTENCE_PAUSE_MS: Final = 250
RECORDING_LEVEL_DBFS: Final = -22.0


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    say: str
    """What the synthesiser reads."""

    @property
    def shouted(self) -> bool:
        return SHOUT in self.text


@dataclass(frozen=True, slots=True)
class Manner:
    """How one sentence is said, and what the line makes of it."""

    voice: str
    speed: float
    pitch: float
    level_dbfs: float
    """Of the speech inside the band, while it lasts."""
    clip_over_rms: float | None
    snr_db: float | None
    """None adds nothing: the band and mu-law are all there is of the line."""
    background: str
    behind_share: float
    lead_ms: int
    tail_ms: int


def read_sentences(path: Path) -> list[Sentence]:
    """Return the sentences of a list; ``#`` begins a comment, a tab what is read instead."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    texts = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Sentence(parts[0], parts[-1]) for parts in texts]


def manner_of(sentence: Sentence, index: int, rng: np.random.Generator) -> Manner:
    """Draw how the sentence at *index* of its list is said; the voices take turns."""
    shouted = sentence.shouted
    background = str(rng.choice(BACKGROUNDS))
    return Manner(
        voice=VOICES[index % len(VOICES)],
        speed=round(rng.uniform(*_speeds(sentence)), 3),
        pitch=round(rng.uniform(*PITCH), 3),
        level_dbfs=round(rng.uniform(*(SHOUTED_LEVEL_DBFS if shouted else LEVEL_DBFS)), 1),
        clip_over_rms=round(rng.uniform(*CLIP_OVER_RMS), 2) if shouted else None,
        snr_db=round(rng.uniform(*SNR_DB), 1),
        background=background,
        behind_share=0.0 if background == "line" else round(rng.uniform(*BEHIND_SHARE), 2),
        lead_ms=int(rng.integers(*LEAD_MS)),
        tail_ms=int(rng.integers(*TAIL_MS)),
    )


def _speeds(sentence: Sentence) -> tuple[float, float]:
    if sentence.shouted:
        return SHOUTED_SPEED
    return LONG_SPEED if len(sentence.text) >= LONG_LETTERS else SPEED


def telephoned(
    speech: Samples, manner: Manner, others: Sequence[Samples], rng: np.random.Generator
) -> Samples:
    """Return 8 kHz *speech* as the far end hears it; *others* talk in the background of a babble."""
    loud = speech / active_rms(speech, LINE_HZ)
    if manner.clip_over_rms is not None:
        loud = np.clip(loud, -manner.clip_over_rms, manner.clip_over_rms)
    silence = LINE_HZ * manner.lead_ms // 1000, LINE_HZ * manner.tail_ms // 1000
    carried = in_band(np.pad(loud, silence))
    level = 10 ** (manner.level_dbfs / 20)
    heard = carried * (level / active_rms(carried.astype(np.float32), LINE_HZ))
    if manner.snr_db is not None:
        noise = _noise(len(heard), manner, others, rng)
        heard = heard + noise * level * 10 ** (-manner.snr_db / 20)
    return np.clip(heard, -1.0, 1.0).astype(np.float32)


def _noise(
    samples: int, manner: Manner, others: Sequence[Samples], rng: np.random.Generator
) -> Samples:
    """Noise of RMS 1, of the line and of the place."""
    hiss = shaped_noise(samples, 0.0, rng)
    if manner.background == "line":
        return hiss
    # A second more than needed: even behind 「はい」 there is a room.
    behind = room(samples + LINE_HZ, rng)[:samples]
    if manner.background == "babble":
        behind = _of_rms_1(behind) * np.float32(0.3) + _babble(samples, others, rng)
    behind = _of_rms_1(in_band(behind).astype(np.float32))
    share = manner.behind_share
    return _of_rms_1(np.float32(share**0.5) * behind + np.float32((1 - share) ** 0.5) * hiss)


def _babble(samples: int, others: Sequence[Samples], rng: np.random.Generator) -> Samples:
    """Several of *others* at once, RMS 1: nobody's words can be made out."""
    talkers = int(rng.integers(*BABBLE_VOICES))
    together = np.zeros(samples, dtype=np.float32)
    for index in rng.choice(len(others), min(talkers, len(others)), replace=False):
        talk = others[int(index)] / active_rms(others[int(index)], LINE_HZ)
        rotated = np.roll(talk, int(rng.integers(len(talk))))
        together += np.resize(rotated, samples) * rng.uniform(0.5, 1.0)
    return _of_rms_1(together)


def _of_rms_1(samples: Samples) -> Samples:
    scaled: Samples = samples / np.float32(np.sqrt(np.mean(np.square(samples))))
    return scaled


def utterance_line(utterance_id: str, text: str, manner: Manner, samples: int) -> dict[str, Any]:
    return {
        "id": utterance_id,
        "text": text,
        "labels": [],
        "severity": 0,
        "kind": "legitimate",
        "seconds": round(samples / LINE_HZ, 2),
        **asdict(manner),
    }


def render_list(name: str, out: Path) -> list[dict[str, Any]]:
    """Render a list of sentences into *out*; return its lines."""
    sentences = read_sentences(SENTENCES / f"{name}.txt")
    rngs = [np.random.default_rng([SEEDS[name], index]) for index in range(len(sentences))]
    manners = [manner_of(s, i, rng) for i, (s, rng) in enumerate(zip(sentences, rngs, strict=True))]
    voices = [
        _voice(sentence, manner)
        for sentence, manner in _shown(list(zip(sentences, manners, strict=True)), "speak")
    ]
    lines = []
    for index, (sentence, manner) in _shown(
        list(enumerate(zip(sentences, manners, strict=True))), "line"
    ):
        others = voices[:index] + voices[index + 1 :]
        heard = telephoned(voices[index], manner, others, rngs[index])
        utterance_id = f"{name}-{index + 1:03}"
        write_mulaw_wav(out / f"{utterance_id}.wav", [heard])
        lines.append(utterance_line(utterance_id, sentence.text, manner, len(heard)))
    return lines


def _voice(sentence: Sentence, manner: Manner) -> Samples:
    sound = spoken(
        sentence.say,
        manner.voice,
        speed=manner.speed,
        pitch=manner.pitch,
        sentence_pause_ms=SENTENCE_PAUSE_MS,
    )
    return resample(faded(sound), VOICE_HZ, LINE_HZ)


def read_transcripts(folder: Path) -> list[tuple[str, str]]:
    """Return file stem and text of ``transcripts.tsv`` (file, text) or ``utterances.jsonl`` (id, text)."""
    table = folder / "transcripts.tsv"
    if table.is_file():
        with table.open(encoding="utf-8", newline="") as rows:
            return [
                (Path(row["file"]).stem, row["text"])
                for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE)
            ]
    listed = (folder / "utterances.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["id"], row["text"]) for row in map(json.loads, filter(str.strip, listed))]


def render_recordings(
    folder: Path, out: Path, snrs_db: Sequence[float | None]
) -> list[dict[str, Any]]:
    """Pass each recording of *folder* through the line once at each SNR; return the lines."""
    recordings = [
        (stem, text, read_wav(folder / f"{stem}.wav").channels(LINE_HZ)[0])
        for stem, text in read_transcripts(folder)
    ]
    lines = []
    for index, (stem, text, speech) in enumerate(_shown(recordings, "line")):
        others = [other for at, (_, _, other) in enumerate(recordings) if at != index]
        for snr_db in snrs_db:
            name = "clean" if snr_db is None else f"{snr_db:g}db"
            manner = Manner(
                voice="recorded",
                speed=1.0,
                pitch=1.0,
                level_dbfs=RECORDING_LEVEL_DBFS,
                clip_over_rms=None,
                snr_db=snr_db,
                background="none" if snr_db is None else "room",
                behind_share=0.0 if snr_db is None else 0.6,
                lead_ms=LEAD_MS[0],
                tail_ms=TAIL_MS[0],
            )
            utterance_id = f"{stem}-{name}"
            rng = np.random.default_rng(crc32(utterance_id.encode()))
            heard = telephoned(speech, manner, others, rng)
            write_mulaw_wav(out / f"{utterance_id}.wav", [heard])
            lines.append(utterance_line(utterance_id, text, manner, len(heard)))
    return lines


def _shown(items: Sequence[Any], what: str) -> Iterable[Any]:
    return track(items, what, console=Console(stderr=True), transient=True)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name in SEEDS:
        kinds.add_parser(name, help=f"render the list '{name}'").add_argument("out", type=Path)
    line = kinds.add_parser("line", help="pass recordings through the line")
    line.add_argument(
        "folder", type=Path, help="WAV files with transcripts.tsv or utterances.jsonl"
    )
    line.add_argument("out", type=Path)
    line.add_argument("--snr-db", default="clean,20,12", help="comma-separated; 'clean' adds none")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.kind == "line":
        snrs = [None if s == "clean" else float(s) for s in chosen.snr_db.split(",")]
        lines = render_recordings(chosen.folder, chosen.out, snrs)
    else:
        lines = render_list(chosen.kind, chosen.out)
    listed = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (chosen.out / "utterances.jsonl").write_text(listed, encoding="utf-8")
    seconds = [line["seconds"] for line in lines]
    print(f"{len(lines)} utterances, {sum(seconds):.0f} s, {min(seconds)} to {max(seconds)} s each")


if __name__ == "__main__":
    main()
