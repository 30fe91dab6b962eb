"""Glue: 「統計」 on the real server: charts beside their tables, small numbers hidden alike, the sheet of a year."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from app.auth.identity import Role
from app.japan import JAPAN
from app.settings import Settings
from app.statistics.periods import month_of_day
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.statistics.year import fill_month
from tests.browser.signing_in import first_sign_in
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SECTIONS = ("市民課", "道路課", "保険年金課")


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    settings = Settings(data_dir=tmp_path)
    async with in_own_task(running_server(settings, ScriptedTranscriber())) as running:
        yield running


async def filled(server: RunningServer) -> None:
    """Store calls of the present month and of the same one a year before."""
    this = month_of_day(server.services.clock.now().astimezone(JAPAN).date())
    for month in (this.later(-12), this):
        await fill_month(server.services.database, month, SECTIONS, 200)


async def opened(
    context: BrowserContext, server: RunningServer, role: Role, section: str = ""
) -> Page:
    page = await first_sign_in(context, server, role, section=section)
    await page.goto(f"{server.url}/statistics")
    await expect(page.locator("h1")).to_have_text("統計")
    await expect(page.locator("#tables")).not_to_have_attribute("aria-busy", "true")
    return page


async def test_a_new_office_is_told_where_numbers_will_stand(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await opened(context, server, Role.AUDITOR)

    await expect(page.locator("#waiting")).to_contain_text("この期間に終わった通話はありません")
    await expect(page.locator("svg.chart")).to_have_count(0)


async def test_every_chart_has_its_table_and_hidden_numbers_say_so_in_both(
    context: BrowserContext, server: RunningServer
) -> None:
    await filled(server)
    page = await opened(context, server, Role.AUDITOR)

    await expect(page.locator("#figure-outcomes-table tbody tr").first).to_contain_text("200")
    charts = page.locator("svg.chart")
    for number in range(await charts.count()):
        described_by = await charts.nth(number).get_attribute("aria-describedby")
        assert await page.locator(f"table#{described_by} tbody tr").count() > 0
    await expect(page.locator("td", has_text=re.compile("^5未満$")).first).to_be_visible()
    assert await page.locator(".bar-hidden").count() > 0
    text = await page.inner_text("main")
    assert "op0-" not in text
    assert "mori" not in text


async def test_the_period_the_section_and_the_year_before_are_chosen_and_saved_as_asked(
    context: BrowserContext, server: RunningServer
) -> None:
    await filled(server)
    page = await opened(context, server, Role.AUDITOR)

    await page.select_option("#section", "市民課")
    await expect(page.locator("#figure-sections")).to_have_count(0)
    await page.check("#compare")
    await expect(page.locator("td.before").first).to_be_visible()
    await page.select_option("#kind", "month")
    await expect(page.locator("#figure-months")).to_have_count(0)

    link = await page.get_attribute("#csv", "href") or ""
    assert "compare=true" in link
    assert "section=" in link
    async with page.expect_download() as saving:
        await page.click("#xlsx")
    assert (await saving.value).suggested_filename.endswith(".xlsx")


async def test_a_supervisor_sees_the_own_section_and_no_sheet_to_publish(
    context: BrowserContext, server: RunningServer
) -> None:
    await filled(server)
    page = await opened(context, server, Role.SUPERVISOR, "市民課")

    await expect(page.locator("#section-field")).to_be_hidden()
    await expect(page.locator("#figure-sections")).to_have_count(0)
    await expect(page.locator("#yearly")).to_have_count(0)


async def test_the_sheet_of_a_year_reads_as_the_offices_own(
    context: BrowserContext, server: RunningServer
) -> None:
    await filled(server)
    page = await opened(context, server, Role.ADMINISTRATOR)

    await page.click("#yearly")

    await expect(page.locator(".sheet h1")).to_contain_text("カスタマーハラスメント対策の実施状況")
    await expect(page.locator(".sheet table")).to_have_count(5)
    await page.emulate_media(media="print")
    await expect(page.locator(".sheet-tools")).to_be_hidden()


async def test_nothing_scrolls_sideways_at_any_width(
    context: BrowserContext, server: RunningServer
) -> None:
    await filled(server)
    page = await opened(context, server, Role.AUDITOR)
    await page.check("#compare")
    await expect(page.locator("td.before").first).to_be_visible()
    for width in (1024, 1280, 1920):
        await page.set_viewport_size({"width": width, "height": 720})

        wide = await page.evaluate("document.documentElement.scrollWidth")
        small = await page.evaluate(
            """[...document.querySelectorAll("main .button, main summary, main select")]
              .filter((b) => b.checkVisibility()).map((b) => b.getBoundingClientRect())
              .filter((r) => r.height < 44).length"""
        )

        assert (wide <= width, small) == (True, 0)
