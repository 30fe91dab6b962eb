"""The page 「対応制限」 works with forms alone, and shows each person what they may decide."""

from __future__ import annotations

from typing import Final

from app.auth.identity import Role
from tests.app.callers.office import NUMBER, OTHER_SECTION, Browser, Office

FIELDS: Final = {
    "call_id": "before",
    "kind": "time_limit",
    "detail": "30",
    "reason": "同じ内容の電話が毎日1時間を超えた",
    "words": "",
    "begins_on": "2026-04-06",
    "ends_on": "2026-07-05",
}


async def two_supervisors(calling: Office) -> tuple[Browser, Browser]:
    await calling.begin("before", level=2)
    return (
        await calling.browser("mori", Role.SUPERVISOR),
        await calling.browser("okada", Role.SUPERVISOR),
    )


async def test_a_measure_is_proposed_approved_and_lifted_with_forms(calling: Office) -> None:
    mori, okada = await two_supervisors(calling)

    proposed = await mori.post("/measures", FIELDS)
    waiting = (await okada.get("/measures")).text
    approved = await okada.post("/measures/1/approve", {})
    current = (await mori.get("/measures")).text
    lifted = await mori.post("/measures/1/lift", {"lift_reason": "収まったため"})
    over = (await mori.get("/measures")).text

    assert [one.status_code for one in (proposed, approved, lifted)] == [303, 303, 303]
    assert "承認する</button>" in waiting
    assert "電話の時間を限る(30分)" in waiting
    assert NUMBER in waiting
    assert "実施中</span>" in current
    assert "2026年4月6日から2026年7月5日まで" in current
    assert "okada" in current
    assert "終わったもの" in over
    assert "収まったため" in over


async def test_who_proposed_is_told_that_another_person_approves(calling: Office) -> None:
    mori, _ = await two_supervisors(calling)
    await mori.post("/measures", FIELDS)

    page = (await mori.get("/measures")).text
    tried = await mori.post("/measures/1/approve", {})

    assert "申請した本人は承認できません" in page
    assert "承認する</button>" not in page
    assert tried.status_code == 403
    assert "別の監督者か管理者に頼んでください" in tried.text


async def test_a_form_that_will_not_do_comes_back_as_it_was_written(calling: Office) -> None:
    mori, _ = await two_supervisors(calling)

    page = await mori.post("/measures", {**FIELDS, "ends_on": "2027-04-07"})

    assert page.status_code == 400
    assert "エラー:" in page.text
    assert 'id="ends_on-error"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert FIELDS["reason"] in page.text
    assert '<option value="time_limit" selected>' in page.text
    assert '<option value="before" selected>' in page.text


async def test_every_field_says_what_is_missing(calling: Office) -> None:
    mori, _ = await two_supervisors(calling)

    for field in ("call_id", "kind", "detail", "reason", "begins_on", "ends_on"):
        page = await mori.post("/measures", {**FIELDS, field: ""})
        assert page.status_code in (400, 404), field
        assert f'id="{field}-error"' in page.text, field


async def test_a_lifting_without_a_reason_comes_back_open(calling: Office) -> None:
    mori, _ = await two_supervisors(calling)
    await mori.post("/measures", FIELDS)

    page = await mori.post("/measures/1/lift", {"lift_reason": " "})

    assert page.status_code == 400
    assert "解除する理由を入力してください" in page.text
    assert '<details class="acts" name="acts" open>' in page.text


async def test_what_people_write_is_shown_as_text(calling: Office) -> None:
    mori, _ = await two_supervisors(calling)

    await mori.post("/measures", {**FIELDS, "reason": "<script>alert(1)</script>"})
    page = (await mori.get("/measures")).text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_a_form_without_its_token_is_refused(calling: Office) -> None:
    mori, _ = await two_supervisors(calling)
    mori.csrf_token = "guessed"

    answers = [
        await mori.post("/measures", FIELDS),
        await mori.post("/measures/1/approve", {}),
        await mori.post("/measures/1/lift", {"lift_reason": "理由"}),
    ]

    assert [one.status_code for one in answers] == [403, 403, 403]
    assert "承認を待っている申請はありません" in (await mori.get("/measures")).text


async def test_the_form_offers_calls_of_the_own_section_with_a_number(calling: Office) -> None:
    await calling.begin("known")
    await calling.begin("withheld", number="anonymous")
    await calling.begin("elsewhere", section=OTHER_SECTION)
    mori = await calling.browser("mori", Role.SUPERVISOR)

    page = (await mori.get("/measures?call=elsewhere")).text

    assert 'value="known"' in page
    assert 'value="withheld"' not in page
    assert 'value="elsewhere"' not in page


async def test_administrators_approve_without_a_number_and_auditors_only_read(
    calling: Office,
) -> None:
    mori, _ = await two_supervisors(calling)
    await mori.post("/measures", FIELDS)
    admin = await calling.browser("admin", Role.ADMINISTRATOR, "")
    auditor = await calling.browser("kanda", Role.AUDITOR, "")

    for_admin, for_auditor = (
        (await admin.get("/measures")).text,
        (await auditor.get("/measures")).text,
    )

    assert "承認する</button>" in for_admin
    assert NUMBER not in for_admin
    assert NUMBER not in for_auditor
    assert f"****{NUMBER[-4:]}" in for_auditor
    assert 'action="/measures' not in for_admin.replace('action="/measures/1/', "")
    assert 'action="/measures' not in for_auditor


async def test_operators_do_not_open_the_page(calling: Office) -> None:
    sato = await calling.browser("sato", Role.OPERATOR)

    page = await sato.get("/measures")

    assert page.status_code == 403
