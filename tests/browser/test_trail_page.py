"""Glue: 「操作の記録」 on the real server: who reads what, and a check that names the first broken link."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from app.auth.identity import Role
from app.settings import Settings
from app.trail.chain import Deed
from app.trail.writing import record
from tests.app.review.filled import add_ended_call
from tests.app.running import RunningServer, in_own_task, running_server
from tests.browser.signing_in import first_sign_in
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    settings = Settings(data_dir=tmp_path)
    async with in_own_task(running_server(settings, ScriptedTranscriber())) as running:
        yield running


async def opened(context: BrowserContext, server: RunningServer, role: Role) -> Page:
    page = await first_sign_in(context, server, role, section="")
    await page.goto(f"{server.url}/trail")
    await expect(page.locator("h1")).to_have_text("操作の記録")
    return page


async def with_searches(server: RunningServer, number: int) -> None:
    async with server.services.database.transaction() as session:
        for place in range(number):
            by = "kansa" if place % 2 else "mori"
            await record(session, Deed("search.made", by_login=by))
        await record(session, Deed("future.deed", by_login="kansa"))
        await record(session, Deed("call.seen", by_login="mori", call_id="gone-1"))


async def test_an_auditor_reads_pages_and_narrows_them(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_searches(server, 130)
    page = await opened(context, server, Role.AUDITOR)

    await expect(page.locator("#rows tr")).to_have_count(100)
    await expect(page.locator("#rows tr", has_text="通話の閲覧")).to_contain_text(
        "gone-1 (削除済み)"
    )
    await expect(page.locator("#rows")).to_contain_text("名称のない操作 future.deed")
    await page.click("#more")
    await expect(page.locator("#more")).to_be_hidden()
    assert await page.locator("#rows tr").count() > 130

    await page.fill("#by", "kansa")
    await page.select_option("#kind", "search.made")
    await page.get_by_role("button", name="絞り込む").click()
    await expect(page.locator("#rows tr")).to_have_count(65)
    await page.fill("#since", "2099-01-01")
    await page.get_by_role("button", name="絞り込む").click()
    await expect(page.locator("#waiting")).to_contain_text("この条件に当たる記録はありません")
    await expect(page.locator("#waiting svg")).to_be_hidden()


async def test_a_call_of_the_trail_leads_to_its_review(
    context: BrowserContext, server: RunningServer
) -> None:
    async with server.services.database.transaction() as session:
        await add_ended_call(session, server.services.clock.now())
        await record(session, Deed("call.seen", by_login="mori", call_id="r-1"))
    page = await opened(context, server, Role.AUDITOR)

    await page.get_by_role("link", name="r-1").click()

    await page.wait_for_url(f"{server.url}/calls/r-1/review")


async def test_what_was_asked_for_is_read_on_though_the_form_was_changed_meanwhile(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_searches(server, 130)
    page = await opened(context, server, Role.AUDITOR)
    await expect(page.locator("#rows tr")).to_have_count(100)

    await page.fill("#by", "nobody")
    await page.click("#more")

    await expect(page.locator("#more")).to_be_hidden()
    assert await page.locator("#rows tr").count() > 130


async def test_an_administrator_reads_of_accounts_and_never_of_calls(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_searches(server, 4)
    page = await opened(context, server, Role.ADMINISTRATOR)

    await expect(page.locator("#rows")).to_contain_text("パスワードの変更")
    await expect(page.locator("#rows")).not_to_contain_text("通話の")
    await expect(page.locator("#call")).to_have_count(0)


async def test_a_check_says_that_all_is_sound_and_then_names_the_link_that_is_not(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_searches(server, 20)
    page = await opened(context, server, Role.AUDITOR)
    words = page.locator("#check-words")
    await expect(words).to_have_text("まだ確かめていません。")

    await page.get_by_role("button", name="今すぐ確かめる").click()
    await expect(words).to_contain_text("すべて書かれたときのままです")
    await expect(page.locator("#check-end")).to_contain_text(re.compile(r"\d+:[0-9a-f]{64}"))

    with sqlite3.connect(server.services.settings.data_dir / "mimamori.db") as tables:
        tables.execute("DROP TRIGGER trail_refuses_update")
        tables.execute("UPDATE trail SET by_login = 'nobody' WHERE number = 7")
    await page.get_by_role("button", name="今すぐ確かめる").click()
    await expect(words).to_contain_text(
        "7番の記録に誤りがあります:内容が、記録されたときと違います"
    )
    await expect(page.locator(".trail-check")).to_have_attribute("data-state", "broken")


async def test_nothing_scrolls_sideways_and_every_control_is_large_enough(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_searches(server, 20)
    page = await opened(context, server, Role.AUDITOR)
    await expect(page.locator("#rows tr").first).to_be_visible()
    for width in (1024, 1280, 1920):
        await page.set_viewport_size({"width": width, "height": 720})

        wide = await page.evaluate("document.documentElement.scrollWidth")
        small = await page.evaluate(
            """[...document.querySelectorAll("main .button, main input, main select")]
              .filter((b) => b.checkVisibility()).map((b) => b.getBoundingClientRect())
              .filter((r) => r.height < 44).length"""
        )

        assert (wide <= width, small) == (True, 0)
