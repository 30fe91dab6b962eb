"""Glue: what it costs to hear live calls: bytes to windows, voice activity, segments.

The calls' sound is fed packet by packet in the order in which telephones would send it, and rounds
are held as often as in a server, but nothing waits for a clock: what is counted is processor time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from statistics import median
from typing import Any, Final

import numpy as np

from app.bootstrap import open_shared_voice_activity
from app.calls.facts import CallFacts
from app.calls.listening import CallListening
from app.calls.protocol import Track
from app.calls.rounds import GATHER_MS, Rounds
from app.demo.catalogue import demo_calls, demo_sound
from app.errors import BadRequest
from app.events import Audience
from asr.codec import decode, encode_mulaw
from asr.framing import Framer, sound_of
from asr.ports import SharedVoiceActivity
from asr.types import WINDOW_MS, AudioFormat, Encoding, Samples, SpeechSegment

PACKET_MS: Final = 20
FORMAT: Final = AudioFormat(Encoding.MULAW, 8_000, 2)
PACKET_BYTES: Final = FORMAT.rate_hz * PACKET_MS // 1000 * FORMAT.frame_bytes
REPEATS: Final = 7
WINDOWS_A_REPEAT: Final = 4_000
MOST_TRACKS: Final = 512
LINE_NOISE: Final = 0.001
"""-60 dBFS, as on a real line. A shipped call's pauses are digital silence, which costs next to nothing."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds of one repeat."""

    windows: int
    whole: float
    framing: float
    voice_activity: float

    def each_us(self) -> dict[str, float]:
        rest = self.whole - self.framing - self.voice_activity
        parts = (self.whole, self.framing, self.voice_activity, rest)
        names = ("all", "framing", "voice_activity", "segmenting")
        return {name: part * 1e6 / self.windows for name, part in zip(names, parts, strict=True)}


class TimedVoiceActivity:
    """Voice activity that counts the processor time it takes."""

    def __init__(self, inner: SharedVoiceActivity) -> None:
        self._inner = inner
        self.open, self.close = inner.open, inner.close
        self.windows = 0
        self.seconds = 0.0

    def probabilities(self, places: Sequence[int], windows: Samples) -> list[float]:
        begun = time.process_time()
        answers = self._inner.probabilities(places, windows)
        self.seconds += time.process_time() - begun
        self.windows += len(places)
        return answers


def measure_listening(
    track_counts: Sequence[int],
    advance: Callable[[float], None],
    *,
    repeats: int = REPEATS,
    windows: int = WINDOWS_A_REPEAT,
) -> dict[str, Any]:
    """Return what hearing costs for each of *track_counts*, two tracks a call."""
    recordings = [_with_noise(demo_sound(call.call_id)) for call in demo_calls()]
    voice_activity = open_shared_voice_activity()
    rows = []
    for done, tracks in enumerate(track_counts, 1):
        calls = [
            _packets(payload, skipped=71 * number)
            for number, payload in enumerate(islice(cycle(recordings), tracks // 2))
        ]
        costs = [_measured(calls, voice_activity, windows) for _ in range(repeats + 1)]
        parts = [cost.each_us() for cost in costs[1:]]  # the first warms up
        each_us = {name: median(part[name] for part in parts) for name in parts[0]}
        rows.append(
            {
                "tracks": tracks,
                "core_us_per_window": {name: round(cost, 2) for name, cost in each_us.items()},
                "cores": round(each_us["all"] / 1e6 * tracks * 1000 / WINDOW_MS, 4),
            }
        )
        advance(done)
    return {"packet_ms": PACKET_MS, "gather_ms": GATHER_MS, "rows": rows}


def _measured(calls: Sequence[Sequence[bytes]], inner: SharedVoiceActivity, windows: int) -> Cost:
    voice_activity = TimedVoiceActivity(inner)
    rounds = Rounds(voice_activity)
    listening = [_ears(rounds, number) for number in range(len(calls))]
    looks = -(-windows * WINDOW_MS // (2 * len(calls) * PACKET_MS))
    sent = [[packets[look % len(packets)] for packets in calls] for look in range(looks)]

    begun = time.process_time()
    for packets in sent:
        for call, packet in zip(listening, packets, strict=True):
            call.hear(packet)
        while rounds.hold():
            pass
    whole = time.process_time() - begun
    for call in listening:
        call.close()
    return Cost(voice_activity.windows, whole, _framing(sent), voice_activity.seconds)


def _framing(sent: Sequence[Sequence[bytes]]) -> float:
    framers = [Framer(FORMAT) for _ in sent[0]]
    begun = time.process_time()
    for packets in sent:
        for framer, packet in zip(framers, packets, strict=True):
            framer.accept(packet)
        taken = [framer.take() for framer in framers if framer.waiting]
        if taken:
            sound_of(FORMAT, taken)
    return time.process_time() - begun


def _ears(rounds: Rounds, number: int) -> CallListening:
    facts = CallFacts(f"c{number}", Audience("", ""), (Track.CALLER, Track.OPERATOR), FORMAT)

    def drop(track: int, segment: SpeechSegment) -> None:
        del track, segment

    def stop(error: Exception) -> None:
        raise error

    call = rounds.listen(facts, (0, 0), accept=drop, fail=stop)
    # Windows of different calls do not fill at the same moment.
    call.hear(bytes(FORMAT.frame_bytes * (number % 8) * FORMAT.window_frames // 8))
    return call


def _packets(payload: bytes, *, skipped: int) -> list[bytes]:
    whole = len(payload) // PACKET_BYTES * PACKET_BYTES
    packets = [payload[at : at + PACKET_BYTES] for at in range(0, whole, PACKET_BYTES)]
    first = skipped % len(packets)
    return packets[first:] + packets[:first]


def _with_noise(payload: bytes) -> bytes:
    sound = decode(FORMAT.encoding, payload)
    noise = np.random.default_rng(1).standard_normal(len(sound)).astype(np.float32)
    return encode_mulaw(np.clip(sound + LINE_NOISE * noise, -1, 1))


def track_counts(written: str) -> list[int]:
    """Read numbers of tracks between commas.

    Raises:
        BadRequest: one is not an even number of at most 512.
    """
    counts = [int(count) if count.strip().isdecimal() else 0 for count in written.split(",")]
    if not all(2 <= count <= MOST_TRACKS and count % 2 == 0 for count in counts):
        raise BadRequest(
            "bad_tracks", f"--tracks は 2 から {MOST_TRACKS} の偶数をコンマで区切ってください。"
        )
    return counts


def listening_table(result: Mapping[str, Any]) -> str:
    """Return *result* for people: a line for each number of tracks."""
    lines = ["トラック  コア    1 窓 µs  組み立て  発話の検出  切り出し"]
    for row in result["rows"]:
        each = row["core_us_per_window"]
        lines.append(
            f"{row['tracks']:8d}  {row['cores']:.4f}  {each['all']:7.1f}  {each['framing']:8.1f}"
            f"  {each['voice_activity']:10.1f}  {each['segmenting']:8.1f}"
        )
    return "\n".join(lines) + "\n"
