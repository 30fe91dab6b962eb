"""The live calls of a server: what breaks one call breaks no other, and none is left behind."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from app.calls.protocol import Refusal, StreamRefused
from app.db import Database
from app.settings import Settings, StreamSettings
from asr.errors import VoiceActivityFailed
from asr.types import Samples
from tests.app.exchange import (
    ANSWER_SECONDS,
    BREAKING,
    BreakingActivity,
    BreakingDetector,
    exchange,
)
from tests.app.sounds import call_bytes, joined, sentences, silence, speech
from tests.fakes_transcriber import ScriptedTranscriber

ONE_SENTENCE = call_bytes(sentences(1))
THREAT = "今からそっちに行って刺してやるからな、お前の顔は覚えたぞ"


class LockedDatabase(Database):
    """A database that refuses every write while it is locked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.locked = False
        self.refused = anyio.Event()

    @property
    def is_postgresql(self) -> bool:
        return self._database.is_postgresql

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        if self.locked:
            self.refused.set()
            raise OperationalError("BEGIN", {}, Exception("database is locked"))
        async with self._database.transaction() as session:
            yield session


def at_once(**changes: Any) -> StreamSettings:
    """Return settings in which nothing waits for a second."""
    return StreamSettings().model_copy(update={"resume_seconds": 0, **changes})


async def test_a_judge_that_breaks_ends_its_own_call_as_an_error_and_no_other(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber("前の言葉", BREAKING, "別の通話")
    async with exchange(settings, transcriber, detector=BreakingDetector()) as office:
        healthy, broken = await office.attach("healthy"), await office.attach("broken")
        broken.call.hear(call_bytes(sentences(2)))
        await office.until(lambda: office.registry.find("broken") is None)
        healthy.call.hear(ONE_SENTENCE)
        await office.registry.stop(healthy, "stop")

        assert broken.refusal is Refusal.INTERNAL
        assert (await office.row("broken")).end_reason == "error"
        assert await office.texts("broken") == ["前の言葉"]
        assert (await office.row("healthy")).end_reason == "stop"
        assert await office.texts("healthy") == ["別の通話"]


async def test_a_call_that_breaks_on_its_last_words_is_not_said_to_have_stopped_well(
    settings: Settings,
) -> None:
    async with exchange(
        settings, ScriptedTranscriber(BREAKING), detector=BreakingDetector()
    ) as office:
        attached = await office.attach("c1")
        attached.call.hear(call_bytes(joined(silence(400), speech())))
        await office.registry.stop(attached, "stop")
        await office.until(lambda: office.registry.find("c1") is None)

        assert attached.refusal is Refusal.INTERNAL
        assert (await office.row("c1")).end_reason == "error"


async def test_sound_that_cannot_be_heard_at_all_ends_its_call_as_an_error(
    settings: Settings,
) -> None:
    async with exchange(
        settings,
        ScriptedTranscriber(),
        new_voice_activity=lambda: BreakingActivity(5, RuntimeError("broken")),
    ) as office:
        attached = await office.attach("c1")
        attached.call.hear(ONE_SENTENCE)
        await office.until(lambda: office.registry.find("c1") is None)

        assert attached.refusal is Refusal.INTERNAL
        assert (await office.row("c1")).end_reason == "error"


async def test_a_window_whose_voice_activity_is_unknown_loses_no_words(settings: Settings) -> None:
    async with exchange(
        settings,
        ScriptedTranscriber("言葉"),
        new_voice_activity=lambda: BreakingActivity(30, VoiceActivityFailed("once")),
    ) as office:
        await office.call("c1", ONE_SENTENCE)

        assert await office.texts("c1") == ["言葉"]
        assert (await office.row("c1")).end_reason == "stop"


async def test_a_database_that_is_away_for_a_moment_costs_nothing(settings: Settings) -> None:
    locks: list[LockedDatabase] = []

    def through(database: Database) -> Database:
        locks.append(LockedDatabase(database))
        return locks[0]

    async with exchange(settings, ScriptedTranscriber("言葉"), through=through) as office:
        attached = await office.attach("c1")
        locks[0].locked = True
        attached.call.hear(ONE_SENTENCE)
        await locks[0].refused.wait()
        locks[0].locked = False
        await office.registry.stop(attached, "stop")

        assert await office.texts("c1") == ["言葉"]
        assert (await office.row("c1")).end_reason == "stop"


async def test_a_database_that_stays_away_costs_the_call_but_not_the_server(
    settings: Settings,
) -> None:
    locks: list[LockedDatabase] = []

    def through(database: Database) -> Database:
        locks.append(LockedDatabase(database))
        return locks[0]

    async with exchange(settings, ScriptedTranscriber("一", "二"), through=through) as office:
        attached = await office.attach("c1")
        locks[0].locked = True
        attached.call.hear(ONE_SENTENCE)
        await office.until(lambda: attached.refusal is not None)
        with pytest.raises(StreamRefused) as refused:
            await office.attach("c1", resume=True)
        locks[0].locked = False
        await office.call("c2", ONE_SENTENCE)
        await office.until(lambda: office.registry.find("c1") is None)

        assert refused.value.refusal is Refusal.CALL_ENDED
        assert (await office.row("c1")).end_reason == "error"
        assert (await office.row("c2")).end_reason == "stop"


async def test_after_many_calls_no_task_and_no_call_is_left(settings: Settings) -> None:
    endings = ["stop", "lost", "broken"] * 10
    transcriber = ScriptedTranscriber()
    async with exchange(
        settings, transcriber, stream=at_once(), detector=BreakingDetector()
    ) as office:
        await office.call("warm-up", ONE_SENTENCE)
        before = len(asyncio.all_tasks())
        for number, ending in enumerate(endings):
            transcriber.say(BREAKING if ending == "broken" else "言葉")
            attached = await office.attach(f"c{number}")
            attached.call.hear(ONE_SENTENCE)
            if ending == "stop":
                await office.registry.stop(attached, "stop")
            office.registry.detach(attached)
            await office.until(lambda: not office.registry.live_calls)
        await anyio.wait_all_tasks_blocked()
        after = len(asyncio.all_tasks())
        reasons = [(await office.row(f"c{number}")).end_reason for number in range(len(endings))]

    assert after == before
    assert reasons == ["stop", "interrupted", "error"] * 10


async def test_a_socket_that_comes_back_before_the_wait_has_begun_keeps_its_call(
    settings: Settings,
) -> None:
    async with exchange(settings, ScriptedTranscriber("言葉"), stream=at_once()) as office:
        first = await office.attach("c1")
        async with anyio.create_task_group() as sockets:
            second = []

            async def come_back() -> None:
                second.append(await office.attach("c1", resume=True))

            async def go_away() -> None:
                # As soon as the other has asked and before it is answered.
                office.registry.detach(first)

            sockets.start_soon(come_back)
            sockets.start_soon(go_away)
        await anyio.wait_all_tasks_blocked()
        second[0].call.hear(ONE_SENTENCE)
        await office.registry.stop(second[0], "stop")

        assert (await office.row("c1")).end_reason == "stop"
        assert await office.texts("c1") == ["言葉"]


async def test_a_call_that_was_lost_and_resumed_often_is_ended_by_its_stop_alone(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber("一", "二", "三", "四", "五")
    async with exchange(
        settings, transcriber, stream=at_once(resume_seconds=ANSWER_SECONDS)
    ) as office:
        attached = await office.attach("c1")
        for _ in range(4):
            attached.call.hear(ONE_SENTENCE)
            office.registry.detach(attached)
            attached = await office.attach("c1", resume=True)
        attached.call.hear(ONE_SENTENCE)
        await office.registry.stop(attached, "stop")

        assert (await office.row("c1")).end_reason == "stop"
        assert len(await office.texts("c1")) == 5


async def test_a_call_that_is_being_taken_up_again_is_not_closed_as_abandoned(
    settings: Settings,
) -> None:
    async with exchange(settings, ScriptedTranscriber("前", "後")) as office:
        attached = await office.attach("c1")
        attached.call.hear(ONE_SENTENCE)
        token_id = office.token_id
    async with exchange(settings, ScriptedTranscriber("後"), stream=at_once()) as office:
        office.token_id = token_id
        # The sweep of the start and this socket want the call in the same moment.
        try:
            attached = await office.attach("c1", resume=True)
        except StreamRefused as refused:
            assert refused.refusal is Refusal.CALL_ENDED  # noqa: PT017
            assert office.registry.find("c1") is None
        else:
            await anyio.wait_all_tasks_blocked()
            assert (await office.row("c1")).ended_at is None


async def test_a_call_that_falls_too_far_behind_keeps_little_and_says_what_it_lost(
    settings: Settings,
) -> None:
    transcriber = ScriptedTranscriber(*("言葉",) * 99, open_gate=False)
    short = call_bytes(joined(silence(200), speech(320), silence(700)))
    async with exchange(settings, transcriber) as office:
        attached = await office.attach("c1")
        for _ in range(50):
            attached.call.hear(short)
            await anyio.lowlevel.checkpoint()
        held = len(transcriber.heard)
        transcriber.gate.set()
        await office.registry.stop(attached, "stop")

        assert held <= 32
        assert len(await office.texts("c1")) == 32
        assert (await office.row("c1")).end_reason == "stop"


async def test_both_speaking_at_once_are_both_stored_in_order_of_their_ends(
    settings: Settings,
) -> None:
    caller = joined(silence(400), speech(3_200), silence(1_200))
    operator = joined(silence(800), speech(1_600), silence(2_400))
    async with exchange(settings, ScriptedTranscriber("先", "後")) as office:
        await office.call("c1", call_bytes(caller, operator))

        assert await office.texts("c1") == ["先", "後"]


async def test_an_hour_of_silence_keeps_nothing_and_ends_well(settings: Settings) -> None:
    transcriber = ScriptedTranscriber()
    minute = b"\xff" * (60 * 16_000)
    async with exchange(settings, transcriber) as office:
        attached = await office.attach("c1")
        for _ in range(60):
            attached.call.hear(minute)
            await anyio.lowlevel.checkpoint()
        await office.registry.stop(attached, "stop")
        row = await office.row("c1")

    assert (row.end_reason, row.duration_ms) == ("stop", 3_600_000)
    assert transcriber.heard == []


class Killed(Exception):  # noqa: N818 - named as a fact
    """The process is gone."""


@pytest.mark.parametrize("partials", [False, True])
@pytest.mark.parametrize("kill_at", [0.1, 0.3, 0.45, 0.5, 0.62, 0.75, 0.9])
async def test_a_server_killed_anywhere_loses_nothing_of_either_track_and_stores_nothing_twice(
    settings: Settings, kill_at: float, *, partials: bool
) -> None:
    caller = joined(*[part for _ in range(4) for part in (silence(900), speech(2_400))])
    operator = joined(silence(2_000), *[p for _ in range(3) for p in (speech(3_000), silence(800))])
    payload = call_bytes(caller, operator)
    cut = int(len(payload) * kill_at) // 2 * 2
    killed_at_once = at_once(drain_seconds=0, resume_seconds=60)
    transcriber = ScriptedTranscriber(*("言葉",) * 99, partials=(THREAT,) * 99)
    token_ids = []

    async def play_until_killed() -> None:
        async with exchange(
            settings, transcriber, stream=killed_at_once, partials=partials
        ) as office:
            token_ids.append(office.token_id)
            attached = await office.attach("c1")
            attached.call.hear(payload[: cut // 4 * 2])
            await anyio.wait_all_tasks_blocked()
            await office.until_said("c1", len(transcriber.heard))
            for begin_at in range(cut // 4 * 2, cut, 3_200):
                attached.call.hear(payload[begin_at : min(begin_at + 3_200, cut)])
                await anyio.lowlevel.checkpoint()
            raise Killed

    with pytest.raises(ExceptionGroup):
        await play_until_killed()
    async with exchange(settings, transcriber, partials=partials) as office:
        office.token_id = token_ids[0]
        attached = await office.attach("c1", resume=True)
        attached.call.hear(payload[attached.call.position_samples * 2 :])
        await office.registry.stop(attached, "stop")
        spans = await office.spans("c1")
        top_level = (await office.row("c1")).top_level

    assert top_level == 0

    for track, sound in (("caller", caller), ("operator", operator)):
        told = sorted(spans[track])
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(told))
        for start_ms, end_ms in loud_stretches(sound):
            heard_ms = sum(max(0, min(e, end_ms) - max(s, start_ms)) for s, e in told)
            assert heard_ms > 0.9 * (end_ms - start_ms)


def loud_stretches(sound: Samples) -> list[tuple[int, int]]:
    """Return the stretches of *sound* that are no silence, in ms."""
    blocks = np.abs(sound[: len(sound) // 1_600 * 1_600]).reshape(-1, 1_600).max(axis=1) > 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], blocks, [False])).astype(int)))
    return [(int(a) * 100, int(b) * 100) for a, b in edges.reshape(-1, 2)]


async def test_no_more_calls_begin_than_the_server_takes_also_at_the_same_moment(
    settings: Settings,
) -> None:
    refusals = []
    async with exchange(settings, ScriptedTranscriber(), stream=at_once(max_calls=3)) as office:

        async def begin(number: int) -> None:
            try:
                await office.attach(f"c{number}")
            except StreamRefused as refused:
                refusals.append(refused.refusal)

        async with anyio.create_task_group() as telephones:
            for number in range(8):
                telephones.start_soon(begin, number)

        assert len(office.registry.live_calls) == 3
        assert refusals == [Refusal.TOO_MANY_CALLS] * 5
