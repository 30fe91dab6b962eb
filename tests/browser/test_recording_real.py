"""Recording on the real server: the operator stops it on the call's page, and that stretch is silent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, expect

from app.auth.identity import Role
from app.recordings.settings import RecordingSettings
from app.settings import Settings
from tests.app.recordings.recorded import begin, facts_of_recording, stop
from tests.app.running import RunningServer, in_own_task, running_server, send
from tests.app.telephony.doors import until_heard
from tests.browser.signing_in import first_sign_in
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    recording = RecordingSettings(sections="*", reserve_mb=0)
    settings = Settings(data_dir=tmp_path, recording=recording)
    async with in_own_task(running_server(settings, ScriptedTranscriber())) as running:
        yield running


async def test_an_operator_stops_the_recording_on_the_call_page(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await first_sign_in(
        context, server, Role.OPERATOR, login="sato", display_name="佐藤 花子"
    )
    async with server.stream() as stream:
        await begin(stream, call_id="c1", operator="sato")
        await page.goto(f"{server.url}/calls/c1")
        await expect(page.locator("#recording-word")).to_have_text("録音しています")
        await send(stream, bytes(16_000))
        await until_heard(server, "c1", 1_000)
        await page.locator("#recording-switch").click()
        await expect(page.locator("#recording-note")).to_have_text("佐藤 花子さんが止めました")
        await send(stream, bytes(16_000))
        await until_heard(server, "c1", 2_000)
        await page.reload()
        await expect(page.locator("#recording-word")).to_contain_text("録音を止めています")
        await expect(page.locator("#recording-note")).to_have_text("佐藤 花子さんが止めました")
        await page.locator("#recording-switch").click()
        await expect(page.locator("#recording-word")).to_have_text("録音しています")
        await send(stream, bytes(16_000))
        await stop(stream)

    kinds = [one["kind"] for one in (await facts_of_recording(server, "c1"))["stretches"]]
    assert kinds == ["sound", "paused", "sound"]
    await expect(page.locator("#recording")).to_be_hidden()
    await expect(page.locator("#deed-list")).to_contain_text("録音の一時停止")
