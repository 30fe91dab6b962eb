"""Glue: trying rules in a browser, on the real server with the real detector: form, progress, numbers, differences."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from playwright.async_api import BrowserContext, Page, expect

from app.auth.identity import Role
from tests.app.past_calls import RUDE, RULE, Past, keep_calls
from tests.app.running import RunningServer
from tests.browser.signing_in import arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PATIENCE_MS = 90_000
LEVEL = "levels.first_severe_level"


async def at_trials(context: BrowserContext, server: RunningServer, role: Role) -> Page:
    page = await arrive(context, server, role, href="/trials", heading="ルールの試行")
    await expect(page.locator("#trial-policy option")).not_to_have_count(1)
    return page


async def with_calls(server: RunningServer, number: int = 3) -> None:
    calls = [Past(f"c{n}", said=(RUDE,), found=(0,)) for n in range(number)]
    await keep_calls(server.services.database, [*calls, Past("calm", said=("はい",), found=())])
    token = await server.token(Role.AUDITOR, "", "ueda")
    async with server.client(token) as ueda:
        for call_id, verdict in (("c0", "harassment"), ("c1", "not_harassment")):
            body = {"verdict": verdict, "reason": "x", "callers_side": "x", "seen": 0}
            (await ueda.post(f"/v1/calls/{call_id}/judgements", json=body)).raise_for_status()


async def looser(page: Page) -> None:
    """Choose that the first grave word raises the level to 注意 only."""
    await page.select_option("#trial-key", LEVEL)
    await page.fill(f"[id='value-{LEVEL}']", "1")


async def test_a_trial_shows_its_progress_the_two_numbers_and_each_difference(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_calls(server)
    page = await at_trials(context, server, Role.AUDITOR)
    await expect(page.locator("#trials-empty")).to_contain_text("試行はまだありません")
    await looser(page)
    await page.fill("#trial-title", "注意にとどめる")
    await page.click("#trial-start")

    await expect(page.locator("h1")).to_have_text("注意にとどめる")
    await expect(page.locator("#one-bar")).to_be_visible()
    await expect(page.locator("#one-state")).to_have_text("終わりました", timeout=PATIENCE_MS)
    await expect(page.locator("#progress-word")).to_have_text("4件のうち4件")
    await expect(page.locator("[data-kind='missed'] .number")).to_have_text("1件")
    await expect(page.locator("[data-kind='relieved'] .number")).to_have_text("1件")
    await expect(page.locator("#one-change")).to_contain_text("2段階 → 1段階")
    await expect(page.locator("#one-next")).to_contain_text("何も本番に入りません")
    await expect(page.locator("#one-calls > li")).to_have_count(3)
    await page.locator("#one-calls summary").first.click()
    await expect(page.locator(".tried-differences").first).to_contain_text(f"「{RUDE}」")
    await expect(page.locator(".tried-facts").first).to_contain_text("警告 → 注意")
    async with page.expect_download() as download:
        await page.get_by_text("試した基本方針をダウンロード").click()
    file = anyio.Path(await (await download.value).path())
    assert "first_severe_level = 1" in await file.read_text(encoding="utf-8")

    await page.locator("#one-calls").get_by_text("通話を確認する").first.click()
    await expect(page.locator("h1")).to_have_text("通話の振り返り")


async def test_an_administrator_reads_numbers_and_no_call(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_calls(server, 2)
    page = await at_trials(context, server, Role.ADMINISTRATOR)
    await page.select_option("#trial-rule", f"{RULE} mental_attack")
    await page.click("#trial-start")

    await expect(page.locator("#one-state")).to_have_text("終わりました", timeout=PATIENCE_MS)
    await expect(page.locator("#one-change")).to_contain_text(f"ルール {RULE} を使わない")
    await expect(page.locator("#one-calls-section")).to_be_hidden()
    assert RUDE not in await page.inner_text("main")


async def test_a_trial_that_changes_nothing_is_refused_and_one_that_runs_is_cancelled(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_calls(server, 2)
    page = await at_trials(context, server, Role.AUDITOR)

    await page.click("#trial-start")
    await expect(page.locator("#trial-refused")).to_contain_text("今のルールと違いがありません")

    await looser(page)
    await page.click("#trial-start")
    await page.get_by_role("button", name="取りやめる").click()
    await expect(page.locator("#one-state")).to_have_text("取りやめました")
    await expect(page.locator("#one-cancel")).to_be_hidden()


async def test_a_policy_file_with_faults_is_told_line_by_line_and_not_tried(
    context: BrowserContext, server: RunningServer, tmp_path: Path
) -> None:
    wrong, right = tmp_path / "wrong.toml", tmp_path / "right.toml"
    wrong.write_text('name = "a"\nversion = "a-1"\ntitle = "試案"\n[levels]\npoints = 3\n')
    right.write_text(
        'name = "a"\nversion = "a-1"\ntitle = "試案"\n[levels]\npoints_for_warning = 5\n'
    )
    page = await at_trials(context, server, Role.ADMINISTRATOR)
    await page.select_option("#trial-policy", "file")

    await page.set_input_files("#trial-file", wrong)
    await expect(page.locator(".trial-faults")).to_contain_text("5行目")
    await page.click("#trial-start")
    await expect(page.locator("#trial-refused")).to_contain_text("誤りのあるファイルは試せません")

    await page.set_input_files("#trial-file", right)
    await expect(page.locator("#trial-file-said")).to_have_text("読み取れました: 試案(a-1)")
