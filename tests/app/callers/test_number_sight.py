"""Who reads the whole number of a caller, over REST and in events; the record keeps it whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.auth.identity import Identity, Role
from app.callers.history import NumberSight
from app.callers.settings import CallersSettings
from app.ledger import Entry
from app.models import Call, StaffAction
from app.privacy.numbers import number_of
from app.settings import Settings
from tests.app.callers.office import Office
from tests.app.running import SECTION, RunningServer, hear, hear_until, running_server, say
from tests.fakes_transcriber import ScriptedTranscriber

NUMBER = "090-1234-5678"
LAST_DIGITS = "****5678"
OPERATOR = "token:sato"
SATO = Identity("sato", "佐藤", Role.OPERATOR, "市民課", user_id=1)


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        (SATO, LAST_DIGITS),
        (replace(SATO, login="mori", role=Role.SUPERVISOR), NUMBER),
        (replace(SATO, login="mori", role=Role.SUPERVISOR, section="税務課"), LAST_DIGITS),
        (replace(SATO, login="kanda", role=Role.AUDITOR, section=""), NUMBER),
        (replace(SATO, login="abe", role=Role.ADMINISTRATOR), LAST_DIGITS),
    ],
)
def test_the_whole_number_is_for_supervisors_and_auditors_of_the_section(
    who: Identity, shown: str
) -> None:
    assert NumberSight(who).of(NUMBER, operator="sato", section="市民課", top_level=0) == shown


def test_whoever_took_a_call_of_the_third_level_reads_its_number_for_the_police() -> None:
    ito = replace(SATO, login="ito")

    own = NumberSight(SATO).of(NUMBER, operator="sato", section="市民課", top_level=3)
    colleague = NumberSight(ito).of(NUMBER, operator="sato", section="市民課", top_level=3)

    assert (own, colleague) == (NUMBER, LAST_DIGITS)


def test_an_office_may_let_operators_read_the_numbers_of_their_own_calls() -> None:
    sato = NumberSight(SATO, operators_read_numbers=True)

    assert sato.of(NUMBER, operator="sato", section="市民課", top_level=0) == NUMBER
    assert sato.of(NUMBER, operator="ito", section="市民課", top_level=0) == LAST_DIGITS


@given(
    st.sampled_from(list(Role)),
    st.sampled_from(["", "市民課", "税務課"]),
    st.integers(0, 2),
    st.from_regex(r"0[1-9]0-[0-9]{4}-[0-9]{4}", fullmatch=True),
)
def test_who_may_not_read_a_number_learns_at_most_four_digits(
    role: Role, section: str, top_level: int, number: str
) -> None:
    sight = NumberSight(Identity("x", "x", role, section))

    shown = sight.of(number, operator="sato", section="市民課", top_level=top_level)

    whole = sight.is_whole(operator="sato", section="市民課", top_level=top_level)
    # None at all of one that names no telephone: 010 dials abroad, and too little follows it.
    assert shown == number if whole else sum(digit.isdigit() for digit in shown) <= 4


async def begin(server: RunningServer, stream: Any) -> str:
    await say(stream, {"type": "start", "operator": OPERATOR, "from": NUMBER})
    call_id: str = (await hear(stream))["call_id"]
    return call_id


async def raise_to_the_third_level(server: RunningServer, call_id: str) -> None:
    async def change(entry: Entry) -> None:
        await entry.session.execute(update(Call).where(Call.id == call_id).values(top_level=3))

    await server.services.ledger.write(change)


async def shown_to(server: RunningServer, role: Role, call_id: str) -> tuple[str, str, str]:
    """Return the number as the call, the list and the panel show it."""
    token = await server.token(role, name="sato")
    async with server.client(token) as client:
        call = (await client.get(f"/v1/calls/{call_id}")).json()["call"]["caller_number"]
        listed = (await client.get("/v1/calls?state=live")).json()["calls"][0]["caller_number"]
        panel = (await client.get(f"/v1/calls/{call_id}/caller")).json()["number"]
    return call, listed, panel


async def test_an_operators_screens_show_the_last_digits_until_the_third_level(
    tmp_path: Path,
) -> None:
    async with (
        running_server(Settings(data_dir=tmp_path), ScriptedTranscriber()) as server,
        server.stream() as stream,
    ):
        call_id = await begin(server, stream)

        assert await shown_to(server, Role.OPERATOR, call_id) == (LAST_DIGITS,) * 3
        assert await shown_to(server, Role.SUPERVISOR, call_id) == (NUMBER,) * 3
        await raise_to_the_third_level(server, call_id)
        assert await shown_to(server, Role.OPERATOR, call_id) == (NUMBER,) * 3


async def test_whoever_asks_for_a_whole_number_is_kept_in_the_record(calling: Office) -> None:
    sato = await calling.person("sato", Role.OPERATOR)
    ito = await calling.person("ito", Role.OPERATOR)
    cti = await calling.program(Role.SUPERVISOR)
    await calling.begin("now", over=False)

    answer = await sato.post("/v1/calls/now/caller/number")

    assert answer.json() == {"number": NUMBER}
    assert (await ito.post("/v1/calls/now/caller/number")).status_code == 404
    assert (await cti.post("/v1/calls/now/caller/number")).json()["code"] == "person_needed"
    async with calling.database.transaction() as session:
        kept = (await session.scalars(select(StaffAction))).all()
    assert [(row.kind, row.by_login, row.detail) for row in kept] == [
        ("number_read", "sato", {"text": ""})
    ]


async def test_an_event_carries_no_more_of_a_number_than_everyone_may_read(tmp_path: Path) -> None:
    callers = CallersSettings(operators_read_numbers=True)
    async with running_server(
        Settings(data_dir=tmp_path, callers=callers), ScriptedTranscriber()
    ) as server:
        token = await server.token(Role.SUPERVISOR)
        async with server.screen(token, "?after=0") as screen, server.stream() as stream:
            call_id = await begin(server, stream)
            told = (await hear_until(screen, "call.started"))[-1]

            assert told["data"]["caller_number"] == LAST_DIGITS
            assert await shown_to(server, Role.OPERATOR, call_id) == (NUMBER,) * 3
        async with server.services.database.transaction() as session:
            kept = await session.get(Call, call_id)
            assert kept is not None
            assert (kept.caller_number, kept.section) == ("", SECTION)
            assert number_of(server.services.record_keys, kept) == NUMBER
