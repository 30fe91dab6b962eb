"""Glue: two calls from one number on the real server: what was written in the first is read in the second."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect

from tests.app.running import RunningServer, hear_until, say
from tests.browser.test_real_server import begin, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_what_was_answered_in_one_call_stands_beside_the_next_from_the_same_number(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await sign_in(context, server)
    async with server.stream() as stream:
        first = await begin(stream)
        await expect(page).to_have_url(f"{server.url}/calls/{first}")
        await expect(page.locator("#who")).to_contain_text("****1234")
        await page.click("[data-panel='caller']")
        await expect(page.locator("#caller-empty")).to_contain_text("90日間にありません")
        await page.fill("#caller-matter-text", "除雪の時期")
        await page.fill("#caller-answer-text", "今夜の予定を説明")
        await page.click("#caller-matter button")
        await expect(page.locator("#caller-saved")).to_contain_text("記録済み")
        await say(stream, {"type": "stop", "reason": "hangup"})
        await hear_until(stream, "stopped")

    async with server.stream() as stream:
        second = await begin(stream)
        await expect(page).to_have_url(f"{server.url}/calls/{second}")
        await expect(page.locator("[data-panel='caller'] .panel-badge")).to_have_text("1")
        await page.click("[data-panel='caller']")
        await expect(page.locator("#caller-calls .caller-call")).to_have_count(1)
        await expect(page.locator("#caller-calls")).to_contain_text("今夜の予定を説明")
        await page.click("#caller-whole")
        await expect(page.locator("#who")).to_contain_text("011-000-1234")
