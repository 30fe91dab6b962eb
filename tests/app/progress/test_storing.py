"""What is kept and told of warnings: none that could not be stored, and every one that was."""

from __future__ import annotations

import numpy as np
import pytest

from app.calls.facts import Heard
from app.calls.protocol import Track
from app.ledger import Entry
from app.progress.reading import recorded_warnings
from app.settings import Settings
from asr.types import Cut, SpeechSegment, Transcript
from detection.types import Pressed, Step
from tests.app.exchange import exchange
from tests.app.sounds import call_bytes, sentences
from tests.fakes_transcriber import ScriptedTranscriber

INSULT = "お前は本当に馬鹿だな"
FIRST = Pressed(3_000, "続くようでしたら、お電話を終了いたします。", Step.WARN, "sato")
SECOND = Pressed(60_000, FIRST.words, Step.WARN, "sato")


async def test_a_press_that_cannot_be_stored_counts_nowhere(settings: Settings) -> None:
    counted: list[bool] = []

    async def broken(_entry: Entry, _counted: bool) -> None:
        raise LookupError

    async def stored(_entry: Entry, counts: bool) -> None:
        counted.append(counts)

    async with exchange(settings, ScriptedTranscriber(INSULT)) as office:
        attached = await office.attach("c1")
        attached.call.hear(call_bytes(sentences(1)))
        await office.until_said("c1", 1)
        with pytest.raises(LookupError):
            await attached.call.judge.press(FIRST, broken)
        none, _ = attached.call.judge.progress()
        await attached.call.judge.press(SECOND, stored)
        one, _ = attached.call.judge.progress()
        row = await office.row("c1")

    assert (none.warnings_spoken, one.warnings_spoken, row.warnings_spoken) == (0, 1, 1)
    assert counted == [True]


async def test_a_warning_that_is_heard_late_takes_its_place_and_hides_no_other(
    settings: Settings,
) -> None:
    async def nothing(_entry: Entry, _counts: bool) -> None:
        return

    late = SpeechSegment(20_000, 23_000, np.zeros(48_000, np.float32), 1.0, Cut.PAUSE)
    async with exchange(settings, ScriptedTranscriber(INSULT)) as office:
        attached = await office.attach("c1")
        attached.call.hear(call_bytes(sentences(1)))
        await office.until_said("c1", 1)
        await attached.call.judge.press(SECOND, nothing)
        await attached.call.judge.hear(
            Heard(Track.OPERATOR, late, Transcript(FIRST.words, 0.9)), {}
        )
        row = await office.row("c1")
        async with office.database.transaction() as session:
            told = await recorded_warnings(session, row)

    assert row.warnings_spoken == 2
    assert [(one["n"], one["how"], one["at_ms"] > 50_000) for one in told] == [
        (1, "spoken", False),
        (2, "pressed", True),
    ]
