"""Glue: what an office's screens cost: the same calls without them and with them, in one run on one server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import anyio

from app.auth.identity import Role
from app.bench.calls import CallsPlan, observe_on, operator_of
from app.bench.latency import summary_ms
from app.bench.observed import Observed
from app.bench.screens_office import Office, People
from app.bench.screens_people import sign_in_people
from app.bench.screens_tally import ScreenKind, Tally, late
from app.bench.server import SECTION, BenchServer, open_bench_server
from app.bench.usage import Usage, usage_of
from app.errors import BadRequest

SETTLE_SECONDS: Final = 2.0
"""So long nothing is done before idle memory is read."""
OPERATORS: Final = (ScreenKind.LIST, ScreenKind.CALL)


@dataclass(frozen=True, slots=True)
class ScreensPlan:
    calls: CallsPlan
    """What is played in each half of a round."""
    operators: int
    boards: int
    rounds: int = 1
    settle_seconds: float = SETTLE_SECONDS

    @property
    def seconds(self) -> float:
        return 2 * self.rounds * self.calls.seconds


@dataclass(frozen=True, slots=True)
class _Round:
    without: Mapping[str, Any]
    with_screens: Mapping[str, Any]
    before: Usage
    opened: Usage
    """With every screen open and no call."""
    seconds: float
    tally: Tally
    observed: Observed


@dataclass(slots=True)
class _Steps:
    """The progress of all halves as one."""

    on_second: Callable[[float], None]
    done: float = 0.0

    def half(self, seconds: float) -> Callable[[float], None]:
        before = self.done
        self.done += seconds

        def advance(of_half: float) -> None:
            self.on_second(before + min(of_half, seconds))

        return advance


@dataclass(slots=True)
class _Clocks:
    """How far the time of day was from the clock that never steps."""

    begun: float = field(default_factory=lambda: time.time() - time.monotonic())

    def step_ms(self) -> float:
        return (time.time() - time.monotonic() - self.begun) * 1000


async def measure_screens(
    plan: ScreensPlan, data_dir: Path, log: Path, on_second: Callable[[float], None]
) -> dict[str, Any]:
    """Return the figures of ``mimamori bench screens``, of a server that is started for them."""
    if plan.operators < plan.calls.calls:
        raise BadRequest(
            "too_few_operators",
            f"--operators は --calls({plan.calls.calls})以上にしてください。通話ごとに担当の職員が要ります。",
        )
    async with open_bench_server(data_dir, log) as server:
        return await measure_screens_on(server, plan, on_second)


async def measure_screens_on(
    server: BenchServer,
    plan: ScreensPlan,
    on_second: Callable[[float], None],
    section: str = SECTION,
) -> dict[str, Any]:
    """Play the calls alone, then with all screens open, as many rounds as planned."""
    operators = [operator_of(number) for number in range(plan.operators)]
    supervisors = [f"board-{number}" for number in range(plan.boards)]
    people = People(
        await sign_in_people(server.data_dir, operators, Role.OPERATOR, section),
        await sign_in_people(server.data_dir, supervisors, Role.SUPERVISOR, section),
    )
    clocks, steps = _Clocks(), _Steps(on_second)
    idle = usage_of(server.pid)
    rounds = [await _round(server, plan, people, steps) for _ in range(plan.rounds)]
    return _report(plan, idle, rounds, clocks.step_ms())


async def _round(server: BenchServer, plan: ScreensPlan, people: People, steps: _Steps) -> _Round:
    without, _ = await observe_on(server, plan.calls, steps.half(plan.calls.seconds))
    tally = Tally()
    await anyio.sleep(plan.settle_seconds)
    before = usage_of(server.pid)
    async with anyio.create_task_group() as working:
        await working.start(Office(server, people, tally).work)
        await anyio.sleep(plan.settle_seconds)
        opened = usage_of(server.pid)
        begun = time.monotonic()
        figures, observed = await observe_on(server, plan.calls, steps.half(plan.calls.seconds))
        took = time.monotonic() - begun
        working.cancel_scope.cancel()
    return _Round(without, figures, before, opened, took, tally, observed)


def _report(
    plan: ScreensPlan, idle: Usage, rounds: Sequence[_Round], clock_step_ms: float
) -> dict[str, Any]:
    screens = plan.operators + plan.boards
    first = rounds[0]
    grown = first.opened.server_bytes - first.before.server_bytes
    return {
        "calls": plan.calls.calls,
        "operators": plan.operators,
        "boards": plan.boards,
        "rounds": plan.rounds,
        "event_latency_ms": {
            kind.value: late([ms for one in rounds for ms in one.tally.kinds[kind].late_ms])
            for kind in ScreenKind
        },
        "volatile_latency_ms": {
            kind.value: late(
                [ms for one in rounds for ms in one.tally.kinds[kind].volatile_late_ms]
            )
            for kind in ScreenKind
        },
        "alert_latency_ms": {
            "operator": _alerts(rounds, OPERATORS, early=False),
            "supervisor": _alerts(rounds, (ScreenKind.BOARD,), early=False),
            "supervisor_without_screens": [one.without["alert_latency_ms"] for one in rounds],
        },
        "early_alert_latency_ms": {
            "operator": _alerts(rounds, OPERATORS, early=True),
            "supervisor": _alerts(rounds, (ScreenKind.BOARD,), early=True),
        },
        "messages_per_second": {
            kind.value: _median(one.tally.kinds[kind].messages / one.seconds for one in rounds)
            for kind in ScreenKind
        },
        "kilobytes_per_second": _median(
            sum(kind.size_bytes for kind in one.tally.kinds.values()) / 1000 / one.seconds
            for one in rounds
        ),
        "cores": {
            half: {
                who: _median(figures["cores"][who] for figures in _halves(rounds, half))
                for who in ("server", "recognisers", "client")
            }
            for half in ("without", "with_screens")
        },
        "memory_mb": {
            "idle": _megabytes(idle.memory_bytes),
            "idle_with_screens": _megabytes(first.opened.memory_bytes),
            "max_without": max(one.without["memory_mb"]["max"] for one in rounds),
            "max_with_screens": max(one.with_screens["memory_mb"]["max"] for one in rounds),
            "kilobytes_each_screen": round(grown / 1024 / screens) if screens else 0,
        },
        "loop_pauses": {
            half: [figures["loop_pauses"] for figures in _halves(rounds, half)]
            for half in ("without", "with_screens")
        },
        "screens_closed": _closed(rounds),
        "events_missed": sum(one.tally.missed for one in rounds),
        "events_repeated": sum(one.tally.repeated for one in rounds),
        "frames_not_understood": sum(one.tally.strange for one in rounds),
        "gaps": sum(one.with_screens["gaps"] for one in rounds),
        "gaps_without": sum(one.without["gaps"] for one in rounds),
        "clock_step_ms": round(clock_step_ms, 2),
        "by_round": [{"without": one.without, "with_screens": one.with_screens} for one in rounds],
    }


def _alerts(
    rounds: Sequence[_Round], kinds: Sequence[ScreenKind], *, early: bool
) -> Mapping[str, Any]:
    return summary_ms(
        [
            ms
            for one in rounds
            for ms in one.tally.alert_ms(
                {
                    alert.seq: alert.ended_at
                    for alert in one.observed.alerts
                    if alert.early is early
                },
                *kinds,
            )
        ]
    )


def _halves(rounds: Sequence[_Round], half: str) -> list[Mapping[str, Any]]:
    return [one.without if half == "without" else one.with_screens for one in rounds]


def _closed(rounds: Sequence[_Round]) -> dict[str, int]:
    closed = {"too_slow": 0}
    for one in rounds:
        for why, count in one.tally.closed.items():
            closed[why] = closed.get(why, 0) + count
    return closed


def _median(values: Iterable[float]) -> float:
    return round(float(median(values)), 3)


def _megabytes(size_bytes: int) -> int:
    return round(size_bytes / 2**20)
