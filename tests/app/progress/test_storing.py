"""What cannot be stored of a press has not happened, and the next one counts as the first."""

from __future__ import annotations

import pytest

from app.ledger import Entry
from app.settings import Settings
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
