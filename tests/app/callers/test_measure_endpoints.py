"""Measures over REST: proposed, approved and lifted by people; shown to who answers the telephone."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from app.auth.identity import Role
from app.callers.models import CallerMeasure
from tests.app.callers.office import NUMBER, OTHER_SECTION, SECTION, Office

WANTED: dict[str, Any] = {
    "kind": "time_limit",
    "detail": "30",
    "reason": "同じ内容の電話が毎日1時間を超えた",
    "begins_on": "2026-04-06",
    "ends_on": "2026-07-05",
}


async def propose(client: httpx.AsyncClient, call_id: str = "before", **changes: Any) -> int:
    answer = await client.post(f"/v1/calls/{call_id}/measures", json={**WANTED, **changes})
    assert answer.status_code == 201, answer.text
    made: int = answer.json()["measure_id"]
    return made


async def in_force(client: httpx.AsyncClient, call_id: str = "now") -> list[dict[str, Any]]:
    measures: list[dict[str, Any]] = (await client.get(f"/v1/calls/{call_id}/caller")).json()[
        "measures"
    ]
    return measures


async def test_a_measure_is_in_force_only_when_a_second_person_approved_it(
    calling: Office,
) -> None:
    sato = await calling.person("sato", Role.OPERATOR)
    mori = await calling.person("mori", Role.SUPERVISOR)
    okada = await calling.person("okada", Role.SUPERVISOR)
    await calling.begin("before", hours_ago=1, operator="ito")
    await calling.begin("now", over=False)
    made = await propose(mori)
    proposed = await in_force(sato)

    own = await mori.post(f"/v1/measures/{made}/approve")
    second = await okada.post(f"/v1/measures/{made}/approve")

    assert proposed == []
    assert (own.status_code, own.json()["code"]) == (403, "second_person_needed")
    assert second.status_code == 204
    [shown] = await in_force(sato)
    assert (shown["label"], shown["detail"]) == ("電話の時間を限る", "30")
    assert (shown["approved_by"], shown["ends_on"]) == ("okada", "2026-07-05")
    assert "30分" in shown["words"]
    assert "組織" in shown["clause"]
    assert shown["reason"] is None
    assert (await in_force(mori))[0]["reason"] == WANTED["reason"]


async def test_an_approved_measure_ends_with_its_last_day(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    admin = await calling.person("admin", Role.ADMINISTRATOR, "")
    await calling.begin("before")
    await admin.post(f"/v1/measures/{await propose(mori, ends_on='2026-04-06')}/approve")
    first_day = await in_force(mori, "before")

    calling.clock.advance(hours=6)  # midnight in Japan

    assert len(first_day) == 1
    assert await in_force(await calling.program(Role.SUPERVISOR), "before") == []


async def test_a_lifted_measure_is_over_at_once_and_keeps_who_lifted_it(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    okada = await calling.person("okada", Role.SUPERVISOR)
    await calling.begin("before")
    made = await propose(mori)
    await okada.post(f"/v1/measures/{made}/approve")

    lifted = await mori.post(f"/v1/measures/{made}/lift", json={"reason": "収まったため"})
    again = await mori.post(f"/v1/measures/{made}/lift", json={"reason": "収まったため"})

    assert lifted.status_code == 204
    assert (again.status_code, again.json()["code"]) == (409, "already_over")
    assert await in_force(mori, "before") == []
    [listed] = (await mori.get("/v1/measures")).json()["measures"]
    assert (listed["state"], listed["lifted_by"]) == ("lifted", "mori")
    assert listed["lift_reason"] == "収まったため"


async def test_a_measure_of_one_section_is_unknown_to_others(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    okada = await calling.person("okada", Role.SUPERVISOR)
    abe = await calling.person("abe", Role.SUPERVISOR, OTHER_SECTION)
    await calling.begin("before")
    await calling.begin("elsewhere", section=OTHER_SECTION)
    made = await propose(mori)
    await okada.post(f"/v1/measures/{made}/approve")

    answers = [
        await abe.post(f"/v1/measures/{made}/approve"),
        await abe.post(f"/v1/measures/{made}/lift", json={"reason": "理由"}),
    ]

    assert [one.status_code for one in answers] == [404, 404]
    assert await in_force(abe, "elsewhere") == []
    assert (await abe.get("/v1/measures")).json()["measures"] == []


async def test_a_measure_for_the_whole_office_needs_an_administrator(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    okada = await calling.person("okada", Role.SUPERVISOR)
    admin = await calling.person("admin", Role.ADMINISTRATOR, "")
    abe = await calling.person("abe", Role.SUPERVISOR, OTHER_SECTION)
    await calling.begin("before")
    await calling.begin("elsewhere", section=OTHER_SECTION)
    made = await propose(mori, kind="one_section", detail="広報課", office_wide=True)

    refused = await okada.post(f"/v1/measures/{made}/approve")
    approved = await admin.post(f"/v1/measures/{made}/approve")

    assert (refused.status_code, refused.json()["code"]) == (403, "administrator_needed")
    assert approved.status_code == 204
    [shown] = await in_force(abe, "elsewhere")
    assert "広報課" in shown["words"]
    assert (shown["section"], shown["reason"]) == (SECTION, None)


async def test_a_button_pressed_twice_proposes_once(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("before")

    twice = [await propose(mori) for _ in range(2)]
    other = await propose(mori, detail="15")
    await mori.post(f"/v1/measures/{twice[0]}/lift", json={"reason": "書き直します"})
    anew = await propose(mori)

    assert twice[0] == twice[1]
    assert len({twice[0], other, anew}) == 3


async def test_an_administrator_decides_without_reading_a_number(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    admin = await calling.person("admin", Role.ADMINISTRATOR, "")
    auditor = await calling.person("kanda", Role.AUDITOR, "")
    await calling.begin("before")
    await propose(mori)

    read = [(await one.get("/v1/measures")).json()["measures"][0] for one in (admin, auditor, mori)]

    assert [(one["number"], one["number_is_whole"]) for one in read] == [
        ("", False),
        (f"****{NUMBER[-4:]}", False),  # as everything of ended calls: covered for auditors
        (NUMBER, True),
    ]


async def test_only_people_in_their_role_decide(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("before")
    made = await propose(mori)
    program = await calling.program(Role.SUPERVISOR)
    others = [
        await calling.person("sato", Role.OPERATOR),
        await calling.person("kanda", Role.AUDITOR),
        program,
    ]

    codes = [
        [
            (await one.post("/v1/calls/before/measures", json=WANTED)).status_code,
            (await one.post(f"/v1/measures/{made}/approve")).status_code,
            (await one.post(f"/v1/measures/{made}/lift", json={"reason": "理由"})).status_code,
        ]
        for one in others
    ]

    assert codes == [[403, 403, 403]] * 3


async def test_a_caller_who_withheld_their_number_gets_no_measure(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("before", number="")

    refused = await mori.post("/v1/calls/before/measures", json=WANTED)

    assert (refused.status_code, refused.json()["code"]) == (409, "caller_unknown")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ends_on": "2027-04-07"}, "too_long"),
        ({"ends_on": "2026-04-05"}, "ends_before_it_begins"),
        ({"begins_on": "2026-04-05"}, "begins_in_the_past"),
        ({"reason": " "}, "reason_missing"),
        ({"detail": "1"}, "bad_minutes"),
    ],
)
async def test_a_measure_must_have_a_reason_and_end_within_a_year(
    calling: Office, changes: dict[str, Any], code: str
) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("before")

    refused = await mori.post("/v1/calls/before/measures", json={**WANTED, **changes})

    assert (refused.status_code, refused.json()["code"]) == (400, code)


async def test_no_number_of_calls_and_no_level_makes_a_measure(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    for hour in range(30):
        await calling.begin(f"c{hour}", hours_ago=hour + 1, level=3)
    await calling.begin("now", over=False, level=3)

    told = (await mori.get("/v1/calls/now/caller")).json()

    assert (told["last_24_hours"], told["measures"]) == (24, [])
    assert (await mori.get("/v1/measures")).json()["measures"] == []


async def test_the_number_itself_is_not_kept_with_a_measure(calling: Office) -> None:
    mori = await calling.person("mori", Role.SUPERVISOR)
    await calling.begin("before")

    made = await propose(mori)

    async with calling.database.transaction() as session:
        row = await session.get(CallerMeasure, made)
    assert row is not None
    kept = " ".join(str(value) for value in vars(row).values())
    assert "12345678" not in kept.replace("-", "")
    assert row.caller_key_id == calling.keys.keys[0].key_id
