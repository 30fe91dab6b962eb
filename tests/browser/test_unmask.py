"""Glue: covered words on the review page of the real server: shown with a reason, covered again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import BrowserContext, Page, expect
from sqlalchemy import select, update

from app.auth.identity import Role
from app.privacy.models import Unmasking
from tests.app.review.filled import SAID, add_ended_call
from tests.app.running import RunningServer
from tests.browser.signing_in import first_sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NAME = "相馬"
NUMBER = "090-1234-5678"
TEXTS = (f"{NAME}と申します。電話番号は{NUMBER}です。", *SAID[1:5])
REASON = "開示の請求があり、発言の内容を確かめるため"


async def arrive(context: BrowserContext, server: RunningServer, role: Role = Role.AUDITOR) -> Page:
    async with server.services.database.transaction() as session:
        await add_ended_call(session, server.services.clock.now(), texts=TEXTS)
    page = await first_sign_in(context, server, role)
    await page.clock.install()
    await page.goto(f"{server.url}/calls/r-1/review")
    await page.wait_for_selector("body[data-usable]")
    return page


async def uncover(page: Page) -> None:
    await page.click("#unmask-open")
    await page.fill("#unmask-reason", REASON)
    await page.click("#unmask-send")
    await expect(page.locator("#unmask-state")).to_be_visible()


async def test_an_auditor_reads_names_once_they_said_why_and_covers_them_again(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await arrive(context, server)
    talk = page.locator("#talk-scroll")
    await expect(talk).to_contain_text("●●と申します。電話番号は●●●●●●●●●●●●●です。")
    await expect(talk).not_to_contain_text(NAME)

    await page.click("#unmask-open")
    await page.fill("#unmask-reason", "ため")
    await page.click("#unmask-send")
    await expect(page.locator("#unmask-reason-error")).to_have_text(
        "理由を5文字以上で入力してください。"
    )
    await page.fill("#unmask-reason", REASON)
    await page.click("#unmask-send")

    await expect(talk).to_contain_text(TEXTS[0])
    await expect(page.locator("#unmask-left")).to_contain_text("あと1")
    await expect(page.locator("#unmask-open")).to_be_hidden()
    await expect(page.locator("#unmask-cover")).to_be_focused()

    await page.click("#unmask-cover")

    await expect(talk).not_to_contain_text(NAME)
    await expect(page.locator("#unmask-state")).to_be_hidden()
    await page.click("#unmask-who-open")
    await expect(page.locator("#unmask-rows li")).to_contain_text(REASON)
    await expect(page.locator("#unmask-rows li")).to_contain_text("田中 一郎")


async def test_the_page_covers_itself_when_the_time_is_over(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await arrive(context, server)
    await uncover(page)
    talk = page.locator("#talk-scroll")
    await expect(talk).to_contain_text(NAME)
    async with server.services.database.transaction() as session:
        until = await session.scalar(select(Unmasking.until))
        assert until is not None
        await session.execute(update(Unmasking).values(until=until - timedelta(minutes=15)))

    await page.clock.fast_forward(15 * 60_000)

    await expect(talk).not_to_contain_text(NAME)
    await expect(page.locator("#unmask-open")).to_be_visible()
    await expect(page.locator("#unmask-said")).to_have_text(
        "時間になったため、個人の情報を伏せました。"
    )


async def test_a_supervisor_reads_everything_and_who_gave_which_reason(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await arrive(context, server, Role.SUPERVISOR)
    async with server.services.database.transaction() as session:
        now = server.services.clock.now()
        session.add(Unmasking(call_id="r-1", by_login="kanda", reason=REASON, at=now, until=now))
    await page.reload()

    await expect(page.locator("#talk-scroll")).to_contain_text(NUMBER)
    await expect(page.locator("#unmask-open")).to_be_hidden()
    await page.click("#unmask-who-open")
    await expect(page.locator("#unmask-rows li")).to_contain_text(REASON)
