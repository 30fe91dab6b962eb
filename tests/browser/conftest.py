"""Adapter: one Chromium and one preview for all browser tests; without Chromium they are skipped and say why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from app.settings import Settings
from tests.app.running import RunningServer, in_own_task, running_server
from tests.browser.preview import Preview, running
from tests.browser.screen import Screen
from tests.fakes_transcriber import ScriptedTranscriber

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE_MS = 20_000
"""How long a page may take to show what a test waits for: a busy machine is no fault of the page."""
expect.set_options(timeout=PATIENCE_MS)
HAS_CHROMIUM = CHROMIUM.exists()
QUIET_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not HAS_CHROMIUM:
        pytest.skip(f"needs {CHROMIUM} (Debian package chromium), which is not installed here")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET_ARGUMENTS)
        yield started
        await started.close()


@pytest.fixture(scope="session")
def _preview() -> Iterator[Preview]:
    with running() as preview:
        yield preview


@pytest.fixture
def preview(_preview: Preview) -> Preview:
    _preview.clear()
    return _preview


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context(
        viewport={"width": 1280, "height": 720},
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    yield opened
    await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def screen(context: BrowserContext, preview: Preview) -> AsyncIterator[Screen]:
    """A page that must neither complain nor talk to anybody but the preview."""
    shown = Screen(await context.new_page(), preview)
    yield shown
    assert shown.foreign_requests == []
    assert shown.complaints == shown.expected_complaints


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    """What the real server hears: nothing, until a test says it."""
    return ScriptedTranscriber()


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path, transcriber: ScriptedTranscriber) -> AsyncIterator[RunningServer]:
    """The real server; only the ear is scripted."""
    async with in_own_task(running_server(Settings(data_dir=tmp_path), transcriber)) as running:
        yield running
