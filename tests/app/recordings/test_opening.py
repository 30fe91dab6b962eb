"""The beginning of a recording: its row and its file come together, also where a write is asked for twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import cast

from app.calls.lifecycle import facts_of
from app.ledger import Entry, Ledger
from app.models import Call
from app.recordings.chunks import Kind, Run
from app.recordings.opening import begin_tape, close_tape, store_lost
from tests.app.recordings.recorded import facts_of_recording, noise, whole_call
from tests.app.running import RunningServer


class ForgetfulLedger:
    """A ledger whose database stores what is asked for and loses the answer, so that it is asked again."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def write(self, change: Callable[[Entry], Awaitable[None]]) -> None:
        await self._ledger.write(change)
        await self._ledger.write(change)


async def unrecorded_call(server: RunningServer) -> Call:
    await whole_call(server, noise(320), call_id="c1")
    await facts_of_recording(server, "c1")
    await server.services.recordings.delete("c1")
    async with server.services.database.transaction() as session:
        call = await session.get(Call, "c1")
    assert call is not None
    return call


async def test_a_beginning_that_is_stored_twice_is_one_recording(server: RunningServer) -> None:
    facts = facts_of(await unrecorded_call(server))
    ledger = cast("Ledger", ForgetfulLedger(server.services.ledger))

    tape = await begin_tape(server.services.recordings, ledger, facts)
    tape.append([Run(Kind.SOUND, 0, 160, noise(320))])
    await close_tape(ledger, facts, tape, [])

    told = await facts_of_recording(server, "c1")
    assert (told["samples"], told["complete"]) == (160, True)


async def test_a_loss_that_is_stored_twice_is_one_recording(server: RunningServer) -> None:
    facts = facts_of(await unrecorded_call(server))
    ledger = cast("Ledger", ForgetfulLedger(server.services.ledger))

    await store_lost(server.services.recordings, ledger, facts, 8_000)

    told = await facts_of_recording(server, "c1")
    assert told["stretches"] == [{"start_ms": 0, "end_ms": 1_000, "kind": "lost"}]
