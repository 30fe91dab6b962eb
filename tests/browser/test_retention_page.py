"""How long calls are kept, in a browser on the real server: held, lifted, deleted, asked for by one person."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect
from sqlalchemy import update

from app.auth.identity import Role
from app.callers.keys import open_caller_keys
from app.models import Call
from app.retention.opening import open_parts
from app.retention.purging import purge_due
from app.retention.settings import RetentionSettings
from app.settings import Settings
from tests.app.review.filled import add_ended_call
from tests.app.running import RunningServer, in_own_task, running_server
from tests.browser.signing_in import first_sign_in
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NUMBER = "011-382-4141"
REASON = "住民監査請求 第3号の対象"
PICTURES = os.environ.get("RETENTION_PICTURES", "")


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path, transcriber: ScriptedTranscriber) -> AsyncIterator[RunningServer]:
    """An office that keeps ordinary calls 90 days, with one ended call of a known number."""
    settings = Settings(data_dir=tmp_path, retention=RetentionSettings(preset="90days"))
    async with in_own_task(running_server(settings, transcriber)) as running:
        services = running.services
        stored = open_caller_keys(tmp_path).hash_of_caller(NUMBER)
        assert stored is not None
        async with services.database.transaction() as session:
            await add_ended_call(session, services.clock.now())
            await session.execute(
                update(Call).values(caller_hash=stored.hash, caller_key_id=stored.key_id)
            )
        yield running


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/retention_{name}.png", full_page=True)


async def records_tab(page: Page, server: RunningServer) -> None:
    await page.goto(f"{server.url}/calls/r-1/review")
    await page.wait_for_selector("body[data-usable]")
    await page.click("#tab-records")


async def test_a_call_is_held_with_a_reason_and_another_person_lifts_it(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await first_sign_in(context, server, Role.AUDITOR, section="")
    await records_tab(page, server)
    await expect(page.locator("#records-word")).to_contain_text("以降に")

    await page.click("#records-new summary")
    await page.click("#records-send")
    await expect(page.locator("#records-reason-error")).to_have_text("理由を入力してください。")
    await page.fill("#records-reason", REASON)
    await picture(page, "hold_form")
    await page.click("#records-send")

    hold = page.locator(".records-hold")
    await expect(hold).to_contain_text(REASON)
    await expect(hold.locator(".records-held")).to_have_text("保全中")
    await expect(hold).to_contain_text("保全した人とは別の")
    await expect(page.locator("#records-word")).to_have_text(
        "保全されているため、保存期間を過ぎても削除されません。"
    )
    await expect(page.locator("#records-new")).to_be_hidden()
    await picture(page, "held")

    await page.goto(f"{server.url}/retention")
    await expect(page.locator("#holds-heading + table")).to_contain_text(REASON)

    await context.clear_cookies()
    other = await first_sign_in(context, server, Role.SUPERVISOR)
    await records_tab(other, server)
    await other.click(".records-lift summary")
    await picture(other, "lift_form")
    await other.fill(".records-lift textarea", "請求が終わったため")
    await other.click(".records-lift button")

    await expect(other.locator(".records-held")).to_have_count(0)
    await expect(other.locator(".records-hold")).to_contain_text("請求が終わったため")
    await expect(other.locator("#records-new")).to_be_visible()


async def test_the_page_says_what_is_due_and_proves_what_was_deleted(
    context: BrowserContext, server: RunningServer
) -> None:
    services = server.services
    page = await first_sign_in(context, server, Role.AUDITOR, section="")
    await page.goto(f"{server.url}/retention")
    await expect(page.locator("#due-heading + p")).to_have_text(
        "保存期間を過ぎた通話はありません。"
    )
    await picture(page, "empty")
    long_ago = services.clock.now() - timedelta(days=400)
    async with services.database.transaction() as session:
        await session.execute(update(Call).values(ended_at=long_ago))

    await page.reload()
    await expect(page.locator(".retention-numbers")).to_contain_text("1件")
    await page.click("#due-heading ~ details summary")
    await expect(page.locator("#due-heading ~ details a")).to_have_count(1)
    await picture(page, "due")
    parts = await open_parts(
        services.settings, services.database, services.clock, record_keys=services.record_keys
    )
    await purge_due(parts)
    await page.reload()
    await expect(page.locator(".retention-proved")).to_contain_text("何も残っていません")
    await picture(page, "proved")
    await page.click("#runs-heading ~ table a")

    await expect(page.locator("h1")).to_have_text("削除の証明")
    await expect(page.locator(".notice-success")).to_be_visible()
    await expect(page.locator("#rows-heading ~ table")).to_contain_text("utterances")
    await picture(page, "proof")


async def test_a_persons_calls_are_exported_once(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await first_sign_in(context, server, Role.AUDITOR, section="")
    await page.goto(f"{server.url}/retention/person")
    await page.check("input[value='export']")
    await page.fill("#ask-number", "内線")
    await page.fill("#ask-reason", "開示請求 第1号")
    await page.click("main form .button")
    await expect(page.locator("#ask-number-error")).to_contain_text("電話番号として読めません")
    await expect(page.locator("#ask-reason")).to_have_value("開示請求 第1号")
    await picture(page, "ask_refused")

    await page.fill("#ask-number", NUMBER)
    await page.click("main form .button")
    await expect(page.locator("h1 .tag")).to_have_text("受け取れます")
    await picture(page, "ready")
    async with page.expect_download() as begun:
        await page.click("main form .button")
    file = await (await begun.value).path()

    assert Path(file).read_bytes()[:2] == b"PK"  # noqa: ASYNC240 - a test waits
    assert NUMBER not in page.url
    await page.reload()
    await expect(page.locator("h1 .tag")).to_have_text("受け取り済み")
    assert list((server.services.settings.data_dir / "person_exports").iterdir()) == []


async def test_a_persons_calls_are_erased_once_another_person_typed_the_number(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await first_sign_in(context, server, Role.AUDITOR, section="")
    await page.goto(f"{server.url}/retention/person")
    await page.check("input[value='erase']")
    await page.fill("#ask-number", NUMBER)
    await page.fill("#ask-reason", "消去の請求 第2号")
    await page.click("main form .button")
    await expect(page.locator("#ask-again-error")).to_contain_text("同じ番号をもう一度")
    await page.fill("#ask-number", NUMBER)
    await page.fill("#ask-again", "0113824141")
    await page.click("main form .button")
    await expect(page.locator("h1 .tag")).to_have_text("承認待ち")
    await expect(page.locator("#approve-number")).to_have_count(0)
    address = page.url

    await context.clear_cookies()
    other = await first_sign_in(context, server, Role.ADMINISTRATOR, section="")
    await other.goto(address)
    await other.fill("#approve-number", "090-0000-0000")
    await other.click("text=承認して消去する")
    await expect(other.locator("#approve-number-error")).to_contain_text("登録された番号と違います")
    await picture(other, "approve")
    await other.fill("#approve-number", NUMBER)
    await other.click("text=承認して消去する")

    # The server begins within two seconds, and the page renews itself every three.
    await expect(other.locator("h1 .tag")).to_have_text("消去済み", timeout=20_000)
    await other.click("text=証明を見る")
    await expect(other.locator(".notice-success")).to_be_visible()
    async with server.services.database.transaction() as session:
        assert await session.get(Call, "r-1") is None
