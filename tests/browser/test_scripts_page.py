"""Glue: 「ご案内の文」 on the real server: read, proposed and approved by two people, at both sizes and by keyboard."""

from __future__ import annotations

from typing import Final

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from app.auth.identity import Role
from tests.app.running import RunningServer
from tests.browser.signing_in import arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NEW: Final = "同じお答えの繰り返しになっております。新しいお話がなければ、お電話を終えます。"
UNNAMED: Final = """() => [...document.querySelectorAll("main :is(a, button, summary, input, textarea)")]
  .filter((one) => one.type !== "hidden")
  .filter((one) => !one.textContent.trim() && !one.labels?.length && !one.ariaLabel)
  .map((one) => one.outerHTML)"""
SMALL: Final = """() => [...document.querySelectorAll("main :is(a, button, summary, textarea)")]
  .filter((one) => one.getBoundingClientRect().height < 44 && one.offsetParent)
  .map((one) => one.outerHTML)"""


async def arrive_there(context: BrowserContext, server: RunningServer, role: Role) -> Page:
    return await arrive(context, server, role, href="/scripts", heading="ご案内の文")


async def sound_and_whole(page: Page) -> None:
    """Everything has a name and a size for a finger, ids stand once, and nothing runs out of the page."""
    await page.wait_for_load_state("load")  # before its style sheets everything is small
    assert await page.evaluate(UNNAMED) == []
    assert await page.evaluate(SMALL) == []
    ids = await page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    headings = await page.evaluate(
        "[...document.querySelectorAll('main :is(h1, h2, h3)')].map((one) => +one.tagName[1])"
    )
    assert headings[0] == 1
    assert set(headings[1:]) == {2}
    assert await page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )


async def test_two_people_change_a_sentence(
    context: BrowserContext, browser: Browser, server: RunningServer
) -> None:
    kanri = await arrive_there(context, server, Role.ADMINISTRATOR)
    await kanri.click("#warn a[href='/scripts/warn.persistence']")
    await kanri.fill("#text", NEW)
    await kanri.fill("#reason", "短くする")
    await kanri.locator("#reason").press("Tab")
    await kanri.keyboard.press("Enter")
    await expect(kanri.locator("main")).to_contain_text("提案した本人は承認できません")
    other = await browser.new_context(viewport={"width": 1024, "height": 768}, locale="ja-JP")
    async with other:
        mori = await arrive_there(other, server, Role.SUPERVISOR)
        await sound_and_whole(mori)
        await mori.locator("table[aria-labelledby='waiting-heading'] a").click()
        await expect(mori.locator("#now-heading")).to_be_visible()
        await sound_and_whole(mori)
        await mori.click("text='承認する'")
        await expect(mori.locator("section[aria-labelledby='now-heading']")).to_contain_text(NEW)
        await expect(mori.locator("#now-heading")).to_contain_text("承認済み")
    await kanri.reload()
    await sound_and_whole(kanri)

    await expect(kanri.locator(".script-versions tbody tr")).to_have_count(2)
    await expect(kanri.locator(".script-versions tbody tr").first).to_contain_text("my-supervisor")


async def test_what_was_wrong_stands_beside_its_field_and_has_the_focus(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await arrive_there(context, server, Role.ADMINISTRATOR)
    await page.goto(f"{server.url}/scripts/warn.any")
    await page.fill("#text", "このお電話は録音しております。続く場合は終えます。")
    await page.fill("#reason", "短くする")
    await page.click("text='提案する'")

    await expect(page.locator("#text")).to_be_focused()
    await expect(page.locator("#text-error")).to_contain_text("録音のお知らせが流れたとき")
    described = await page.locator("#text").get_attribute("aria-describedby")
    assert described == "text-hint text-error"
    await expect(page.locator("#text")).to_have_value(
        "このお電話は録音しております。続く場合は終えます。"
    )


async def test_in_english_the_page_is_english_and_the_sentences_are_marked_as_japanese(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await arrive_there(context, server, Role.AUDITOR)
    await page.click(".site-language")

    await expect(page.locator("h1")).to_have_text("Sentences")
    await expect(page.locator("#close-heading")).to_have_text("Announce the end")
    left = await page.evaluate(
        """() => [...document.querySelectorAll("main *")]
          .filter((one) => !one.closest("[lang='ja']"))
          .flatMap((one) => [...one.childNodes])
          .filter((node) => node.nodeType === 3 && /[ぁ-んァ-ヶ一-龠]/.test(node.data))
          .map((node) => node.data)"""
    )
    assert left == []
    await sound_and_whole(page)
