"""The process that hears calls again: what it answers, and what its end costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from app.trials.hearers import HearerLost, NotComparable, hearing_process
from app.trials.hearing import StoredCall
from app.trials.rules import RulesSpec
from app.trials.wire import call_fields, line
from detection.policy_files import load_policy
from detection.policy_writing import policy_toml
from detection.types import Pressed, Speaker, Step, Utterance

NOW = RulesSpec(policy_toml(load_policy("ebetsu")))
RUDE = StoredCall("c", (Utterance("u", Speaker.CALLER, "お前は馬鹿か", 0, 2_000),), 5_000)
BROKEN = StoredCall("b", (Pressed(0, None, Step.WARN, "sato"),), 5_000)  # type: ignore[arg-type]


async def test_a_call_that_breaks_the_detector_costs_that_call_and_a_dead_process_says_so() -> None:
    async with hearing_process() as hearer:
        versions = await hearer.opened(NOW, NOW, ())
        with pytest.raises(NotComparable):
            await hearer.compared(BROKEN)
        heard = await hearer.compared(RUDE)
        os.kill(hearer.pid, signal.SIGKILL)
        with pytest.raises(HearerLost, match="process_ended"):
            await hearer.compared(RUDE)

    assert versions["before"] == versions["after"]
    assert (heard["level_before"], heard["level_after"], heard["differs"]) == (2, 2, False)


async def test_a_signal_to_the_whole_group_leaves_the_end_to_the_server() -> None:
    async with hearing_process() as hearer:
        await hearer.opened(NOW, NOW, ())
        for told in (signal.SIGINT, signal.SIGTERM):
            os.kill(hearer.pid, told)
        heard = await hearer.compared(RUDE)

    assert heard["level_after"] == 2


async def test_a_process_whose_server_is_gone_ends_in_the_middle_of_a_call() -> None:
    said = tuple(
        Utterance(
            f"u{n}", Speaker.CALLER, f"お前は馬鹿か、{n}回目だぞ", n * 3_000, n * 3_000 + 2_000
        )
        for n in range(20_000)
    )
    endless = StoredCall("c", said, 60_000_000)
    rules = {"before": NOW.fields(), "after": NOW.fields(), "warnings": []}
    command = [sys.executable, "-m", "app.trials.hearing_process"]
    async with await anyio.open_process(command, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        await process.stdin.send(line(rules))
        await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 4_096)

        await process.stdin.send(line(call_fields(endless)))
        await process.stdin.aclose()

        with anyio.fail_after(30):
            assert await process.wait() == 0


async def test_rules_that_cannot_be_opened_are_told_by_their_kind_and_not_by_their_words() -> None:
    async with hearing_process() as hearer:
        with pytest.raises(HearerLost, match=r"^PolicyInvalid$"):
            await hearer.opened(NOW, RulesSpec("name = 3"), ())
