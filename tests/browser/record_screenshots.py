"""Glue: pictures of what comes after a call: ``python -m tests.browser.record_screenshots docs/screenshots``.

The real server hears and records two shipped calls (under two minutes); then an operator, a supervisor, an
auditor and an administrator do their part.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from playwright.async_api import Browser, Page, async_playwright, expect

from app.auth.identity import Role
from app.demo.catalogue import demo_sound
from app.japan import JAPAN
from app.recordings.settings import RecordingSettings
from app.settings import Settings
from app.simulate.native import CallSound, NativeTelephone
from app.statistics.periods import month_of_day
from tests.app.running import SECTION, RunningServer, running_server
from tests.app.statistics.year import fill_month
from tests.browser.conftest import CHROMIUM, QUIET_ARGUMENTS
from tests.browser.screenshots import keep
from tests.browser.signing_in import first_sign_in

CALL: Final = "snow_step_by_step"
OTHER_CALL: Final = "fair_complaint"
WRITTEN: Final = {
    "demand": "自宅の車庫前に残った雪を、今夜のうちに市が除くこと。",
    "answer": "車庫前の雪は各家庭にお願いしていること、道路の雪は明朝までに除くことをご説明した。",
    "effect": "動悸があり、30分休憩した。",
    "future": "課内で共有し、次にお電話があったときは二人で対応する。",
}
REASON: Final = "お願いと警告の後も、侮辱と土下座の要求、氏名をさらすという発言が続いた。"
SIDE: Final = "除雪の後に車庫の前へ雪が残り、出勤できずに困っておられた。"


async def play(server: RunningServer, call_id: str) -> None:
    phone = NativeTelephone(
        url=server.stream_url,
        token=server.stream_token,
        sound=CallSound(demo_sound(call_id)),
        call_id=call_id,
        operator="sato",
        caller_number="011-381-0000",
    )
    await phone.play()


async def take_all(folder: Path) -> None:
    async with AsyncExitStack() as open_until_end:
        data = open_until_end.enter_context(tempfile.TemporaryDirectory())
        recording = RecordingSettings(sections="*", reserve_mb=0)
        settings = Settings(data_dir=Path(data), recording=recording)
        server = await open_until_end.enter_async_context(running_server(settings))
        async with anyio.create_task_group() as lines:
            for call_id in (CALL, OTHER_CALL):
                lines.start_soon(partial(play, server, call_id))
        playwright = await open_until_end.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*QUIET_ARGUMENTS, "--disable-lcd-text"]
        )
        await _report_written(browser, server)
        await _supervisors(browser, server, folder)
        await _auditors(browser, server, folder)
        await _administrators(browser, server, folder)
        await browser.close()


async def _seated(
    browser: Browser,
    server: RunningServer,
    role: Role,
    login: str,
    name: str,
    section: str = SECTION,
) -> Page:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 720},
        reduced_motion="reduce",
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
    )
    return await first_sign_in(
        context, server, role, login=login, display_name=name, section=section
    )


async def _report_written(browser: Browser, server: RunningServer) -> None:
    page = await _seated(browser, server, Role.OPERATOR, "sato", "佐藤 花子")
    await page.goto(f"{server.url}/calls/{CALL}/report")
    await page.get_by_role("button", name="報告書を作成する").click()
    for key, text in WRITTEN.items():
        await page.fill(f"#f-{key}", text)
    await page.click("button[value=submit]")
    await expect(page.locator(".notice-success")).to_be_visible()


async def _supervisors(browser: Browser, server: RunningServer, folder: Path) -> None:
    page = await _seated(browser, server, Role.SUPERVISOR, "tanaka", "田中 一郎")
    await page.goto(f"{server.url}/calls/{CALL}/report")
    await expect(page.get_by_role("button", name="承認する")).to_be_visible()
    await keep(page, folder / "report.png")
    await page.get_by_role("button", name="承認する").click()
    await page.goto(f"{server.url}/calls/{OTHER_CALL}/disclosure")
    await expect(page.locator("#disclosure-lines > li").first).to_be_visible()
    await keep(page, folder / "disclosure.png")


async def _auditors(browser: Browser, server: RunningServer, folder: Path) -> None:
    page = await _seated(browser, server, Role.AUDITOR, "yamamoto", "山本 久", section="")
    await _review(page, server)
    await keep(page, folder / "review.png")
    await page.click("#tab-judgement")
    await page.check("input[name='verdict'][value='harassment']")
    await page.fill("#judge-reason", REASON)
    await page.fill("#judge-side", SIDE)
    await page.click("#judge-send")
    await expect(page.locator(".judge-one")).to_have_count(1)
    await keep(page, folder / "judgement.png")
    await page.goto(f"{server.url}/search?q=土下座")
    await expect(page.locator(".found")).to_have_count(1)
    await keep(page, folder / "search.png")
    await page.goto(f"{server.url}/trail")
    await expect(page.locator("tbody tr").first).to_be_visible()
    await keep(page, folder / "trail.png")
    this = month_of_day(server.services.clock.now().astimezone(JAPAN).date())
    for ago, calls in enumerate((183, 241, 226, 190, 204, 175, 231, 258)):
        await fill_month(server.services.database, this.later(-ago), (SECTION, "道路課"), calls)
    await page.goto(f"{server.url}/statistics")
    await page.locator("svg.chart").first.scroll_into_view_if_needed()
    await keep(page, folder / "statistics.png")


async def _review(page: Page, server: RunningServer) -> None:
    """Open the call where it turns, with its sound on the axis."""
    await page.goto(f"{server.url}/calls/{CALL}/review")
    await expect(page.locator("body[data-usable]")).to_be_attached()
    await page.locator("#deed-list button, #deed-list a").nth(4).click()


async def _administrators(browser: Browser, server: RunningServer, folder: Path) -> None:
    page = await _seated(browser, server, Role.ADMINISTRATOR, "kanri", "木村 栄")
    await page.goto(f"{server.url}/retention")
    await expect(page.locator("h1")).to_have_text("保存期間と削除")
    await keep(page, folder / "retention.png")


def main() -> None:
    parser = argparse.ArgumentParser(description="Photograph what comes after a call.")
    parser.add_argument("folder", type=Path)
    anyio.run(take_all, parser.parse_args().folder)


if __name__ == "__main__":
    main()
