"""Glue: the incident report on the real server: written by two at once, submitted, returned, approved, corrected."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from app.auth.identity import Role
from app.reports.writing import Written
from app.reports.writing import begin as begin_report
from app.reports.writing import save as save_report
from tests.app.reports.people import SATO, WRITTEN
from tests.app.review.filled import THREAT, add_ended_call
from tests.app.running import RunningServer
from tests.browser.signing_in import first_sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def with_call(server: RunningServer) -> None:
    services = server.services
    async with services.database.transaction() as session:
        await add_ended_call(session, services.clock.now())


async def other_desk(browser: Browser) -> BrowserContext:
    return await browser.new_context(
        viewport={"width": 1280, "height": 720}, locale="ja-JP", timezone_id="Asia/Tokyo"
    )


async def begin(page: Page, server: RunningServer) -> None:
    """Begin the report of the one call from the list."""
    await page.goto(f"{server.url}/reports")
    await page.get_by_role("button", name=re.compile("報告書を作成する")).click()
    await expect(page.locator("h1")).to_have_text("カスタマーハラスメント対応報告書")


async def write(page: Page, **texts: str) -> None:
    for key, text in texts.items():
        await page.fill(f"#f-{key}", text)


async def save(page: Page) -> None:
    await page.click("button[value=save]")


async def submit(page: Page) -> None:
    await page.click("button[value=submit]")


async def tab_of_report(page: Page, review: str) -> None:
    """Open the tab on the review page, once that can be used."""
    await page.goto(review)
    await expect(page.locator("body[data-usable=true]")).to_be_attached()
    await page.get_by_role("tab", name="報告書").click()


async def operator(context: BrowserContext, server: RunningServer) -> Page:
    return await first_sign_in(context, server, Role.OPERATOR, login="sato")


async def head(context: BrowserContext, server: RunningServer, login: str = "yamada") -> Page:
    return await first_sign_in(context, server, Role.SUPERVISOR, login=login)


async def test_a_report_is_begun_written_submitted_and_approved_by_another(
    browser: Browser, context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)

    await begin(sato, server)
    await expect(sato.locator("#f-where")).to_have_value("市民課(電話による対応)")
    await write(sato, **WRITTEN)
    await expect(sato.locator("#report-unsaved")).to_have_text("保存していない文があります")
    await submit(sato)
    await expect(sato.locator(".notice-success")).to_have_text("所属長に提出しました。")
    await expect(sato.get_by_role("button", name="承認する")).to_have_count(0)

    yamada = await head(await other_desk(browser), server)
    await yamada.goto(sato.url)
    await expect(yamada.locator("textarea:not(#return_reason)")).to_have_count(0)
    await yamada.get_by_role("button", name="承認する").click()

    await expect(yamada.locator(".report-state").first).to_have_text("承認済み")
    await sato.reload()
    await expect(sato.locator("#report-form")).to_have_count(0)
    await expect(sato.locator("#f-demand")).to_have_text(WRITTEN["demand"])


async def test_an_ended_call_leads_to_its_report_and_begins_none_by_a_look(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)
    await sato.goto(f"{server.url}/calls")
    await sato.locator("#past a").first.click()

    await sato.locator("#say-back").get_by_role("link", name="報告書").click()

    await expect(sato.locator("h1")).to_have_text("この通話の報告書はまだありません。")
    await sato.get_by_role("button", name="報告書を作成する").click()
    await expect(sato.locator("h1")).to_have_text("カスタマーハラスメント対応報告書")
    begun = sato.url
    await sato.get_by_role("link", name="通話の記録を見る").click()
    await sato.locator("#say-back").get_by_role("link", name="報告書").click()
    await expect(sato).to_have_url(begun)


async def test_who_saves_second_sees_both_texts_and_takes_over_what_they_want(
    browser: Browser, context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)
    await begin(sato, server)
    yamada = await head(await other_desk(browser), server)
    await yamada.goto(sato.url)
    await write(yamada, answer="山田の回答", remarks="山田の備考")
    await save(yamada)

    await write(sato, answer="佐藤の回答", effect="動悸があった。")
    await save(sato)

    late = sato.locator("[role=alert]").first
    await expect(late).to_contain_text("yamada さんが")
    await expect(sato.locator("#f-answer")).to_have_value("佐藤の回答")
    await expect(sato.locator("[data-key=answer] [data-saved-text]")).to_have_text("山田の回答")
    await expect(sato.locator("#f-effect")).to_have_value("動悸があった。")
    await expect(sato.locator("#f-remarks")).to_have_value("山田の備考")
    await sato.get_by_role("button", name="市の回答・説明を保存済みの文にする").click()
    await expect(sato.locator("#f-answer")).to_have_value("山田の回答")
    await sato.get_by_role("button", name="市の回答・説明を自分の文に戻す").click()
    await expect(sato.locator("#f-answer")).to_have_value("佐藤の回答")
    await save(sato)

    await expect(sato.locator(".notice-success")).to_have_text("保存しました。")
    await expect(sato.locator("#f-answer")).to_have_value("佐藤の回答")
    await expect(sato.locator("#f-remarks")).to_have_value("山田の備考")
    await expect(sato.locator("#f-effect")).to_have_value("動悸があった。")


async def test_a_field_is_filled_in_again_and_that_is_undone(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)
    await begin(sato, server)
    await write(sato, where="2番窓口の電話")
    await save(sato)
    field = sato.locator("[data-key=where]")
    await expect(field.locator("[data-origin]")).to_have_text("書き改めあり")
    await field.locator("summary").click()
    await expect(field.locator("del").first).to_be_visible()

    await field.get_by_role("button", name="記録から入れ直す").click()
    await expect(sato.locator("#f-where")).to_have_value("市民課(電話による対応)")
    await expect(field.locator("[data-origin]")).to_have_text("記録から")
    await field.get_by_role("button", name="元に戻す").click()

    await expect(sato.locator("#f-where")).to_have_value("2番窓口の電話")
    await expect(field.locator("[data-origin]")).to_have_text("書き改めあり")


async def test_leaving_with_unsaved_text_is_asked_about_first(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)
    await begin(sato, server)
    asked: list[str] = []

    async def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        await dialog.dismiss()  # type: ignore[attr-defined]

    sato.on("dialog", stay)
    await write(sato, remarks="書きかけ")
    await sato.click(".report-back a >> nth=0", no_wait_after=True)
    await expect(sato.locator("#f-remarks")).to_have_value("書きかけ")

    assert asked == ["beforeunload"]


async def test_quotes_are_chosen_with_a_click_and_kept(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)
    await begin(sato, server)
    boxes = sato.locator("#quotes input")
    chosen = await sato.locator("#quotes input:checked").count()
    await expect(sato.locator("#quotes")).to_contain_text(THREAT)

    await boxes.first.uncheck()
    await expect(sato.locator("#quotes-count")).to_have_text(f"{chosen - 1}件を引用")
    await save(sato)

    await expect(sato.locator("#quotes input:checked")).to_have_count(chosen - 1)
    await expect(boxes.first).not_to_be_checked()


async def test_a_returned_report_says_why_and_an_approved_one_is_corrected_in_a_new_version(
    browser: Browser, context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)
    await begin(sato, server)
    await write(sato, **WRITTEN)
    await submit(sato)
    yamada = await head(await other_desk(browser), server)
    await yamada.goto(sato.url)
    await yamada.fill("#return_reason", "お詫びの日付を書いてください。")
    await yamada.get_by_role("button", name="差し戻す").click()
    await expect(yamada.locator(".report-state").first).to_have_text("差戻し")

    await sato.reload()
    await expect(sato.locator(".notice-warning").first).to_contain_text("お詫びの日付")
    await write(sato, answer="11月20日にお詫びした。")
    await submit(sato)
    await yamada.goto(sato.url)
    await yamada.get_by_role("button", name="承認する").click()
    await yamada.fill("#correction_reason", "日付の誤り")
    await yamada.get_by_role("button", name="訂正の版を始める").click()

    await expect(yamada.locator(".report-facts")).to_contain_text("第2版")
    await expect(yamada.locator(".report-versions li")).to_have_count(2)
    await expect(yamada.locator(".notice").first).to_contain_text("日付の誤り")


async def test_what_is_missing_is_named_at_its_field(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    sato = await operator(context, server)
    await begin(sato, server)
    await write(sato, demand="除雪を求めた。", remarks="残る文")

    await submit(sato)

    await expect(sato.locator("#f-answer")).to_have_attribute("aria-invalid", "true")
    await expect(sato.locator("#f-answer-error")).to_contain_text("この欄を書いてください")
    await expect(sato.locator("#f-remarks")).to_have_value("残る文")
    await expect(sato.locator(".notice-warning").first).to_contain_text("下書きは保存しました")
    await expect(sato.locator("#report-unsaved")).to_have_text("")


async def test_the_head_who_wrote_it_is_offered_no_approval(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    yamada = await head(context, server)
    await begin(yamada, server)
    await write(yamada, **WRITTEN)

    await submit(yamada)

    await expect(yamada.get_by_role("button", name="承認する")).to_have_count(0)
    await expect(yamada.locator(".report-side")).to_contain_text("書いた本人は承認できません")


async def test_the_review_page_begins_the_report_and_then_says_how_it_stands(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    yamada = await head(context, server)
    review = f"{server.url}/calls/r-1/review"
    await tab_of_report(yamada, review)
    await expect(yamada.locator("#review-report-state")).to_have_text(
        "この通話の報告書はまだありません。"
    )
    await yamada.get_by_role("button", name="報告書を作成する").click()
    await expect(yamada.locator("#report-form")).to_be_visible()

    await tab_of_report(yamada, review)

    await expect(yamada.locator("#review-report-state")).to_contain_text("第1版")
    await expect(yamada.locator("#review-report-quotes li").first).to_contain_text(THREAT)
    await expect(yamada.locator("#review-report-open")).to_have_attribute("href", "/reports/1")


async def test_an_auditor_reads_covered_words_covered_and_cannot_write_over_them(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server)
    services = server.services
    report_id, _ = await begin_report(services, SATO, "r-1")
    secret = "田中さんを出せ。番号は090-1234-5678だ。"
    await save_report(services, SATO, report_id, Written(1, {"demand": secret}))
    abe = await first_sign_in(context, server, Role.AUDITOR, login="abe", section="")

    await abe.goto(f"{server.url}/reports/{report_id}")

    field = abe.locator("#f-demand")
    await expect(field).to_contain_text("●")
    await expect(field).not_to_contain_text("1234")
    await expect(abe.locator("textarea[name=demand]")).to_have_count(0)
    assert "1234-5678" not in await abe.content()


@pytest.mark.parametrize("width", [1024, 1280, 1920])
async def test_nothing_scrolls_sideways_and_every_button_is_large_enough(
    context: BrowserContext, server: RunningServer, width: int
) -> None:
    await with_call(server)
    yamada = await head(context, server)
    await begin(yamada, server)
    report = yamada.url
    for address in (report, f"{server.url}/reports"):
        await yamada.goto(address)
        await yamada.set_viewport_size({"width": width, "height": 720})

        wide = await yamada.evaluate("document.documentElement.scrollWidth")
        small = await yamada.evaluate(
            """[...document.querySelectorAll("main button, main summary, main .button")]
              .filter((b) => b.checkVisibility()).map((b) => b.getBoundingClientRect())
              .filter((r) => r.height < 44 || r.width < 44).length"""
        )

        assert (wide <= width, small) == (True, 0)
