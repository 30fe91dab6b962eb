"""Glue: N live calls in real time against a server of their own; how late, how much, what was lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
from websockets.exceptions import ConnectionClosed

from app.bench.kills import kill_in_turn, recognisers_of
from app.bench.latency import SpokenTurn, summary_ms
from app.bench.lines import NATIVE, BenchTelephone, dial
from app.bench.observed import Observed
from app.bench.pauses import LoopPauses
from app.bench.recorded_calls import RecordedCall
from app.bench.server import BenchServer, open_bench_server
from app.bench.usage import Usage, usage_of
from app.direct_socket import DirectSocket
from app.simulate.native import StreamClosed

SAMPLE_SECONDS: Final = 5
BETWEEN_CALLS_SECONDS: Final = 1.0
LAST_EVENTS_SECONDS: Final = 10.0
"""How long the screen may take to be told of the last call's end."""


@dataclass(frozen=True, slots=True)
class CallsPlan:
    """What a measurement does."""

    recordings: Sequence[RecordedCall]
    calls: int
    """At any time; each line begins another recording when one ends."""
    seconds: float
    kill_every_seconds: float | None = None
    """So often a recogniser is killed."""
    dialect: str = NATIVE
    """What the lines speak: a name of ``app.simulate.dialects``."""


@dataclass(frozen=True, slots=True)
class _PlayedCall:
    recording: RecordedCall
    telephone: BenchTelephone

    @property
    def name(self) -> str:
        return self.recording.name

    @property
    def turns(self) -> tuple[SpokenTurn, ...]:
        return self.recording.turns

    @property
    def duration_ms(self) -> int:
        return self.recording.sound.duration_ms

    @property
    def begun_at(self) -> float | None:
        return self.telephone.begun_at


@dataclass(slots=True)
class _Measurement:
    plan: CallsPlan
    server: BenchServer
    observed: Observed
    played: dict[str, _PlayedCall]
    usage: list[Usage] = field(default_factory=list)
    """Sampled every few seconds."""
    pauses: LoopPauses = field(default_factory=LoopPauses)
    kills: int = 0
    refused: list[str] = field(default_factory=list)
    """Codes of streams that the server closed for good."""
    told: anyio.Event = field(default_factory=anyio.Event)
    """Set by the next message of the screen."""


async def measure_calls(
    plan: CallsPlan, data_dir: Path, log: Path, on_second: Callable[[float], None]
) -> dict[str, Any]:
    """Return the figures of ``mimamori bench calls``, of a server that is started for them."""
    async with open_bench_server(data_dir, log) as server:
        return await measure_on(server, plan, on_second)


async def measure_on(
    server: BenchServer, plan: CallsPlan, on_second: Callable[[float], None]
) -> dict[str, Any]:
    """Keep the calls going for as long as planned and return what was seen."""
    figures, _ = await observe_on(server, plan, on_second)
    return figures


async def observe_on(
    server: BenchServer, plan: CallsPlan, on_second: Callable[[float], None]
) -> tuple[dict[str, Any], Observed]:
    """Do as ``measure_on`` and return also what the measurement's own screen was told."""
    played: dict[str, _PlayedCall] = {}
    measurement = _Measurement(plan, server, Observed(played), played)
    idle = usage_of(server.pid)
    own_before, begun = time.process_time(), time.monotonic()
    await _observe(measurement, on_second)
    took = time.monotonic() - begun
    used = usage_of(server.pid)
    own_seconds = time.process_time() - own_before
    return _report(measurement, took, idle, used, own_seconds), measurement.observed


async def _observe(measurement: _Measurement, on_second: Callable[[float], None]) -> None:
    plan = measurement.plan
    async with anyio.create_task_group() as watching:
        await watching.start(_watch_screen, measurement)
        watching.start_soon(_sample, measurement, on_second)
        if plan.kill_every_seconds is not None:
            watching.start_soon(_kill, measurement, plan.kill_every_seconds)
        async with anyio.create_task_group() as lines:
            for line in range(plan.calls):
                lines.start_soon(_keep_calling, measurement, line)
        with anyio.move_on_after(LAST_EVENTS_SECONDS):
            while not measurement.observed.all_ended:
                await measurement.told.wait()
        watching.cancel_scope.cancel()


async def _keep_calling(measurement: _Measurement, line: int) -> None:
    """One telephone line: call after call until the time is over."""
    plan, server = measurement.plan, measurement.server
    begun = time.monotonic()
    # Spread over the first seconds, as real calls are; in step they would pause together.
    await anyio.sleep(line * min(10.0, plan.seconds / 4) / plan.calls)
    turn = line
    while (left_seconds := plan.seconds - (time.monotonic() - begun)) > 0:
        recording = plan.recordings[turn % len(plan.recordings)].at_most(int(left_seconds * 1000))
        turn += 1
        dialled = dial(
            plan.dialect,
            websocket_url=server.websocket_url,
            token=server.stream_token,
            sound=recording.sound,
            operator=operator_of(line),
        )
        measurement.played[dialled.call_id] = _PlayedCall(recording, dialled.telephone)
        try:
            await dialled.telephone.play()
        except StreamClosed as refused:
            measurement.refused.append(refused.code or str(refused.close_code))
        await anyio.sleep(BETWEEN_CALLS_SECONDS)


def operator_of(line: int) -> str:
    """Return the login name of whoever takes the calls of that line."""
    return f"bench-{line}"


async def _watch_screen(
    measurement: _Measurement, *, task_status: anyio.abc.TaskStatus[None]
) -> None:
    async with DirectSocket(
        f"{measurement.server.websocket_url}/v1/events",
        additional_headers={"Authorization": f"Bearer {measurement.server.screen_token}"},
    ) as screen:
        task_status.started()
        try:
            async for frame in screen:
                measurement.observed.note(json.loads(frame), time.monotonic())
                told, measurement.told = measurement.told, anyio.Event()
                told.set()
        except ConnectionClosed:
            return


async def _kill(measurement: _Measurement, every_seconds: float) -> None:
    def count() -> None:
        measurement.kills += 1

    server_pid = measurement.server.pid
    await kill_in_turn(lambda: recognisers_of(server_pid), every_seconds, count)


async def _sample(measurement: _Measurement, on_second: Callable[[float], None]) -> None:
    server, begun = measurement.server, time.monotonic()
    async with httpx.AsyncClient(
        base_url=server.url,
        headers={"Authorization": f"Bearer {server.health_token}"},
        trust_env=False,
    ) as client:
        while True:
            measurement.usage.append(usage_of(server.pid))
            for _ in range(SAMPLE_SECONDS):
                await measurement.pauses.ask(client)
                await anyio.sleep(1)
                on_second(time.monotonic() - begun)


def _report(
    measurement: _Measurement, took: float, idle: Usage, used: Usage, own_seconds: float
) -> dict[str, Any]:
    observed = measurement.observed
    pauses = measurement.pauses.figures()
    cores = {
        "server": round((used.server_seconds - idle.server_seconds) / took, 3),
        "recognisers": round((used.below_seconds - idle.below_seconds) / took, 3),
        "client": round(own_seconds / took, 3),
    }
    return {
        "calls": measurement.plan.calls,
        "dialect": measurement.plan.dialect,
        "seconds": round(took, 1),
        "alert_latency_ms": summary_ms(observed.alert_ms),
        "early_alert_latency_ms": summary_ms(observed.early_alert_ms),
        "transcript_latency_ms": summary_ms(observed.transcript_ms),
        "ends_known_from_script": observed.by_script,
        "gaps": observed.gaps,
        "calls_ended": len(observed.ended),
        "calls_refused": measurement.refused,
        "reconnects": sum(call.telephone.reconnects for call in measurement.played.values()),
        "kills": measurement.kills,
        "losses": observed.losses().figures(),
        "loop_pauses": pauses,
        "longest_pause_ms": None if pauses is None else pauses["longest_ms"],
        "server_cores": round(cores["server"] + cores["recognisers"], 2),
        "client_cores": round(cores["client"], 2),
        "cores": cores,
        "memory_mb": _memory(measurement.usage, idle),
    }


def _memory(usage: Sequence[Usage], idle: Usage) -> dict[str, Any]:
    total = [_megabytes(sample.memory_bytes) for sample in usage]
    every = max(1, len(total) // 24)
    return {
        "idle": _megabytes(idle.memory_bytes),
        "max": max(total, default=0),
        "end": total[-1] if total else 0,
        "by_time": total[::every],
        "server_by_time": [_megabytes(sample.server_bytes) for sample in usage[::every]],
        "recognisers_by_time": [_megabytes(sample.below_bytes) for sample in usage[::every]],
    }


def _megabytes(size_bytes: int) -> int:
    return round(size_bytes / 2**20)
