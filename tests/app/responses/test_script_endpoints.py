"""Sentences over REST: one person proposes, another decides, every version stays."""

from __future__ import annotations

from typing import Any, Final

import anyio
import httpx
import pytest

from app.auth.identity import Role
from tests.app.callers.office import Office

SCRIPT: Final = "/v1/scripts/warn.persistence"
NEW: Final = "同じお答えの繰り返しになっております。新しいお話がなければ、お電話を終えます。"


def wanted(**changes: Any) -> dict[str, Any]:
    return {
        "text": NEW,
        "note": "一度だけ伝えます。",
        "reason": "短くする",
        "based_on": 0,
    } | changes


async def people(office: Office) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """An administrator who words sentences, and a supervisor who reads them."""
    return (
        await office.person("kanri", Role.ADMINISTRATOR),
        await office.person("mori", Role.SUPERVISOR),
    )


async def line_of(client: httpx.AsyncClient, script_id: str = "warn.persistence") -> dict[str, Any]:
    listed = (await client.get("/v1/scripts")).raise_for_status().json()["scripts"]
    line: dict[str, Any] = next(one for one in listed if one["script_id"] == script_id)
    return line


async def versions(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = (
        (await client.get(f"{SCRIPT}/versions")).raise_for_status().json()["versions"]
    )
    return told


async def test_a_new_wording_is_used_only_when_another_person_approved_it(
    wording_office: Office,
) -> None:
    kanri, mori = await people(wording_office)
    shipped = await line_of(mori)

    proposed = await kanri.post(f"{SCRIPT}/versions", json=wanted())
    waiting = await line_of(mori)
    own = await kanri.post(f"{SCRIPT}/versions/1/approve")
    approved = await mori.post(f"{SCRIPT}/versions/1/approve")
    after = await line_of(mori)

    assert (proposed.status_code, proposed.json()) == (201, {"version": 1, "doubts": []})
    assert waiting["text"] == shipped["text"]
    assert (waiting["draft"], waiting["waiting"]["text"]) == (True, NEW)
    assert (own.status_code, own.json()["code"]) == (403, "own_proposal")
    assert approved.status_code == 204
    assert (after["text"], after["version"], after["draft"]) == (NEW, 1, False)
    assert after["waiting"] is None


async def test_every_version_tells_who_when_what_and_why(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)
    await kanri.post(f"{SCRIPT}/versions", json=wanted())
    await mori.post(f"{SCRIPT}/versions/1/return", json={"reason": "回数を入れてください"})
    await kanri.post(f"{SCRIPT}/versions", json=wanted(reason="もう一度"))
    await mori.post(f"{SCRIPT}/versions/2/approve")

    second, first, shipped = await versions(mori)

    assert [one["state"] for one in (second, first, shipped)] == ["approved", "returned", "shipped"]
    assert [one["in_use"] for one in (second, first, shipped)] == [True, False, False]
    assert (first["proposed_by"], first["reason"]) == ("kanri", "短くする")
    assert (first["decided_by"], first["decision_reason"]) == ("mori", "回数を入れてください")
    assert (second["decided_by"], second["text"]) == ("mori", NEW)
    assert all(one["proposed_at"] and one["decided_at"] for one in (first, second))


async def test_a_shipped_sentence_loses_its_mark_when_it_is_approved_as_it_is(
    wording_office: Office,
) -> None:
    kanri, _ = await people(wording_office)
    shipped = await line_of(kanri)

    approved = await kanri.post(f"{SCRIPT}/versions/0/approve")
    after = await line_of(kanri)
    again = await kanri.post(f"{SCRIPT}/versions/0/approve")

    assert approved.status_code == 204
    assert (after["text"], after["draft"], after["version"]) == (shipped["text"], False, 1)
    assert (again.status_code, again.json()["code"]) == (409, "changed_meanwhile")


async def test_going_back_is_a_proposal_like_any_other(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)
    shipped = await line_of(mori)
    await kanri.post(f"{SCRIPT}/versions", json=wanted())
    await mori.post(f"{SCRIPT}/versions/1/approve")

    back = await kanri.post(
        f"{SCRIPT}/versions/0/propose-again", json={"reason": "元がよい", "based_on": 1}
    )
    before = await line_of(mori)
    await mori.post(f"{SCRIPT}/versions/2/approve")
    after = await line_of(mori)

    assert (back.status_code, back.json()["version"]) == (201, 2)
    assert before["text"] == NEW
    assert (after["text"], after["version"], after["draft"]) == (shipped["text"], 2, False)


async def test_a_proposal_on_a_sentence_that_has_changed_is_refused(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)
    await kanri.post(f"{SCRIPT}/versions", json=wanted())
    second = await kanri.post(f"{SCRIPT}/versions", json=wanted(text="お話は承りました。"))
    await mori.post(f"{SCRIPT}/versions/1/approve")

    late = await kanri.post(f"{SCRIPT}/versions", json=wanted(text="お話は承りました。"))

    assert (second.status_code, second.json()["code"]) == (409, "proposal_waiting")
    assert (late.status_code, late.json()["code"]) == (409, "changed_meanwhile")


async def test_of_two_people_at_once_one_is_told_that_the_other_was_first(
    wording_office: Office,
) -> None:
    kanri, mori = await people(wording_office)
    okada = await wording_office.person("okada", Role.SUPERVISOR)
    proposals: list[httpx.Response] = []
    decisions: list[httpx.Response] = []

    async def put(client: httpx.AsyncClient, text: str) -> None:
        proposals.append(await client.post(f"{SCRIPT}/versions", json=wanted(text=text)))

    async def decide(client: httpx.AsyncClient, how: str) -> None:
        body = {"reason": "分かりにくい"} if how == "return" else None
        decisions.append(await client.post(f"{SCRIPT}/versions/1/{how}", json=body))

    other = await wording_office.person("kanri2", Role.ADMINISTRATOR)
    async with anyio.create_task_group() as both:
        both.start_soon(put, kanri, "お話は承りました。")
        both.start_soon(put, other, "ご要望は承りました。")
    async with anyio.create_task_group() as both:
        both.start_soon(decide, mori, "approve")
        both.start_soon(decide, okada, "return")

    assert sorted(one.status_code for one in proposals) == [201, 409]
    assert sorted(one.status_code for one in decisions) == [204, 409]
    assert len(await versions(mori)) == 2


async def test_who_proposed_may_take_it_back(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)
    await kanri.post(f"{SCRIPT}/versions", json=wanted())

    taken = await kanri.post(f"{SCRIPT}/versions/1/return", json={"reason": "書き直す"})
    approved = await mori.post(f"{SCRIPT}/versions/1/approve")

    assert taken.status_code == 204
    assert (approved.status_code, approved.json()["code"]) == (409, "proposal_over")


async def test_each_role_may_do_its_part_and_no_more(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)
    kansa = await wording_office.person("kansa", Role.AUDITOR)
    sato = await wording_office.person("sato", Role.OPERATOR)
    cti = await wording_office.program(Role.ADMINISTRATOR)
    await kanri.post(f"{SCRIPT}/versions", json=wanted())

    reads = [await one.get("/v1/scripts") for one in (kanri, mori, kansa, sato)]
    histories = [await one.get(f"{SCRIPT}/versions") for one in (kansa, sato)]
    proposals = [
        await one.post(f"{SCRIPT}/versions", json=wanted()) for one in (mori, kansa, sato, cti)
    ]
    approvals = [await one.post(f"{SCRIPT}/versions/1/approve") for one in (kansa, sato, cti)]

    assert [one.status_code for one in reads] == [200] * 4
    assert (await line_of(sato))["waiting"] is None
    assert [one.status_code for one in histories] == [200, 403]
    assert [one.status_code for one in proposals] == [403] * 4
    assert proposals[-1].json()["code"] == "person_needed"
    assert [one.status_code for one in approvals] == [403] * 3


async def test_a_form_of_another_site_changes_nothing(wording_office: Office) -> None:
    kanri, _ = await people(wording_office)

    foreign = await kanri.post(
        f"{SCRIPT}/versions", json=wanted(), headers={"Origin": "https://evil.example"}
    )
    unsigned = await kanri.post(
        f"{SCRIPT}/versions", json=wanted(), headers={"X-CSRF-Token": "guessed"}
    )

    assert (foreign.status_code, foreign.json()["code"]) == (403, "cross_site")
    assert (unsigned.status_code, unsigned.json()["code"]) == (403, "csrf_refused")


@pytest.mark.parametrize("part", ["versions", "versions/1/approve", "versions/1/return"])
async def test_what_is_not_there_is_not_found(wording_office: Office, part: str) -> None:
    kanri, mori = await people(wording_office)
    body = {"reason": "違う"} if part.endswith("return") else wanted()
    who = kanri if part == "versions" else mori

    unknown = await who.post(f"/v1/scripts/warn.nothing/{part}", json=body)

    assert (unknown.status_code, unknown.json()["code"]) == (404, "script_unknown")


async def test_a_version_that_is_not_there_is_not_found(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)

    answers = [
        await mori.post(f"{SCRIPT}/versions/7/approve"),
        await mori.post(f"{SCRIPT}/versions/7/return", json={"reason": "違う"}),
        await mori.post(f"{SCRIPT}/versions/0/return", json={"reason": "違う"}),
        await kanri.post(
            f"{SCRIPT}/versions/7/propose-again", json={"reason": "違う", "based_on": 0}
        ),
    ]
    beyond = await mori.post(f"{SCRIPT}/versions/99999999999/approve")

    assert [(one.status_code, one.json()["code"]) for one in answers] == [
        (404, "version_unknown")
    ] * 4
    assert beyond.status_code == 422


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "  "}, "text_missing"),
        ({"text": "あ" * 81}, "text_too_long"),
        ({"text": "お控え\nください。"}, "text_not_printable"),
        ({"text": "このお電話は録音しております。"}, "recording_claimed"),
        ({"text": "あ。い。う。"}, "too_many_sentences"),
        ({"text": "〇〇課で承ります。"}, "text_unspeakable"),
        ({"reason": ""}, "change_reason_missing"),
    ],
)
async def test_what_will_not_do_is_refused_with_its_reason(
    wording_office: Office, changes: dict[str, Any], code: str
) -> None:
    kanri, _ = await people(wording_office)

    refused = await kanri.post(f"{SCRIPT}/versions", json=wanted(**changes))

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert len(await versions(kanri)) == 1


async def test_a_doubt_is_told_and_forbids_nothing(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)

    proposed = await kanri.post(
        f"{SCRIPT}/versions", json=wanted(text="続く場合は、訴えます。お電話を終えます。")
    )
    approved = await mori.post(f"{SCRIPT}/versions/1/approve")

    assert [doubt["code"] for doubt in proposed.json()["doubts"]] == ["legal_threat"]
    assert approved.status_code == 204


async def test_what_to_report_after_a_call_is_told_for_each_level(wording_office: Office) -> None:
    sato = await wording_office.person("sato", Role.OPERATOR)

    reports = (await sato.get("/v1/scripts")).json()["reports"]

    assert [one["level"] for one in reports] == [1, 2, 3]
    assert all("所属長" in one["text"] for one in reports)
