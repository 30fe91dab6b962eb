"""Glue: what every ``Recogniser`` must do, a process, a server and the fake."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from asr.errors import RecogniserLost
from asr.ports import Recogniser
from asr.types import Effort
from tests.asr.scripted_recogniser import FAIL, HANG, SAY, ordered

Opened = Callable[[], AbstractAsyncContextManager[Recogniser]]

PATIENCE_MS = 60_000
SHORT_MS = 200


class RecogniserContract:
    """Derive from this and give the fixtures ``opened`` and ``gone``.

    ``opened()`` is a recogniser called 「scripted」 that obeys ``tests.asr.scripted_recogniser``;
    ``gone()`` is one that ends or cannot be reached before it is asked anything.
    """

    async def test_it_says_its_name_once_it_is_warm(self, opened: Opened) -> None:
        async with opened() as recogniser:
            name = await recogniser.wait_ready(PATIENCE_MS)

        assert name == "scripted"

    async def test_each_segment_of_a_batch_has_its_own_words(self, opened: Opened) -> None:
        async with opened() as recogniser:
            await recogniser.wait_ready(PATIENCE_MS)
            numbers = range(min(3, recogniser.max_batch))
            batch = [ordered(SAY, number).samples for number in numbers]

            answer = await recogniser.decode(batch, Effort.THOROUGH, PATIENCE_MS)

        said = [words.text for words in answer.transcripts if words is not None]
        assert said == [f"ことば{number}" for number in numbers]

    async def test_one_answer_after_the_other(self, opened: Opened) -> None:
        async with opened() as recogniser:
            await recogniser.wait_ready(PATIENCE_MS)

            answers = [
                await recogniser.decode([ordered(SAY, number).samples], effort, PATIENCE_MS)
                for number, effort in enumerate(Effort)
            ]

        said = [words.text for answer in answers for words in answer.transcripts if words]
        assert said == [f"ことば{number}" for number in range(len(Effort))]

    async def test_what_cannot_be_decoded_is_none_and_the_next_is_decoded(
        self, opened: Opened
    ) -> None:
        async with opened() as recogniser:
            await recogniser.wait_ready(PATIENCE_MS)

            failed = await recogniser.decode([ordered(FAIL).samples], Effort.QUICK, PATIENCE_MS)
            next_one = await recogniser.decode([ordered(SAY).samples], Effort.QUICK, PATIENCE_MS)

        assert failed.transcripts == (None,)
        assert [words.text for words in next_one.transcripts if words] == ["ことば0"]

    async def test_one_that_does_not_answer_in_time_is_lost(self, opened: Opened) -> None:
        async with opened() as recogniser:
            await recogniser.wait_ready(PATIENCE_MS)

            with pytest.raises(RecogniserLost):
                await recogniser.decode([ordered(HANG).samples], Effort.QUICK, SHORT_MS)

    async def test_one_that_is_gone_says_so_instead_of_being_ready(self, gone: Opened) -> None:
        with pytest.raises(RecogniserLost):
            async with gone() as recogniser:
                await recogniser.wait_ready(PATIENCE_MS)
