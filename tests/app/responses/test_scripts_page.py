"""The page 「ご案内の文」 works with forms alone, and shows each person what they may decide."""

from __future__ import annotations

from typing import Final

from app.auth.identity import Role
from app.responses.scripts import load_scripts
from tests.app.callers.office import Browser, Office

PAGE: Final = "/scripts/warn.persistence"
NEW: Final = "同じお答えの繰り返しになっております。新しいお話がなければ、お電話を終えます。"
FIELDS: Final = {
    "text": NEW,
    "text_when_recorded": "",
    "note": "",
    "reason": "短くする",
    "based_on": "0",
}


async def people(office: Office) -> tuple[Browser, Browser]:
    """An administrator who words sentences, and a supervisor who reads them."""
    return (
        await office.browser("kanri", Role.ADMINISTRATOR),
        await office.browser("mori", Role.SUPERVISOR),
    )


async def test_a_sentence_is_proposed_approved_and_taken_back_with_forms(
    wording_office: Office,
) -> None:
    kanri, mori = await people(wording_office)

    proposed = await kanri.post(PAGE, FIELDS)
    waiting = (await mori.get(PAGE)).text
    listed = (await mori.get("/scripts")).text
    approved = await mori.post(f"{PAGE}/versions/1/approve", {})
    current = (await kanri.get(PAGE)).text
    back = await kanri.post(
        f"{PAGE}/versions/0/propose-again", {"reason": "元がよい", "based_on": "1"}
    )
    returned = await mori.post(f"{PAGE}/versions/2/return", {"return_reason": "今のままでよい"})
    over = (await kanri.get(PAGE)).text

    assert [one.status_code for one in (proposed, approved, back, returned)] == [303] * 4
    assert "承認する</button>" in waiting
    assert "変更の提案あり" in listed
    assert "承認済み</span>" in current
    assert "版1" in current
    assert "今のままでよい" in over
    assert "kanri" in over
    assert "mori" in over


async def test_who_proposed_is_told_that_another_person_approves(wording_office: Office) -> None:
    kanri, _ = await people(wording_office)
    await kanri.post(PAGE, FIELDS)

    page = (await kanri.get(PAGE)).text
    tried = await kanri.post(f"{PAGE}/versions/1/approve", {})

    assert "提案した本人は承認できません" in page
    assert "承認する</button>" not in page
    assert "取り下げる</button>" in page
    assert tried.status_code == 403
    assert 'role="alert"' in tried.text


async def test_a_form_that_will_not_do_comes_back_as_it_was_written(wording_office: Office) -> None:
    kanri, _ = await people(wording_office)

    page = await kanri.post(PAGE, FIELDS | {"text": "〇〇課で承ります。<b>"})

    assert page.status_code == 400
    assert "エラー:" in page.text
    assert 'id="text-error"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert "〇〇課で承ります。&lt;b&gt;" in page.text
    assert FIELDS["reason"] in page.text


async def test_a_doubtful_sentence_is_pointed_out_to_who_approves(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)
    await kanri.post(PAGE, FIELDS | {"text": "続く場合は、訴えます。"})

    page = (await mori.get(PAGE)).text

    assert "要確認" in page
    assert "法的な手続きは市として決めることで" in page
    assert "承認する</button>" in page


async def test_a_shipped_sentence_is_approved_as_it_is_by_one_person(
    wording_office: Office,
) -> None:
    _, mori = await people(wording_office)

    before = (await mori.get(PAGE)).text
    approved = await mori.post(f"{PAGE}/versions/0/approve", {})
    after = (await mori.get(PAGE)).text

    assert "このまま承認する" in before
    assert approved.status_code == 303
    assert "このまま承認する" not in after
    assert "製品の文例のまま" in after


async def test_an_auditor_reads_everything_and_decides_nothing(wording_office: Office) -> None:
    kanri, _ = await people(wording_office)
    await kanri.post(PAGE, FIELDS)
    kansa = await wording_office.browser("kansa", Role.AUDITOR)

    listed = (await kansa.get("/scripts")).text
    page = (await kansa.get(PAGE)).text
    tried = [
        await kansa.post(PAGE, FIELDS),
        await kansa.post(f"{PAGE}/versions/1/approve", {}),
        await kansa.post(f"{PAGE}/versions/1/return", {"return_reason": "違う"}),
    ]

    assert all(script.text in listed for script in load_scripts().all)
    assert NEW in page
    assert '<form class="form"' not in page
    assert [one.status_code for one in tried] == [403] * 3


async def test_an_operator_reads_sentences_only_in_their_calls(wording_office: Office) -> None:
    sato = await wording_office.browser("sato", Role.OPERATOR)

    answers = [await sato.get("/scripts"), await sato.get(PAGE)]

    assert [one.status_code for one in answers] == [403, 403]


async def test_what_is_not_there_is_not_found(wording_office: Office) -> None:
    kanri, _ = await people(wording_office)

    answers = [
        await kanri.get("/scripts/warn.nothing"),
        await kanri.post("/scripts/warn.nothing", FIELDS),
        await kanri.post(f"{PAGE}/versions/7/approve", {}),
    ]

    assert [one.status_code for one in answers] == [404, 404, 404]


async def test_a_page_that_is_old_says_so_instead_of_writing_over(wording_office: Office) -> None:
    kanri, mori = await people(wording_office)
    await kanri.post(PAGE, FIELDS)
    await mori.post(f"{PAGE}/versions/1/approve", {})

    late = [
        await kanri.post(PAGE, FIELDS | {"based_on": typed}) for typed in ("0", "", "x", "9" * 30)
    ]

    assert [one.status_code for one in late] == [409] * 4
    assert all("別の人の承認で変わりました" in one.text for one in late)


async def test_the_pages_speak_english_and_leave_the_sentences_japanese(
    wording_office: Office,
) -> None:
    kanri, _ = await people(wording_office)
    kanri.client.cookies.set("mimamori_language", "en")
    await kanri.post(PAGE, FIELDS)

    listed = (await kanri.get("/scripts")).text
    page = (await kanri.get(PAGE)).text
    own = await kanri.post(f"{PAGE}/versions/1/approve", {})

    assert "Sentences" in listed
    assert "When the recording notice was played" in listed
    assert NEW in page
    assert "Why it is taken back" in page
    assert "Who proposed it cannot approve it." in own.text
