"""Callers' numbers lie sealed: in the table, in what the telephone told, in files; and are known again all the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.auth.administration import Administration
from app.auth.identity import Identity, Role
from app.callers.history import NumberSight
from app.callers.number import UNREADABLE, masked
from app.db import Database
from app.models import Call
from app.privacy.number_traces import without_number
from app.privacy.numbers import (
    number_of,
    reading_numbers,
    reseal,
    seal_left_over,
    sealed_number,
)
from app.sealing import RecordKeys
from app.settings import Settings
from tests.app.running import SECTION, hear, running_server, say
from tests.fakes_clock import FakeClock
from tests.fakes_transcriber import ScriptedTranscriber

NUMBER = "090-1234-5678"
OLD = RecordKeys({"old": bytes(32)})
NEW = RecordKeys({"new": bytes([1]) * 32, **OLD.keys})
LOST = RecordKeys({"new": bytes([1]) * 32})


async def plain_calls(database: Database, clock: FakeClock, numbers: Sequence[str]) -> None:
    """Write calls as they were kept before version 0016."""
    made = await Administration(database, clock).create_token(
        name="exchange", role=Role.STREAM, section=SECTION
    )
    async with database.transaction() as session:
        for place, number in enumerate(numbers):
            session.add(
                Call(
                    id=f"c{place:04}",
                    token_id=made.token.id,
                    section=SECTION,
                    caller_number=number,
                    stream_format={"rate": 8000, "metadata": {"ani": number, "trunk": "t-1"}},
                    started_at=clock.now(),
                )
            )


def all_bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


async def calls_of(database: Database) -> Sequence[Call]:
    async with database.transaction() as session:
        return (await session.scalars(select(Call).order_by(Call.id))).all()


async def test_what_stands_plainly_is_sealed_in_small_steps_and_only_once(
    either: Database, clock: FakeClock
) -> None:
    numbers = [f"090{place:08}" if place % 3 else "" for place in range(1_100)]
    await plain_calls(either, clock, numbers)

    sealed = await seal_left_over(either, OLD)
    again = await seal_left_over(either, OLD)

    calls = await calls_of(either)
    assert (sealed, again) == (sum(number != "" for number in numbers), 0)
    assert {call.caller_number for call in calls} == {""}
    assert [number_of(OLD, call) for call in calls] == numbers
    assert [call.stream_format["metadata"]["ani"] for call in calls] == [
        masked(number) for number in numbers
    ]
    assert {call.stream_format["metadata"]["trunk"] for call in calls} == {"t-1"}


async def test_a_new_key_seals_all_anew_and_the_old_one_can_go(
    either: Database, clock: FakeClock
) -> None:
    await plain_calls(either, clock, [NUMBER, "0113811234", ""])
    await seal_left_over(either, OLD)

    resealed = await reseal(either, NEW)

    assert (resealed, await reseal(either, NEW)) == (2, 0)
    assert [number_of(LOST, call) for call in await calls_of(either)] == [
        NUMBER,
        "0113811234",
        "",
    ]


async def test_a_number_whose_key_is_lost_is_told_as_such_and_stays_as_it_is(
    either: Database, clock: FakeClock
) -> None:
    await plain_calls(either, clock, [NUMBER])
    await seal_left_over(either, OLD)

    resealed = await reseal(either, LOST)

    (call,) = await calls_of(either)
    sight = NumberSight(
        Identity("mori", "森", Role.SUPERVISOR, SECTION), number_of=reading_numbers(LOST)
    )
    assert resealed == 0
    assert number_of(LOST, call) == masked(number_of(LOST, call)) == UNREADABLE
    assert sight.of_call(call) == UNREADABLE
    assert number_of(OLD, call) == NUMBER


async def test_a_sealed_number_opens_in_its_own_row_only(
    either: Database, clock: FakeClock
) -> None:
    await plain_calls(either, clock, [NUMBER, "0113811234"])
    await seal_left_over(either, OLD)
    first, second = await calls_of(either)

    async with either.transaction() as session:
        await session.execute(
            update(Call).where(Call.id == second.id).values(number_box=first.number_box)
        )

    assert number_of(OLD, (await calls_of(either))[1]) == UNREADABLE


async def test_a_call_leaves_its_number_in_no_file(tmp_path: Path) -> None:
    async with running_server(Settings(data_dir=tmp_path), ScriptedTranscriber()) as server:
        async with server.stream() as stream:
            await say(
                stream,
                {
                    "type": "start",
                    "tracks": ["caller", "operator"],
                    "encoding": "mulaw",
                    "rate": 8000,
                    "from": NUMBER,
                    "to": "0113810000",
                    "operator": "sato",
                    "metadata": {
                        "sip_from": "sip:09012345678@example",
                        "answered_by": "+819012345678",
                    },
                },
            )
            call_id = (await hear(stream))["call_id"]
            await say(stream, {"type": "stop", "reason": "hangup"})
            await hear(stream)
        async with server.client(await server.token(Role.SUPERVISOR)) as supervisor:
            shown = (await supervisor.get(f"/v1/calls/{call_id}")).json()["call"]

    kept = all_bytes_in(tmp_path)
    assert shown["caller_number"] == NUMBER
    for writing in (NUMBER, "09012345678", "819012345678", "9012345678"):
        assert writing.encode() not in kept
    assert b"0113810000" in kept, "the office's own number is nobody's"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("09012345678", "****5678"),
        ("+81 90-1234-5678", "****5678"),
        ("sip:819012345678@pbx", "sip:****5678@pbx"),
        ("Tanaka <090-1234-5678>", "Tanaka <****5678>"),
        (9012345678, "****5678"),
        ("109012345678", "109012345678"),
        ("PJSIP/trunk-00000012", "PJSIP/trunk-00000012"),
        (True, True),
        (None, None),
        (["090(1234)5678", {"ani": "09012345678"}], ["****5678", {"ani": "****5678"}]),
    ],
)
def test_the_telephones_own_words_keep_the_last_digits_only(told: object, kept: object) -> None:
    assert without_number({"word": told}, NUMBER) == {"word": kept}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=40), max_size=5), st.text(max_size=20))
def test_a_number_that_names_nobody_changes_no_word(told: dict[str, str], number: str) -> None:
    names_nobody = masked(number) == ""

    kept = without_number(told, number)

    assert kept.keys() == told.keys()
    if names_nobody:
        assert all(kept[name] == value for name, value in told.items() if value != number)


def test_where_no_number_was_shown_nothing_is_sealed() -> None:
    assert sealed_number(OLD, "c1", "") is None
