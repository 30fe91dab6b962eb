"""The process that hears calls again: what it answers, and what its end costs."""

from __future__ import annotations

import os
import signal

import pytest

from app.trials.hearers import HearerLost, NotComparable, hearing_process
from app.trials.hearing import StoredCall
from app.trials.rules import RulesSpec
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


async def test_rules_that_cannot_be_opened_are_told_by_their_kind_and_not_by_their_words() -> None:
    async with hearing_process() as hearer:
        with pytest.raises(HearerLost, match=r"^PolicyInvalid$"):
            await hearer.opened(NOW, RulesSpec("name = 3"), ())
