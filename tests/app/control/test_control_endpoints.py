"""The way back to the telephone: who may click, what is confirmed, what is written down, and never two at once."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from sqlalchemy.exc import OperationalError

from app.auth.identity import Role
from app.control.announcements import announcements_in
from app.control.ports import (
    Ability,
    ExchangeAway,
    ExchangeRefused,
    JoinMode,
    OutcomeUnknown,
)
from app.db import Database
from app.errors import Unavailable
from app.settings import Settings
from asr.types import Encoding
from asr.wav import wav_bytes
from tests.app.control.office import Office, RecordingLine, open_office
from tests.fakes_clock import FakeClock

YES = {"confirmed": True}
CLICKS = [
    ("/v1/calls/c1/announcements/closing", "telephone_play"),
    ("/v1/calls/c1/join", "telephone_join"),
    ("/v1/calls/c1/end", "telephone_end"),
]
PATHS = [path for path, _ in CLICKS]


@pytest.fixture
async def office(settings: Settings, database: Database, clock: FakeClock) -> AsyncIterator[Office]:
    tone = np.full(4_000, 0.25, dtype=np.float32)
    announcements_in(settings.data_dir).add("closing", wav_bytes(Encoding.PCM_S16LE, 8_000, [tone]))
    async with open_office(settings, database, clock) as opened:
        await opened.begin("c1", channel_id="1700000000.7", nested={"secret": 1}, number=7)
        yield opened


def touched(office: Office) -> bool:
    return bool(office.control.asked) or any(line.played for line in office.lines.values())


# What is offered


async def test_the_operator_sees_what_can_be_done_and_which_level_the_call_has(
    office: Office,
) -> None:
    await office.at_level(2)
    async with await office.person("sato", Role.OPERATOR) as sato:
        told = (await sato.get("/v1/calls/c1/telephone")).json()

    (announcement,) = told.pop("announcements")
    assert (announcement["name"], announcement["label"], announcement["duration_ms"]) == (
        "closing",
        "終話のことば",
        500,
    )
    assert told == {
        "call_id": "c1",
        "level": 2,
        "busy": False,
        "can_play": True,
        "why_no_play": "",
        "can_join": True,
        "why_no_join": "",
        "join_modes": ["talk", "listen"],
        "can_end": True,
        "why_no_end": "",
    }


async def test_what_cannot_be_done_says_why(office: Office) -> None:
    office.lines.clear()
    office.control.can = Ability(why_no_join="加われません。", why_no_end="切れません。")
    async with await office.person("sato", Role.OPERATOR) as sato:
        told = (await sato.get("/v1/calls/c1/telephone")).json()

    assert (told["can_play"], told["can_join"], told["can_end"]) == (False, False, False)
    assert "流すことができません" in told["why_no_play"]
    assert (told["why_no_join"], told["why_no_end"]) == ("加われません。", "切れません。")


async def test_an_office_without_control_offers_none_and_refuses_clicks(office: Office) -> None:
    office.app.state.services.call_control = None
    async with await office.person("sato", Role.OPERATOR) as sato:
        told = (await sato.get("/v1/calls/c1/telephone")).json()
        answers = [await sato.post(path, json=YES) for path in PATHS[1:]]

    assert (told["can_join"], told["can_end"]) == (False, False)
    assert [answer.status_code for answer in answers] == [503, 503]


async def test_nothing_is_offered_for_a_call_that_is_over(office: Office) -> None:
    await office.over()
    async with await office.person("sato", Role.OPERATOR) as sato:
        told = (await sato.get("/v1/calls/c1/telephone")).json()
        answers = [await sato.post(path, json=YES) for path in PATHS]

    assert (told["can_play"], told["can_join"], told["can_end"]) == (False, False, False)
    assert [(a.status_code, a.json()["code"]) for a in answers] == [(409, "call_ended")] * 3
    assert not touched(office)


# Who may click


@pytest.mark.parametrize(
    ("login", "role", "section", "status"),
    [
        ("sato", Role.OPERATOR, "市民課", 200),
        ("kacho", Role.SUPERVISOR, "市民課", 200),
        ("suzuki", Role.OPERATOR, "市民課", 404),
        ("kacho", Role.SUPERVISOR, "税務課", 403),
        ("kansa", Role.AUDITOR, "市民課", 403),
        ("kanri", Role.ADMINISTRATOR, "", 403),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_only_the_calls_operator_and_its_supervisors_reach_the_telephone(
    office: Office, path: str, login: str, role: Role, section: str, status: int
) -> None:
    async with await office.person(login, role, section) as person:
        answer = await person.post(path, json=YES)
        seen = await person.get("/v1/calls/c1/telephone")

    assert (answer.status_code, seen.status_code) == (status, status)
    assert touched(office) is (status == 200)


@pytest.mark.parametrize("path", PATHS)
async def test_a_program_with_a_token_never_touches_the_telephone(
    office: Office, path: str
) -> None:
    async with await office.program(Role.SUPERVISOR) as program:
        answer = await program.post(path, json=YES)

    assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")
    assert not touched(office)


@pytest.mark.parametrize("path", PATHS)
async def test_another_sites_page_never_touches_the_telephone(office: Office, path: str) -> None:
    async with await office.person("sato", Role.OPERATOR) as sato:
        without_csrf = await sato.post(path, json=YES, headers={"X-CSRF-Token": ""})
        foreign = await sato.post(path, json=YES, headers={"Origin": "https://evil.example"})

    assert (without_csrf.status_code, foreign.status_code) == (403, 403)
    assert not touched(office)


# Confirmed


@pytest.mark.parametrize("body", [None, {}, {"confirmed": False}])
@pytest.mark.parametrize("path", PATHS)
async def test_what_nobody_confirmed_does_not_happen(
    office: Office, path: str, body: dict[str, bool] | None
) -> None:
    async with await office.person("sato", Role.OPERATOR) as sato:
        answer = await sato.post(path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_confirmed")
    assert not touched(office)
    assert await office.records() == []


@pytest.mark.parametrize("confirmed", ["true", 1, "yes", [True]])
@pytest.mark.parametrize("path", PATHS)
async def test_only_a_plain_yes_is_a_yes(office: Office, path: str, confirmed: object) -> None:
    async with await office.person("sato", Role.OPERATOR) as sato:
        answer = await sato.post(path, json={"confirmed": confirmed})

    assert answer.status_code in (400, 422)
    assert not touched(office)


# Done, and written down


async def test_an_announcement_is_played_as_the_line_carries_it(office: Office) -> None:
    async with await office.person("sato", Role.OPERATOR) as sato:
        answer = await sato.post(PATHS[0], json=YES)

    assert (answer.status_code, answer.json()["result"], answer.json()["level"]) == (200, "done", 0)
    assert [len(sound) for sound in office.lines["c1"].played] == [8_000]


async def test_the_exchange_learns_its_own_ids_and_who_clicked_and_nothing_nested(
    office: Office,
) -> None:
    async with await office.person("kacho", Role.SUPERVISOR) as kacho:
        await kacho.post("/v1/calls/c1/join", json={**YES, "mode": "listen"})

    ((what, call, by),) = office.control.asked
    assert what == "join listen"
    assert call.exchange == {"channel_id": "1700000000.7", "number": "7"}
    assert (call.call_id, call.operator, call.section, call.caller_number) == (
        "c1",
        "sato",
        "市民課",
        "0123456789",
    )
    assert (by.login, by.role) == ("kacho", Role.SUPERVISOR)


@pytest.mark.parametrize(("path", "kind"), CLICKS)
async def test_every_click_is_in_the_record_and_on_the_screens_with_what_came_of_it(
    office: Office, path: str, kind: str
) -> None:
    async with await office.person("sato", Role.OPERATOR) as sato:
        await sato.post(path, json=YES)

    (record,) = await office.records()
    (note,) = office.notes()
    assert note == record
    assert (record["kind"], record["by"], record["result"], record["code"]) == (
        kind,
        "sato",
        "done",
        "",
    )
    assert record["text"].endswith("行いました")


async def test_the_reason_and_the_level_of_an_ended_call_stay_with_the_record(
    office: Office,
) -> None:
    await office.at_level(1)
    async with await office.person("sato", Role.OPERATOR) as sato:
        answer = await sato.post(
            "/v1/calls/c1/end", json={**YES, "reason": "三度の警告の後も続いた"}
        )

    (record,) = await office.records()
    assert answer.json()["level"] == 1
    assert (record["reason"], record["level"]) == ("三度の警告の後も続いた", 1)
    assert "三度の警告の後も続いた" in record["text"]


@pytest.mark.parametrize(
    ("failing", "result"),
    [
        (ExchangeRefused("cti_refused", "断られました。"), "failed"),
        (ExchangeAway("cti_unreachable", "つながりません。"), "failed"),
        (OutcomeUnknown("cti_silent", "返事がありません。"), "unknown"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_what_the_exchange_refused_is_told_and_written_down_too(
    office: Office, path: str, failing: Unavailable, result: str
) -> None:
    office.control.failing = failing
    office.lines["c1"] = RecordingLine(failing=failing)
    async with await office.person("sato", Role.OPERATOR) as sato:
        answer = await sato.post(path, json=YES)

    (record,) = await office.records()
    assert (answer.status_code, answer.json()["message"]) == (503, failing.message)
    assert (record["result"], record["code"]) == (result, failing.code)
    assert office.notes() == [record]


async def test_a_defect_leaves_a_record_that_the_outcome_is_open(office: Office) -> None:
    office.control.failing = RuntimeError("a defect")
    async with await office.person("sato", Role.OPERATOR) as sato:
        with pytest.raises(RuntimeError):
            await sato.post("/v1/calls/c1/end", json=YES)
        office.control.failing = None
        again = await sato.post("/v1/calls/c1/end", json=YES)

    assert [record["result"] for record in await office.records()] == ["unknown", "done"]
    assert again.status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_what_was_done_and_cannot_be_recorded_is_no_error_to_try_again_after(
    office: Office, path: str
) -> None:
    ledger = office.app.state.services.ledger

    class LosesTheSecond:
        writes = 0

        async def write(self, change: Any) -> Any:
            self.writes += 1
            if self.writes > 1:
                raise OperationalError("UPDATE", {}, sqlite3.OperationalError("disk I/O error"))
            return await ledger.write(change)

    office.app.state.services.ledger = LosesTheSecond()
    async with await office.person("sato", Role.OPERATOR) as sato:
        answer = await sato.post(path, json=YES)

    (record,) = await office.records()
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_not_recorded")
    assert "もう一度押さずに" in answer.json()["message"]
    assert record["result"] == "asked"


async def test_what_is_not_offered_is_refused_and_written_down(office: Office) -> None:
    office.control.can = Ability(join_modes=(JoinMode.LISTEN,), why_no_end="切れません。")
    office.lines.clear()
    async with await office.person("sato", Role.OPERATOR) as sato:
        answers = [await sato.post(path, json=YES) for path in PATHS]

    assert [answer.json()["code"] for answer in answers] == [
        "no_way_back",
        "join_not_possible",
        "end_not_possible",
    ]
    assert office.control.asked == []
    assert [record["result"] for record in await office.records()] == ["failed"] * 3


@pytest.mark.parametrize("name", ["warning_1", "..%2Fsecret", "none", "%00"])
async def test_an_announcement_that_is_not_there_is_told_as_such(office: Office, name: str) -> None:
    async with await office.person("sato", Role.OPERATOR) as sato:
        answer = await sato.post(f"/v1/calls/c1/announcements/{name}", json=YES)

    assert answer.status_code == 404
    assert await office.records() == []


# Never two at once


async def test_a_second_click_while_one_runs_is_refused_as_busy(office: Office) -> None:
    office.control.hold = anyio.Event()
    await office.begin("c2")
    first: list[httpx.Response] = []
    async with (
        await office.person("sato", Role.OPERATOR) as sato,
        await office.person("kacho", Role.SUPERVISOR) as kacho,
        anyio.create_task_group() as tasks,
    ):

        async def click() -> None:
            first.append(await sato.post("/v1/calls/c1/end", json=YES))

        tasks.start_soon(click)
        await office.control.asking.wait()
        told = (await kacho.get("/v1/calls/c1/telephone")).json()
        seconds = [await kacho.post(path, json=YES) for path in PATHS]
        other_call = await kacho.post("/v1/calls/c2/announcements/closing", json=YES)
        (asked,) = [r for r in await office.records() if r["kind"] == "telephone_end"]
        office.control.hold.set()

    assert told["busy"] is True
    assert [(a.status_code, a.json()["code"]) for a in seconds] == [(409, "busy")] * 3
    assert other_call.status_code == 200
    assert asked["result"] == "asked"
    assert [answer.status_code for answer in first] == [200]
    assert len(office.control.asked) == 1


async def test_after_a_refusal_the_turn_is_free_again(office: Office) -> None:
    office.control.failing = ExchangeRefused("cti_refused", "断られました。")
    async with await office.person("sato", Role.OPERATOR) as sato:
        await sato.post("/v1/calls/c1/end", json=YES)
        office.control.failing = None
        again = await sato.post("/v1/calls/c1/end", json=YES)

    assert again.status_code == 200
