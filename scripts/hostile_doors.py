"""Glue: whether healthy calls come through while every door is under fire. Development only.

    .venv/bin/python -m scripts.hostile_doors                      ten minutes
    .venv/bin/python -m scripts.hostile_doors --seconds 30 --json

A server of its own with the real recogniser takes, in real time, one call after the other on the native stream and
one on another door; each record is compared with one that the native stream made
before the trouble (``scripts.same_record``).
Beside them spoilt calls come through every door (``scripts.spoilt_lines``), and strangers (``scripts.strangers``).
Ends with 1 where a healthy call lost something, memory grew, or the server failed: a 5xx, a 1011 or 4500, a trace.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import anyio
import httpx
import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from app.auth.administration import Administration
from app.auth.identity import Role
from app.bench.lines import NUMBER, door_settings
from app.bench.pauses import LoopPauses
from app.bench.server import SECTION, BenchServer, open_bench_server
from app.bench.usage import usage_of
from app.clock import SystemClock
from app.db import open_database
from app.demo.catalogue import demo_calls, demo_sound, demo_turns
from app.settings import Settings
from app.simulate.audiohook import AudioHookExchange
from app.simulate.audiosocket import pair_uuid
from app.simulate.dialects import DIALECTS
from app.simulate.exchange import SimulatedCall, SimulatedExchange
from app.simulate.native import CallSound
from app.simulate.twilio import TwilioExchange
from app.telephony.messages import call_name
from scripts.same_record import Turn, compare
from scripts.siege import Seen, report
from scripts.spoilt_lines import Target, spoilt_audiosocket, spoilt_sockets
from scripts.strangers import throw_junk

RECORDING: Final = "snow_step_by_step"
OTHER_DOORS: Final = ("twilio", "audiohook", "asterisk", "audiosocket", "freeswitch", "jambonz")
SAMPLE_SECONDS: Final = 5
RECORD_SECONDS: Final = 60
"""A call that was played is judged by then."""
SHORT_MS: Final = (3_000, 25_000)
"""Of a spoilt call."""
SPEECH: Final = 0.2
"""Share of spoilt calls in which somebody speaks: the doors are to be tried, not how much is heard at once."""
LATELY: Final = 12
PAUSE_SECONDS: Final = 1.0
STRANGERS: Final = 3
"""For each spoilt line; most of them only wait."""


class _AudioHookBy(AudioHookExchange):
    """Goes to one address and signs for another, as behind a proxy."""

    signed_for = ""

    def headers(self) -> dict[str, str]:
        return AudioHookExchange(replace(self.call, url=self.signed_for)).headers()


@dataclass(slots=True)
class Siege:
    server: BenchServer
    target: Target
    plain_token: str
    """Of a supervisor who sees the calls of no section."""
    seconds: float
    speed: float
    dice: random.Random
    seen: Seen = field(default_factory=Seen)
    pauses: LoopPauses = field(default_factory=LoopPauses)
    over: bool = False


def exchange(
    siege: Siege, door: str, sound: CallSound, *, via: str = "", speed: float = 1.0
) -> tuple[str, str, SimulatedExchange]:
    """Return a new call: its record's id, the exchange's own, and who plays it (*via* a spoilt line)."""
    named, told = str(uuid4()), door_settings(SECTION)
    key, secret = "", siege.server.stream_token
    if door == "twilio":
        secret = siege.target.auth_token
    if door == "audiohook":
        key, secret = next(iter(json.loads(told["MIMAMORI_TELEPHONY__AUDIOHOOK__KEYS"]).items()))
    path, direct = DIALECTS[door].path, siege.server.websocket_url
    if door == "audiosocket":
        direct = f"127.0.0.1:{siege.target.audiosocket_port}"
    call = SimulatedCall(
        url=(via or direct) + path,
        sound=sound,
        call_id=named,
        to_number=NUMBER,
        operator="bench",
        secret=secret,
        key=key,
        speed=speed,
    )
    if door == "native":
        return named, named, DIALECTS[door].new(call)
    if door == "audiosocket":
        pair = str(pair_uuid(named, "caller"))
        return call_name(door, pair), pair, DIALECTS[door].new(call)
    record = call_name(door, named)
    if door == "twilio":
        return record, named, TwilioExchange(call, public_url=direct + path)
    if door == "audiohook":
        hooked = _AudioHookBy(call)
        hooked.signed_for = direct + path
        return record, named, hooked
    return record, named, DIALECTS[door].new(call)


async def record_of(siege: Siege, door: str, sound: CallSound) -> dict[str, Any]:
    """Play one call in real time and return its record, as a screen reads it."""
    call_id, _, played = exchange(siege, door, sound)
    await played.play()
    token = siege.plain_token if door == "audiosocket" else siege.server.screen_token
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=siege.server.url, headers=headers, timeout=30) as client:
        until = time.monotonic() + RECORD_SECONDS
        while True:
            answer = await client.get(f"/v1/calls/{call_id}")
            siege.seen.tally.answered("record", answer.status_code)
            record: dict[str, Any] = answer.raise_for_status().json()
            if record["call"]["ended_at"] is not None or time.monotonic() > until:
                return record
            await anyio.sleep(0.5)


async def healthy(
    siege: Siege, doors: Sequence[str], sound: CallSound, reference: Mapping[str, Any]
) -> None:
    """Play call after call until the time is over; the last one is played to its end, under fire too."""
    turns = [
        Turn(turn.speaker.value, turn.start_ms, turn.end_ms, turn.text)
        for turn in demo_turns(RECORDING)
        if turn.end_ms <= sound.duration_ms
    ]
    begun = time.monotonic()
    for door in cycle(doors):
        at = time.monotonic() - begun
        if at and at >= siege.seconds:
            return
        told: dict[str, Any] = {"door": door, "from_s": round(at, 1)}
        siege.seen.healthy.append(told)
        try:
            seen = await record_of(siege, door, sound)
        except Exception as failed:  # noqa: BLE001 - whatever kept it from being heard is the finding
            told["faults"] = [f"{type(failed).__name__}: {failed}"[:300]]
            await anyio.sleep(PAUSE_SECONDS)
            continue
        compared = compare(reference, seen, turns)
        told |= {
            "faults": list(compared.faults),
            "error_rates": dict(compared.error_rates),
            "script_error_rates": dict(compared.script_error_rates),
            "turns": f"{compared.turns_heard}/{compared.turns_of_reference}",
            "top_level": seen["call"]["top_level"],
            "alerts_differ": list(compared.alerts),
        }


async def spoilt_calls(siege: Siege, line: int, sockets: str, audiosocket: str) -> None:
    """One line that never rests: call after call through all doors, each spoilt in a way of its own."""
    doors, dice = list(DIALECTS), siege.dice
    sounds = [demo_sound(call.call_id) for call in demo_calls()]
    for door in cycle(doors[line % len(doors) :] + doors[: line % len(doors)]):
        if siege.over:
            return
        samples = dice.randint(*SHORT_MS) * 8
        sound = dice.choice(sounds)
        begin = dice.randrange(len(sound) // 2 - samples) * 2
        payload = sound[begin : begin + 2 * samples]
        if dice.random() >= SPEECH:
            payload = b"\xff\x7f" * samples
        speed = siege.speed * dice.choice((1, 2))
        via = audiosocket if door == "audiosocket" else sockets
        _, named, played = exchange(siege, door, CallSound(payload), via=via, speed=speed)
        siege.seen.tally.live = [*siege.seen.tally.live[1 - LATELY :], (door, named)]
        ended = "not in time"
        with anyio.move_on_after(samples / 8_000 / speed + LATELY):
            try:
                await played.play()
                ended = "played"
            except Exception as failed:  # noqa: BLE001 - a spoilt call may end in any way
                ended = type(failed).__name__
        siege.seen.ended[f"{door} {ended}"] += 1
        # A call whose line broke off is kept for a minute: of 200 places some must stay for the healthy ones.
        await anyio.sleep(dice.uniform(0, PAUSE_SECONDS))


async def strangers(siege: Siege) -> None:
    while not siege.over:
        await throw_junk(siege.target, siege.dice, siege.seen.tally)
        await anyio.sleep(siege.dice.uniform(0, 0.5))


async def watch(siege: Siege, on_second: Callable[[float], None]) -> None:
    server, begun, process = siege.server, time.monotonic(), psutil.Process(siege.server.pid)
    headers = {"Authorization": f"Bearer {server.health_token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=10) as client:
        second = 0
        while True:
            if second % SAMPLE_SECONDS == 0:
                siege.seen.memory.append(process.memory_info().rss)
                siege.seen.below.append(usage_of(server.pid).below_bytes)
            second += 1
            try:
                answer = await client.get("/v1/health")
                siege.seen.tally.answered("health", answer.status_code)
                told = answer.raise_for_status().json()
                siege.pauses.told.append(told["loop_pauses"])
                siege.seen.live_calls.append(told["live_calls"])
                siege.seen.delays_ms.append(told["recognition_delay_ms"])
                ready = await client.get("/readyz")
                siege.seen.not_ready += ready.status_code != httpx.codes.OK
            except httpx.HTTPError as failed:
                siege.seen.tally.http[f"health {type(failed).__name__}"] += 1
            await anyio.sleep(1)
            on_second(time.monotonic() - begun)


async def besiege(
    siege: Siege, streams: int, sound: CallSound, on_second: Callable[[float], None]
) -> None:
    """Let everything happen at once until the healthy calls are over and the time is, too."""
    # Alone: of several at once, a busy machine reads some with less care.
    reference = await record_of(siege, "native", sound)
    begun = time.monotonic()
    async with (
        spoilt_sockets(siege.target, siege.dice, siege.seen.tally) as sockets,
        spoilt_audiosocket(siege.target, siege.dice, siege.seen.tally) as audiosocket,
        anyio.create_task_group() as watching,
    ):
        watching.start_soon(watch, siege, on_second)
        async with anyio.create_task_group() as hostile:
            for line in range(streams):
                hostile.start_soon(spoilt_calls, siege, 2 * line, sockets, audiosocket)
                for _ in range(STRANGERS):
                    hostile.start_soon(strangers, siege)
            async with anyio.create_task_group() as well:
                well.start_soon(healthy, siege, ("native",), sound, reference)
                well.start_soon(healthy, siege, OTHER_DOORS, sound, reference)
            await anyio.sleep(max(0.0, begun + siege.seconds - time.monotonic()))
            siege.over = True
        watching.cancel_scope.cancel()


async def run(
    chosen: argparse.Namespace, folder: Path, advance: Callable[[float], None]
) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    os.environ["MIMAMORI_TELEPHONY__AUDIOSOCKET__LISTEN"] = f"127.0.0.1:{port}"
    os.environ["MIMAMORI_TELEPHONY__TWILIO__FORWARD_TO"] = "0000000001"
    auth_token = door_settings(SECTION)["MIMAMORI_TELEPHONY__TWILIO__AUTH_TOKEN"]
    whole = CallSound(demo_sound(RECORDING))
    sound = CallSound(whole.payload[: int(min(chosen.call_seconds, chosen.seconds)) * 16_000])
    log = folder / "serve.log"
    async with open_bench_server(folder, log) as server:
        async with open_database(Settings(data_dir=folder).async_database_url) as database:
            plain = await Administration(database, SystemClock()).create_token(
                name="plain", role=Role.SUPERVISOR, section=""
            )
        target = Target(server.url, port, server.stream_token, server.screen_token, auth_token)
        dice = random.Random(chosen.seed)
        siege = Siege(server, target, plain.secret, chosen.seconds, chosen.speed, dice)
        await besiege(siege, chosen.streams, sound, advance)
    return report(
        siege.seen,
        chosen.seconds,
        siege.pauses.figures(),
        log.read_text(encoding="utf-8", errors="replace"),
    )


@contextmanager
def shown(seconds: float) -> Iterator[Callable[[float], None]]:
    columns = (TextColumn("hostile doors"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("hostile", total=seconds)
        yield lambda at: bar.update(task, completed=at)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=600, help="of trouble")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--speed", type=float, default=4, help="of spoilt calls; half of them twice that"
    )
    parser.add_argument("--streams", type=int, default=5, help="spoilt calls at once")
    parser.add_argument(
        "--call-seconds", type=float, default=90, help="so much of the healthy recording"
    )
    parser.add_argument(
        "--keep", type=Path, help="an empty folder for the server's log and database"
    )
    parser.add_argument("--json", action="store_true", help="all figures on standard output")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch, shown(chosen.seconds) as advance:
        result = anyio.run(run, chosen, chosen.keep or Path(scratch), advance)
    if chosen.json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        for name, value in result.items():
            print(f"{name}: {value}")
    return 1 if result["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
