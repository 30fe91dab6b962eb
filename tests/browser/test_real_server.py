"""Glue: the screens on the real server, its real judgement and its real accounts; only the ear is scripted."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page, expect
from websockets.asyncio.client import ClientConnection

from app.auth.identity import Role
from tests.app.running import RunningServer, hear, say
from tests.app.sounds import call_bytes, sentences
from tests.browser.signing_in import first_sign_in
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "fields of green barley"
FRAME_BYTES = 3_200
INSULT = "お前、馬鹿か。この税金泥棒が。"


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber("除雪のことで聞きたいんですけど。", INSULT)


async def sign_in(context: BrowserContext, server: RunningServer, login: str = "sato") -> Page:
    """Sign in for the first time and arrive at the list of calls."""
    page = await first_sign_in(
        context, server, Role.OPERATOR, login=login, display_name="佐藤 花子"
    )
    if not page.url.endswith("/calls"):
        await page.goto(f"{server.url}/calls")
    await expect(page.locator("#link")).to_have_attribute("data-state", "open")
    return page


async def begin(stream: ClientConnection, operator: str = "sato") -> str:
    await say(stream, {"type": "start", "operator": operator, "from": "011-000-1234"})
    started = await hear(stream)
    call_id: str = started["call_id"]
    return call_id


async def speak(stream: ClientConnection, count: int) -> None:
    sound = call_bytes(sentences(count))
    for at in range(0, len(sound), FRAME_BYTES):
        await stream.send(sound[at : at + FRAME_BYTES])


async def test_an_operator_signs_in_and_sees_the_alert_appear(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await sign_in(context, server)

    async with server.stream() as stream:
        call_id = await begin(stream)
        await expect(page).to_have_url(f"{server.url}/calls/{call_id}")
        await speak(stream, 3)

        await expect(page.locator("mark[data-level]").last).to_have_text("税金泥棒")
        await expect(page.locator(".alert")).to_have_count(1)
        await expect(page.locator("#outcome")).to_have_text("カスハラのおそれ")
        await expect(page.locator("#say-text")).not_to_have_class("say-nothing")


async def test_a_false_alarm_is_taken_back_and_help_is_asked_for_on_the_real_server(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await sign_in(context, server)

    async with server.stream() as stream:
        await begin(stream)
        await speak(stream, 3)
        await expect(page.locator(".alert")).to_have_count(1)
        await page.keyboard.press("f")
        await expect(page.locator(".alert")).to_have_count(0)
        await expect(page.locator("#level-word")).to_have_text("通常")
        await page.click("#toast-button")
        await expect(page.locator(".alert")).to_have_count(1)
        await expect(page.locator("#level-word")).not_to_have_text("通常")
        await expect(page.locator("#said")).to_be_visible()
        await page.keyboard.press("s")
        await expect(page.locator("#say-text")).to_contain_text("お伝え済みです")
        await page.keyboard.press("h")
        await expect(page.locator("#help-word")).to_have_text("応援要請中")

        await page.reload()

        await expect(page.locator("#help-word")).to_have_text("応援要請中")
        await expect(page.locator(".alert")).to_have_count(1)


async def test_the_end_of_the_call_reaches_the_screen(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await sign_in(context, server)

    async with server.stream() as stream:
        call_id = await begin(stream)
        await expect(page).to_have_url(f"{server.url}/calls/{call_id}")
        await speak(stream, 3)
        await say(stream, {"type": "stop", "reason": "hangup"})
        await hear(stream)

    await expect(page.locator("#link-word")).to_have_text("通話終了")
    await expect(page.locator(".line")).to_have_count(2)
    await page.click("#say-back a")
    await expect(page.locator("#past tr")).to_have_count(1)


async def test_a_recogniser_that_is_gone_is_shown_and_help_still_works(
    context: BrowserContext, server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    page = await sign_in(context, server)

    async with server.stream() as stream:
        await begin(stream)
        await expect(page.locator("#link-word")).to_have_text("正常に動作中")
        transcriber.ready = False
        await expect(page.locator("#link-word")).to_have_text("認識停止中")
        await speak(stream, 1)
        await expect(page.locator(".gap")).to_contain_text("認識が停止していました")
        await page.keyboard.press("h")
        await expect(page.locator("#help-word")).to_have_text("応援要請中")
