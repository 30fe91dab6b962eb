"""Glue: the whole way from a carrier's bytes to segments, on the calls that are shipped for the demonstration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asr.framing import Framer
from asr.segmenter import Segmenter
from asr.silero import SileroModel
from asr.types import AudioFormat, SpeechSegment
from asr.wav import read_wav

CALLS = sorted((Path(__file__).parents[2] / "app" / "demo" / "calls").glob("*.wav"))
MESSAGE_MS = 20
SPEAKERS = ("caller", "operator")


def segments_of(path: Path) -> dict[str, list[SpeechSegment]]:
    wav = read_wav(path)
    carried = AudioFormat(wav.encoding, wav.rate_hz, wav.channel_count)
    framer, model = Framer(carried), SileroModel.load()
    ears = [(model.new_track(), Segmenter()) for _ in SPEAKERS]
    message = wav.rate_hz * MESSAGE_MS // 1000 * carried.frame_bytes

    framed = []
    for begin in range(0, len(wav.payload), message):
        framed += framer.feed(wav.payload[begin : begin + message])
    heard: dict[str, list[SpeechSegment]] = {speaker: [] for speaker in SPEAKERS}
    for track, window in framed + framer.flush():
        activity, segmenter = ears[track]
        segment = segmenter.feed(window, activity.probability(window.samples))
        if segment is not None:
            heard[SPEAKERS[track]].append(segment)
    for speaker, (_, segmenter) in zip(SPEAKERS, ears, strict=True):
        last = segmenter.flush()
        heard[speaker] += [] if last is None else [last]
    return heard


def covered_ms(segments: list[SpeechSegment], start_ms: int, end_ms: int) -> int:
    return sum(max(0, min(s.end_ms, end_ms) - max(s.start_ms, start_ms)) for s in segments)


def test_there_are_shipped_calls_to_listen_to() -> None:
    assert len(CALLS) >= 3


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_every_turn_of_a_shipped_call_is_heard_and_its_silences_are_not(path: Path) -> None:
    turns = [json.loads(line) for line in path.with_suffix(".turns.jsonl").read_text().splitlines()]

    heard = segments_of(path)

    for turn in turns:
        spoken_ms = turn["end_ms"] - turn["start_ms"]
        covered = covered_ms(heard[turn["speaker"]], turn["start_ms"], turn["end_ms"])
        assert covered >= 0.9 * spoken_ms, turn["turn"]
    for speaker, segments in heard.items():
        speaking_ms = sum(t["end_ms"] - t["start_ms"] for t in turns if t["speaker"] == speaker)
        assert sum(s.duration_ms for s in segments) < 1.25 * speaking_ms
