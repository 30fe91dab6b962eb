"""Glue: steps, warnings and clocks on the real server, with an office's policy that counts three warnings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, expect

from app.settings import DetectionSettings, Settings
from tests.app.running import RunningServer, hear, in_own_task, running_server, say
from tests.app.sounds import call_bytes, sentences
from tests.browser.test_real_server import FRAME_BYTES, begin, sign_in, speak
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WARNING = "ただいまのお言葉はカスタマーハラスメントに当たるおそれがあります。続く場合はお電話を終了いたします。"
INSULTS = ("お前、馬鹿か。この税金泥棒が。", "無能が。お前みたいな馬鹿は辞めろ。")


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    settings = Settings(data_dir=tmp_path, detection=DetectionSettings(policy="saga"))
    transcriber = ScriptedTranscriber(
        "除雪のことで聞きたいんですけど。", *INSULTS, *INSULTS, WARNING
    )
    async with in_own_task(running_server(settings, transcriber)) as running:
        yield running


async def test_a_pressed_warning_is_counted_with_its_words_and_the_policy_says_what_is_next(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await sign_in(context, server)

    async with server.stream() as stream:
        call_id = await begin(stream)
        await expect(page).to_have_url(f"{server.url}/calls/{call_id}")
        await speak(stream, 5)
        await expect(page.locator("[data-step='warn']")).to_have_attribute("aria-current", "step")
        await expect(page.locator("#say-step")).to_have_text("対応:警告")
        await expect(page.locator("#said")).to_be_visible()
        sentence = (await page.locator("#say-text").inner_text()).strip("「」")
        await page.keyboard.press("s")

        await expect(page.locator("#toast")).to_contain_text("警告を記録しました(1回目)")
        await expect(page.locator("#warnings-gauge")).to_contain_text("1/3回")
        await expect(page.locator(".rung-place[data-standing='done']")).to_contain_text("1/3")
        await expect(page.locator("#say-hint")).not_to_have_text("")
        await page.click("#warnings-open")
        await expect(page.locator("#proof")).to_contain_text(sentence)
        await expect(page.locator("#proof")).to_contain_text("「言った」と記録(sato)")
        await say(stream, {"type": "stop", "reason": "hangup"})
        await hear(stream)

    await expect(page.locator("#link-word")).to_have_text("通話終了")
    await expect(page.locator("#warnings-gauge")).to_contain_text("1/3回")
    await expect(page.locator("[data-step='report']")).to_have_attribute("aria-current", "step")


async def test_a_warning_is_recognised_without_any_press_and_shown_with_its_second(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await sign_in(context, server)

    async with server.stream() as stream:
        await begin(stream)
        await speak(stream, 5)
        await expect(page.locator("[data-step='warn']")).to_have_attribute("aria-current", "step")
        warning = sentences(1)
        sound = call_bytes(np.zeros_like(warning), warning)
        for at in range(0, len(sound), FRAME_BYTES):
            await stream.send(sound[at : at + FRAME_BYTES])

        await expect(page.locator("#toast")).to_contain_text("警告を聞き取りました(1回目)")
        await page.click("#warnings-open")
        await expect(page.locator("#proof")).to_contain_text(f"「{WARNING}」")
        await expect(page.locator("#proof")).to_contain_text("発言を確認")
        await page.click("#proof .to-line")
        await expect(page.locator(".line-shown")).to_contain_text(WARNING)
