"""Earlier calls from the same number over REST: what each role learns, and what nobody does."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.auth.identity import Role
from app.models import StaffAction
from tests.app.callers.office import NUMBER, OTHER_SECTION, SECTION, Office

MATTER = {"matter": "収集日の変更", "answer": "変更できないことを説明"}


async def read(client: httpx.AsyncClient, call_id: str = "now") -> dict[str, Any]:
    answer = await client.get(f"/v1/calls/{call_id}/caller")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_an_operator_reads_their_own_calls_and_is_told_of_colleagues(
    calling: Office,
) -> None:
    sato = await calling.person("sato", Role.OPERATOR)
    ito = await calling.person("ito", Role.OPERATOR)
    await calling.begin("own", hours_ago=2, level=2)
    await calling.begin("colleague", operator="ito", hours_ago=30, number="+81 90 1234 5678")
    await calling.begin("now", over=False)
    await sato.put("/v1/calls/own/matter", json=MATTER)
    await ito.put("/v1/calls/colleague/matter", json=MATTER)

    told = await read(sato)

    assert (told["last_24_hours"], told["last_90_days"]) == (1, 2)
    own, colleague = told["calls"]
    assert (own["call_id"], own["top_level"], own["matter"]["answer"]) == (
        "own",
        2,
        MATTER["answer"],
    )
    assert own["matter"]["by"] == "sato"
    assert (colleague["call_id"], colleague["matter"]) == (None, None)
    assert colleague["started_at"] < own["started_at"]


async def test_an_office_may_let_colleagues_read_the_answers_that_were_given(
    calling: Office,
) -> None:
    sato = await calling.person("sato", Role.OPERATOR)
    ito = await calling.person("ito", Role.OPERATOR)
    await calling.begin("colleague", operator="ito", hours_ago=30)
    await calling.begin("now", over=False)
    await ito.put("/v1/calls/colleague/matter", json=MATTER)
    calling.share_colleagues_answers()

    told = await read(sato)

    assert told["calls"][0]["matter"]["answer"] == MATTER["answer"]
    assert told["calls"][0]["call_id"] is None


async def test_nothing_of_other_sections_is_told_or_counted(calling: Office) -> None:
    people = [
        await calling.person("sato", Role.OPERATOR),
        await calling.person("mori", Role.SUPERVISOR),
    ]
    await calling.begin("elsewhere", operator="abe", section=OTHER_SECTION, hours_ago=1)
    await calling.begin("now", over=False)

    for person in people:
        told = await read(person)
        assert (told["last_24_hours"], told["last_90_days"], told["calls"]) == (0, 0, [])


async def test_an_auditor_without_a_section_reads_ended_calls_of_all(calling: Office) -> None:
    auditor = await calling.person("kanda", Role.AUDITOR, section="")
    await calling.begin("elsewhere", operator="abe", section=OTHER_SECTION, hours_ago=3)
    await calling.begin("still live", hours_ago=1, over=False)
    await calling.begin("now")

    told = await read(auditor)

    assert [one["call_id"] for one in told["calls"]] == ["elsewhere"]
    assert told["number"] == "****5678", "until they say why they must read it"


async def test_the_whole_number_is_for_supervisors_and_auditors(calling: Office) -> None:
    await calling.begin("now")
    numbers = [
        (await read(await calling.person(f"p{place}", role)))["number"]
        for place, role in enumerate((Role.SUPERVISOR, Role.AUDITOR))
    ]
    sato = await calling.person("sato", Role.OPERATOR)

    answer = await sato.get("/v1/calls/now/caller")

    assert numbers == [NUMBER, "****5678"], "an auditor reads the call covered"
    assert answer.json()["number"] == "****5678"
    assert answer.json()["number_is_whole"] is False
    assert NUMBER not in answer.text


async def test_a_withheld_number_is_nobody(calling: Office) -> None:
    sato = await calling.person("sato", Role.OPERATOR)
    await calling.begin("before", number="anonymous", hours_ago=1)
    await calling.begin("now", number="anonymous", over=False)

    told = await read(sato)

    assert told["known"] is False
    assert (told["last_90_days"], told["calls"], told["measures"]) == (0, [], [])


async def test_later_calls_and_those_older_than_90_days_are_left_out(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("long ago", hours_ago=24 * 91)
    await calling.begin("now", hours_ago=2)
    await calling.begin("later", hours_ago=1)

    told = await read(mori)

    assert told["calls"] == []


async def test_who_may_not_see_a_call_learns_nothing_of_its_caller(calling: Office) -> None:
    await calling.begin("now", over=False)
    strangers = [
        await calling.person("ito", Role.OPERATOR),
        await calling.person("abe", Role.SUPERVISOR, OTHER_SECTION),
        await calling.person("kanda", Role.AUDITOR),
    ]

    refused = [(await one.get("/v1/calls/now/caller")).status_code for one in strangers]
    admin = await calling.person("admin", Role.ADMINISTRATOR)

    assert refused == [404, 403, 404]
    assert (await admin.get("/v1/calls/now/caller")).status_code == 403


async def test_matter_and_answer_are_written_by_people_and_changed_in_place(
    calling: Office,
) -> None:
    sato = await calling.person("sato", Role.OPERATOR)
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("now")
    await sato.put("/v1/calls/now/matter", json=MATTER)

    changed = await mori.put("/v1/calls/now/matter", json={**MATTER, "answer": " 再度説明 "})

    assert changed.status_code == 204
    kept = (await sato.get("/v1/calls/now/matter")).json()
    assert (kept["answer"], kept["by"]) == ("再度説明", "mori")
    async with calling.database.transaction() as session:
        actions = (await session.scalars(select(StaffAction).order_by(StaffAction.id))).all()
    assert [(one.kind, one.by_login) for one in actions] == [
        ("matter_written", "sato"),
        ("matter_written", "mori"),
    ]
    notes = [event.data for event in calling.told if event.type.value == "note"]
    assert [note["by"] for note in notes] == ["sato", "mori"]
    assert "説明" not in str(notes)


@pytest.mark.parametrize(
    "body",
    [
        {"matter": "あ" * 301, "answer": ""},
        {"matter": "", "answer": "あ" * 301},
        {"matter": "a\x00", "answer": ""},
        {"matter": ""},
        {**MATTER, "score": 3},
    ],
)
async def test_a_matter_that_is_too_long_or_odd_is_refused(
    calling: Office, body: dict[str, Any]
) -> None:
    sato = await calling.person("sato", Role.OPERATOR)
    await calling.begin("now")

    answer = await sato.put("/v1/calls/now/matter", json=body)

    assert answer.status_code == 422  # the small office has no renderer of its own
    assert (await sato.get("/v1/calls/now/matter")).json() is None


async def test_nobody_else_writes_a_matter(calling: Office) -> None:
    await calling.begin("now")
    answers = [
        (await one.put("/v1/calls/now/matter", json=MATTER)).status_code
        for one in (
            await calling.person("ito", Role.OPERATOR),
            await calling.person("abe", Role.SUPERVISOR, OTHER_SECTION),
            await calling.person("kanda", Role.AUDITOR),
            await calling.program(Role.SUPERVISOR),
        )
    ]

    assert answers == [404, 403, 403, 403]


async def test_no_number_reaches_the_log(
    calling: Office, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("before", hours_ago=1)
    await calling.begin("now")

    with caplog.at_level(logging.INFO):
        await read(mori)
        await mori.put("/v1/calls/now/matter", json=MATTER)

    printed = capsys.readouterr()
    heard = caplog.text + printed.out + printed.err
    assert NUMBER not in heard
    assert "9012345678" not in heard
    assert MATTER["matter"] not in heard
    assert SECTION not in heard
