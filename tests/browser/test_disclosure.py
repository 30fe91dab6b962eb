"""Glue: a copy for disclosure on the real server: what is suggested, selected, taken back, made and fetched once."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page, expect

from app.auth.identity import Role
from app.ledger import Entry
from tests.app.review.filled import SAID, Filling, add_ended_call
from tests.app.review.recorded import add_recording
from tests.app.running import RunningServer
from tests.browser.screen import Screen
from tests.browser.signing_in import first_sign_in
from tests.browser.test_board_order import asked

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NUMBER = "折り返しは090-1234-5678にお願いします。"
SELECT = """(word) => {
  for (const text of document.querySelectorAll(".disclosure-text")) {
    const node = [...text.childNodes].map((one) => one.firstChild).find((one) => one?.data?.includes(word));
    if (!node) continue;
    const range = document.createRange();
    range.setStart(node, node.data.indexOf(word));
    range.setEnd(node, node.data.indexOf(word) + word.length);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    return;
  }
}"""


async def opened(context: BrowserContext, server: RunningServer, role: Role) -> Page:
    now = server.services.clock.now()

    async def change(entry: Entry) -> str:
        return await add_ended_call(entry.session, now, "r-1", texts=(NUMBER, *SAID))

    await server.services.ledger.write(change)
    await add_recording(server.services, "r-1", Filling())
    page = await first_sign_in(context, server, role)
    await page.goto(f"{server.url}/calls/r-1/review")
    await expect(page.locator("body")).to_have_attribute("data-usable", "true")
    await page.click("#tab-records")
    await page.click("a[href='/calls/r-1/disclosure']")
    await expect(page.locator("#disclosure-lines > li").first).to_be_visible()
    return page


async def test_a_supervisor_covers_what_is_suggested_and_what_they_select(
    context: BrowserContext, server: RunningServer, tmp_path: Path
) -> None:
    page = await opened(context, server, Role.SUPERVISOR)
    count, marks = page.locator("#disclosure-count"), page.locator(".disclosure-mark")
    suggested = await marks.count()
    await expect(count).to_have_text(f"伏せる箇所 {suggested}")

    await expect(page.locator(".disclosure-unheard").first).to_contain_text("聞き取れなかった所")
    await marks.first.click()
    await expect(count).to_have_text(f"伏せる箇所 {suggested - 1}")
    await page.click("#disclosure-undo")
    await page.evaluate(SELECT, "救急車")
    await page.click("#disclosure-cover")
    await expect(marks.filter(has_text="救急車")).to_have_count(1)
    await expect(count).to_have_text(f"伏せる箇所 {suggested + 1}")

    await page.click("#disclosure-send")
    await expect(page.locator("#disclosure-trouble")).to_contain_text("すべての発言を読んで")
    await page.check("#disclosure-checked")
    await page.click("#disclosure-send")
    await expect(page.locator("#disclosure-reference-error")).to_be_visible()
    await page.fill("#disclosure-reference", "令和8年度 個開第12号")
    await page.click("#disclosure-send")
    await expect(page.locator("#disclosure-fetch")).to_be_visible()
    await marks.first.click()
    await expect(page.locator("#disclosure-fetch")).to_be_hidden()
    await expect(page.locator("#disclosure-word")).to_contain_text("もう一度")
    await page.click("#disclosure-undo")
    await page.click("#disclosure-send")
    async with page.expect_download() as download:
        await page.click("#disclosure-fetch")
    file = tmp_path / "copy.zip"
    await (await download.value).save_as(file)

    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as copy:
        manifest = json.loads(copy.read("manifest.json"))
        assert {"通話記録の写し.pdf", "録音.wav"} < set(copy.namelist())
    assert manifest["covered_places"] == suggested + 1
    await expect(page.locator("#disclosure-word")).to_contain_text("受け取りました")


async def test_an_auditor_who_reads_the_call_covered_is_told_so(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await opened(context, server, Role.AUDITOR)

    await expect(page.locator("#disclosure-covered")).to_be_visible()
    await expect(page.locator("#disclosure-lines")).not_to_contain_text("090-1234-5678")
    await page.set_viewport_size({"width": 1024, "height": 768})
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 1024


async def test_what_was_chosen_is_sent_as_what_differs_from_the_suggestions(screen: Screen) -> None:
    sentence = {
        "utterance_id": "r-1.c0",
        "text": "𠮷田の番号は090です。山田です。",
        "suggestions": [
            {"start": 0, "end": 2, "kind": "氏名"},
            {"start": 6, "end": 9, "kind": "電話番号"},
            {"start": 12, "end": 14, "kind": "氏名"},
        ],
    }

    chosen, shown = await asked(
        screen,
        "disclosure-covers",
        """(() => {
          const covers = new m.Covers([sentence]);
          covers.toggle("r-1.c0", 2);
          covers.cover("r-1.c0", 3, 7, "x");
          const wider = covers.chosen;
          covers.toggle("r-1.c0", 1);
          return [[wider, covers.chosen], covers.pieces("r-1.c0").map((one) => one.text)];
        })()""",
        sentence=sentence,
    )

    last = {"utterance_id": "r-1.c0", "start": 12, "end": 14}
    assert chosen == [
        {"covers": [{"utterance_id": "r-1.c0", "start": 3, "end": 9}], "spared": [last]},
        {"covers": [], "spared": [{"utterance_id": "r-1.c0", "start": 6, "end": 9}, last]},
    ]
    assert "".join(shown) == sentence["text"]
    assert shown[0] == "𠮷田"
