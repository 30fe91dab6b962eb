"""Glue: N live calls in real time against a server of their own; how late, how much, what was lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.bench.latency import SpokenTurn, end_of_words_ms, summary_ms
from app.bench.server import BenchServer, open_bench_server
from app.bench.usage import Usage, usage_of
from app.simulate.native import CallSound, NativeTelephone
from asr.wav import read_wav

SAMPLE_SECONDS: Final = 5
BETWEEN_CALLS_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class BenchCall:
    """One recording, and when its words were really spoken, if that is known."""

    name: str
    sound: CallSound
    turns: tuple[SpokenTurn, ...]


@dataclass(slots=True)
class Observed:
    """What a screen saw, and when."""

    transcript_ms: list[float] = field(default_factory=list)
    alert_ms: list[float] = field(default_factory=list)
    by_script: int = 0
    gaps: int = 0
    ended: int = 0
    last_words: dict[str, str] = field(default_factory=dict)
    """The utterance last seen of each call."""
    usage: list[Usage] = field(default_factory=list)
    """Sampled every few seconds."""


def load_calls(folder: Path) -> tuple[BenchCall, ...]:
    """Return the recordings of *folder*; ``<name>.turns.jsonl`` beside one tells its true times."""
    return tuple(
        BenchCall(path.stem, _sound(path), _turns(path.with_suffix(".turns.jsonl")))
        for path in sorted(folder.glob("*.wav"))
    )


async def measure_calls(
    calls: Sequence[BenchCall],
    count: int,
    seconds: float,
    data_dir: Path,
    log: Path,
    on_second: Callable[[float], None],
) -> dict[str, Any]:
    """Keep *count* calls going for *seconds*, each beginning another recording when one ends."""
    async with open_bench_server(data_dir, log) as server:
        idle = usage_of(server.pid)
        own_before, begun = time.process_time(), time.monotonic()
        observed = await _observe(server, calls, count, seconds, on_second)
        took = time.monotonic() - begun
        used = usage_of(server.pid)
        own_seconds = time.process_time() - own_before
    return _report(observed, count, took, idle, used, own_seconds)


async def _observe(
    server: BenchServer,
    calls: Sequence[BenchCall],
    count: int,
    seconds: float,
    on_second: Callable[[float], None],
) -> Observed:
    observed, telephones = Observed(), dict[str, tuple[NativeTelephone, BenchCall]]()
    async with anyio.create_task_group() as watching:
        await watching.start(_watch_screen, server, telephones, observed)
        watching.start_soon(_sample, server, observed, on_second)
        async with anyio.create_task_group() as lines:
            for line in range(count):
                lines.start_soon(_keep_calling, server, calls, line, count, seconds, telephones)
        watching.cancel_scope.cancel()
    return observed


async def _keep_calling(
    server: BenchServer,
    calls: Sequence[BenchCall],
    line: int,
    count: int,
    seconds: float,
    telephones: dict[str, tuple[NativeTelephone, BenchCall]],
) -> None:
    """One telephone line: call after call until the time is over."""
    begun = time.monotonic()
    # Spread over the first seconds, as real calls are; in step they would pause together.
    await anyio.sleep(line * min(10.0, seconds / 4) / count)
    turn = line
    while time.monotonic() - begun < seconds:
        call = calls[turn % len(calls)]
        turn += 1
        left_ms = int((seconds - (time.monotonic() - begun)) * 1000)
        telephone = NativeTelephone(
            url=f"{server.websocket_url}/v1/stream/native",
            token=server.stream_token,
            sound=_at_most(call.sound, left_ms),
            call_id=uuid4().hex,
            operator=f"bench-{line}",
        )
        telephones[telephone.call_id] = (telephone, call)
        await telephone.play()
        await anyio.sleep(BETWEEN_CALLS_SECONDS)


async def _watch_screen(
    server: BenchServer,
    telephones: Mapping[str, tuple[NativeTelephone, BenchCall]],
    observed: Observed,
    *,
    task_status: anyio.abc.TaskStatus[None],
) -> None:
    async with connect(
        f"{server.websocket_url}/v1/events",
        additional_headers={"Authorization": f"Bearer {server.screen_token}"},
        compression=None,
    ) as screen:
        task_status.started()
        try:
            async for frame in screen:
                _note(json.loads(frame), time.monotonic(), telephones, observed)
        except ConnectionClosed:
            return


def _note(
    message: Mapping[str, Any],
    seen_at: float,
    telephones: Mapping[str, tuple[NativeTelephone, BenchCall]],
    observed: Observed,
) -> None:
    kind, data = message["type"], message["data"]
    if kind == "gap":
        observed.gaps += 1
    elif kind == "call.ended":
        observed.ended += 1
    known = telephones.get(message["call_id"])
    if known is None or (begun_at := known[0].begun_at) is None:
        return
    call = known[1]
    if kind == "transcript.final":
        observed.last_words[message["call_id"]] = data["utterance_id"]
        end_ms, by_script = end_of_words_ms(
            call.turns, data["track"], data["start_ms"], data["end_ms"]
        )
        observed.by_script += by_script
        observed.transcript_ms.append((seen_at - begun_at) * 1000 - end_ms)
    elif (
        kind in ("alert.raised", "alert.updated")
        # An alert that time alone raised has no words to be late for.
        and observed.last_words.get(message["call_id"]) == data["utterance_id"]
    ):
        end_ms, _ = end_of_words_ms(call.turns, "caller", data["start_ms"], data["end_ms"])
        observed.alert_ms.append((seen_at - begun_at) * 1000 - end_ms)


async def _sample(
    server: BenchServer, observed: Observed, on_second: Callable[[float], None]
) -> None:
    begun = time.monotonic()
    while True:
        observed.usage.append(usage_of(server.pid))
        for _ in range(SAMPLE_SECONDS):
            await anyio.sleep(1)
            on_second(time.monotonic() - begun)


def _report(
    observed: Observed, count: int, took: float, idle: Usage, used: Usage, own_seconds: float
) -> dict[str, Any]:
    total = [_megabytes(usage.memory_bytes) for usage in observed.usage]
    every = max(1, len(total) // 24)
    return {
        "calls": count,
        "seconds": round(took, 1),
        "alert_latency_ms": summary_ms(observed.alert_ms),
        "transcript_latency_ms": summary_ms(observed.transcript_ms),
        "ends_known_from_script": observed.by_script,
        "gaps": observed.gaps,
        "calls_ended": observed.ended,
        "server_cores": round((used.cpu_seconds - idle.cpu_seconds) / took, 2),
        "client_cores": round(own_seconds / took, 2),
        "memory_mb": {
            "idle": _megabytes(idle.memory_bytes),
            "max": max(total, default=0),
            "end": total[-1] if total else 0,
            "by_time": total[::every],
            "server_by_time": [_megabytes(u.server_bytes) for u in observed.usage[::every]],
            "recognisers_by_time": [_megabytes(u.below_bytes) for u in observed.usage[::every]],
        },
    }


def _megabytes(size_bytes: int) -> int:
    return round(size_bytes / 2**20)


def _at_most(sound: CallSound, duration_ms: int) -> CallSound:
    """Return the beginning of *sound*, at least a second of it."""
    samples = max(1_000, duration_ms) * sound.rate_hz // 1000
    if samples >= sound.samples:
        return sound
    return CallSound(
        sound.payload[: samples * sound.frame_bytes], sound.encoding, sound.rate_hz, sound.tracks
    )


def _sound(path: Path) -> CallSound:
    wav = read_wav(path)
    tracks = ("caller", "operator")[: wav.channel_count]
    return CallSound(wav.payload, wav.encoding.value, wav.rate_hz, tracks)


def _turns(path: Path) -> tuple[SpokenTurn, ...]:
    if not path.exists():
        return ()
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(
        SpokenTurn(turn["speaker"], turn["start_ms"], turn["end_ms"])
        for turn in map(json.loads, lines)
    )
