"""Facts about what a measurement of live calls makes of what its screen was told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anyio
import psutil

from app.auth.identity import Role
from app.bench.calls import CallsPlan, measure_on
from app.bench.kills import kill_in_turn, recognisers_of
from app.bench.latency import SpokenTurn
from app.bench.observed import Observed
from app.bench.pauses import LoopPauses
from app.bench.recorded_calls import RecordedCall, load_calls
from app.bench.server import BenchServer
from app.bench.usage import usage_of
from app.settings import Settings
from app.simulate.native import CallSound
from asr.resampling import resample
from asr.types import MODEL_RATE_HZ
from asr.wav import write_mulaw_wav
from tests.app.running import RunningServer, running_server
from tests.app.sounds import call_bytes, joined, sentences, silence, speech
from tests.fakes_transcriber import ScriptedTranscriber

CALLER, OPERATOR = "caller", "operator"
TURNS = (
    SpokenTurn(OPERATOR, 500, 2_000),
    SpokenTurn(CALLER, 2_500, 6_000),
    SpokenTurn(OPERATOR, 3_000, 3_400),
    SpokenTurn(CALLER, 8_000, 9_000),
)


@dataclass(slots=True)
class Recorded:
    name: str = "a call"
    turns: tuple[SpokenTurn, ...] = TURNS
    duration_ms: int = 10_000
    begun_at: float | None = 100.0


def told(kind: str, call_id: str = "c", **data: Any) -> dict[str, Any]:
    return {"type": kind, "call_id": call_id, "data": data}


def words(track: str, start_ms: int, end_ms: int, utterance_id: str = "u") -> dict[str, Any]:
    return told(
        "transcript.final",
        utterance_id=utterance_id,
        track=track,
        start_ms=start_ms,
        end_ms=end_ms,
    )


def alert(
    utterance_id: str, start_ms: int, end_ms: int, kind: str = "alert.raised"
) -> dict[str, Any]:
    return told(kind, utterance_id=utterance_id, start_ms=start_ms, end_ms=end_ms)


def observed(
    *messages: dict[str, Any], seen_at: float = 110.0, call: Recorded | None = None
) -> Observed:
    seen = Observed({"c": call or Recorded()})
    for message in messages:
        seen.note(message, seen_at)
    return seen


# Latency


def test_words_and_alerts_are_late_by_the_time_since_their_end() -> None:
    seen = observed(words(CALLER, 2_400, 6_200), alert("u", 2_400, 6_200), seen_at=107.0)

    assert seen.transcript_ms == [1_000]
    assert seen.alert_ms == [1_000]
    assert seen.by_script == 1


def test_an_alert_that_time_alone_raised_is_not_late_for_older_words() -> None:
    seen = observed(
        words(CALLER, 2_400, 6_200, "old"),
        words(CALLER, 7_900, 9_100, "new"),
        alert("old", 2_400, 6_200),
    )

    assert (seen.alert_ms, seen.early_alert_ms) == ([], [])


def test_an_alert_from_a_sentence_that_is_still_spoken_is_counted_apart() -> None:
    partial = told(
        "transcript.partial", utterance_id="u", track=CALLER, start_ms=2_400, end_ms=5_000
    )

    seen = observed(partial, alert("u", 2_400, 5_000), seen_at=105.5)
    seen.note(words(CALLER, 2_400, 6_200), 107.0)
    seen.note(alert("u", 2_400, 6_200, "alert.updated"), 107.0)

    assert seen.early_alert_ms == [500]
    assert seen.alert_ms == [1_000]


def test_messages_of_other_calls_and_of_calls_that_have_not_begun_do_not_count() -> None:
    ringing = Recorded(begun_at=None)

    seen = observed(
        words(CALLER, 0, 9_000), told("gap", track=CALLER, start_ms=0, end_ms=9), call=ringing
    )
    seen.note({**words(CALLER, 0, 9_000), "call_id": "another"}, 110.0)

    assert (seen.transcript_ms, seen.gaps) == ([], 0)
    assert seen.losses().calls_played == 0


# What is missing


def test_every_turn_is_heard_or_in_a_gap_or_missing() -> None:
    seen = observed(
        words(OPERATOR, 400, 2_200),
        told("gap", track=CALLER, start_ms=2_400, end_ms=6_200, reason="overload"),
        words(CALLER, 7_900, 9_100),
        told("call.ended"),
    )

    losses = seen.losses()

    assert (losses.turns_spoken, losses.turns_heard, losses.turns_in_gaps) == (4, 2, 1)
    assert losses.turns_unheard == {"a call/2": 1}
    assert (losses.gaps, losses.gap_ms) == (1, 3_800)
    assert (losses.calls_played, losses.calls_not_ended) == (1, 0)


def test_words_of_the_other_side_at_the_same_time_are_not_the_turns_words() -> None:
    losses = observed(words(CALLER, 500, 9_000)).losses()

    assert losses.turns_unheard == {"a call/0": 1, "a call/2": 1}


def test_a_turn_that_part_of_an_utterance_holds_is_heard_even_beside_a_gap() -> None:
    gap = told("gap", track=CALLER, start_ms=5_000, end_ms=6_100, reason="overload")

    losses = observed(words(CALLER, 2_400, 5_000), gap).losses()

    assert (losses.turns_heard, losses.turns_in_gaps) == (1, 0)


def test_a_turn_that_was_cut_off_by_hanging_up_is_not_missing() -> None:
    losses = observed(call=Recorded(duration_ms=8_500)).losses()

    assert losses.turns_spoken == 3
    assert "a call/3" not in losses.turns_unheard


def test_calls_are_over_when_the_screen_was_told_so() -> None:
    before = observed(words(CALLER, 2_400, 6_200))
    after = observed(told("call.ended"))

    assert (before.all_ended, after.all_ended) == (False, True)
    assert before.losses().calls_not_ended == 1


# The server's event loop


def looked(
    lately_ms: int, longest_ms: int, over_50_ms: int = 0, over_100_ms: int = 0
) -> dict[str, int]:
    return {
        "lately_ms": lately_ms,
        "longest_ms": longest_ms,
        "over_50_ms": over_50_ms,
        "over_100_ms": over_100_ms,
    }


def test_pauses_while_the_server_started_are_not_the_measurements() -> None:
    pauses = LoopPauses([looked(2, 400, 3, 2), looked(60, 400, 4, 2), looked(9, 400, 4, 2)])

    assert pauses.figures() == {
        "longest_ms": 60,
        "over_50_ms": 1,
        "over_100_ms": 0,
        "answers": 3,
    }


def test_a_pause_between_two_looks_is_not_missed() -> None:
    pauses = LoopPauses([looked(2, 80, 1), looked(3, 130, 3, 1)])

    told = pauses.figures()

    assert told is not None
    assert (told["longest_ms"], told["over_50_ms"], told["over_100_ms"]) == (130, 2, 1)


def test_a_server_that_never_answered_has_no_pauses_to_tell() -> None:
    assert LoopPauses().figures() is None


# Recordings


def test_a_recording_is_played_with_its_turns_and_may_be_cut_short(tmp_path: Path) -> None:
    track = resample(sentences(1), MODEL_RATE_HZ, 8_000)
    write_mulaw_wav(tmp_path / "one.wav", [track, track])
    (tmp_path / "one.turns.jsonl").write_text(
        '{"speaker": "caller", "start_ms": 10, "end_ms": 900, "text": "はい"}\n', encoding="utf-8"
    )

    (recording,) = load_calls(tmp_path)
    short = recording.at_most(1_200)

    assert (recording.name, recording.turns) == ("one", (SpokenTurn(CALLER, 10, 900),))
    assert short.sound.duration_ms == 1_200
    assert recording.sound.payload.startswith(short.sound.payload)
    assert recording.at_most(3_600_000) is recording
    assert recording.at_most(0).sound.duration_ms == 1_000


# The whole measurement


async def test_a_measurement_sees_its_calls_begin_speak_and_end(settings: Settings) -> None:
    sound = CallSound(call_bytes(joined(silence(200), speech(600), silence(700))))
    recording = RecordedCall("short", sound, (SpokenTurn(CALLER, 200, 800),))
    plan = CallsPlan([recording], calls=2, seconds=1.0)

    async with running_server(settings, ScriptedTranscriber("もしもし", "はい")) as server:
        result = await measure_on(await bench_server(server), plan, lambda _: None)

    assert result["losses"] == {
        "calls_played": 2,
        "calls_not_ended": 0,
        "gaps": 0,
        "gap_ms": 0,
        "turns_spoken": 2,
        "turns_heard": 2,
        "turns_in_gaps": 0,
        "turns_unheard": 0,
        "unheard": {},
    }
    assert result["transcript_latency_ms"]["count"] == 2
    assert result["loop_pauses"]["answers"] >= 1
    assert (result["calls_ended"], result["calls_refused"], result["kills"]) == (2, [], 0)


async def test_a_call_that_the_server_refuses_is_counted_and_the_measurement_goes_on(
    settings: Settings,
) -> None:
    recording = RecordedCall("short", CallSound(call_bytes(silence(1_100))), ())
    plan = CallsPlan([recording], calls=1, seconds=0.1)

    async with running_server(settings, ScriptedTranscriber()) as server:
        closed = replace(await bench_server(server), stream_token="nobody's")
        result = await measure_on(closed, plan, lambda _: None)

    assert len(result["calls_refused"]) == 1
    assert result["losses"]["calls_played"] == 0


async def bench_server(server: RunningServer) -> BenchServer:
    return BenchServer(
        pid=os.getpid(),
        url=server.url,
        stream_token=server.stream_token,
        screen_token=await server.token(Role.SUPERVISOR),
        health_token=await server.token(Role.ADMINISTRATOR),
        data_dir=server.services.settings.data_dir,
    )


# Processes


OFFICE = """
import subprocess, sys
for name in sys.argv[1:]:
    subprocess.Popen([sys.executable, "-c", "input()", "-m", name], stdin=subprocess.PIPE)
print("started", flush=True)
input()
"""


@contextmanager
def office(*children: str) -> Iterator[int]:
    """A process with children that carry these names on their command lines."""
    command = [sys.executable, "-c", OFFICE, *children]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            for child in psutil.Process(process.pid).children():
                child.kill()
            process.kill()


@dataclass(eq=False, slots=True)
class Worker:
    """A recogniser whose place is taken by a new one, as the pool does it."""

    name: int
    row: list[Worker]
    killed: list[int]

    def kill(self) -> None:
        self.killed.append(self.name)
        self.row.remove(self)
        self.row.append(self)


async def test_every_recogniser_is_killed_in_its_turn() -> None:
    row: list[Worker] = []
    killed: list[int] = []
    row += [Worker(name, row, killed) for name in range(3)]
    counted = 0

    async with anyio.create_task_group() as tasks:

        def on_kill() -> None:
            nonlocal counted
            counted += 1
            if counted == 7:
                tasks.cancel_scope.cancel()

        tasks.start_soon(kill_in_turn, lambda: row, 0.0, on_kill)

    assert killed == [0, 1, 2, 0, 1, 2, 0]


def test_recognisers_are_known_by_their_command_and_stand_in_the_order_of_their_age() -> None:
    with office("asr.recogniser", "something.else", "asr.recogniser") as pid:
        found = recognisers_of(pid)
        commands = [process.cmdline()[-1] for process in found]

    assert commands == ["asr.recogniser"] * 2
    assert [p.create_time() for p in found] == sorted(p.create_time() for p in found)


def test_a_process_that_is_gone_has_no_recognisers_and_uses_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    assert recognisers_of(process.pid) == []
    assert usage_of(process.pid).memory_bytes == 0


def test_the_servers_own_time_and_memory_are_told_from_those_below_it() -> None:
    with office("asr.recogniser") as pid:
        usage = usage_of(pid)

    assert usage.server_bytes > 0
    assert usage.below_bytes > 0
    assert usage.memory_bytes <= usage.server_bytes + usage.below_bytes + (1 << 30)
