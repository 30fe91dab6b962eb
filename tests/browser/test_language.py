"""The switch to English: it stays, it comes back to the same page, and what was said stays Japanese."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from app.screens.language import COOKIE
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

JAPANESE_PAGE = "() => document.documentElement.lang === 'ja'"
# What the policy allows next, and what the office registered, arrive from the server as data.
FROM_THE_SERVER = "#say-hint, .proof-next, #card-lines dd, #card-contacts"
FOREIGN_TO_ENGLISH = """(data) => {
  const japanese = /[ぁ-ゖァ-ヺ一-鿿]/;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element.closest(`script, [hidden], [lang='ja'], ${data}`) || !element.checkVisibility()) continue;
    if (japanese.test(walker.currentNode.textContent)) found.push(walker.currentNode.textContent.trim());
  }
  return found;
}"""
NAMES = {"佐藤 花子(道路管理課)", "道路管理課"}


async def in_english(screen: Screen) -> None:
    await screen.page.context.add_cookies(
        [{"name": COOKIE, "value": "en", "url": screen.preview.address}]
    )


async def japanese_left(screen: Screen) -> list[str]:
    found: list[str] = await screen.page.evaluate(FOREIGN_TO_ENGLISH, FROM_THE_SERVER)
    return [text for text in found if text not in NAMES]


async def test_the_switch_leads_to_english_and_back_on_the_same_page(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("html")).to_have_attribute("lang", "ja")

    await screen.find(".site-language").click()

    await expect(screen.find("html")).to_have_attribute("lang", "en")
    await expect(screen.find("#help-word")).to_have_text("Ask for help")
    assert screen.page.url.endswith("/calls/c-1")
    await screen.find(".site-language").click()
    await expect(screen.find("#help-word")).to_have_text("応援を呼ぶ")
    assert await screen.evaluate(JAPANESE_PAGE)


async def test_the_choice_is_remembered_on_the_next_page(screen: Screen) -> None:
    screen.preview.play("list")
    await screen.open_list()
    await screen.find(".site-language").click()
    await expect(screen.find("h1")).to_have_text("Calls")

    await screen.open_call()

    await expect(screen.find("#alerts-heading")).to_have_text("Alerts")


async def test_what_was_said_stays_japanese_and_says_so_to_screen_readers(screen: Screen) -> None:
    screen.preview.play("level2")
    await in_english(screen)
    await screen.open_call()

    await expect(screen.find("#level-word")).to_have_text("Warning")
    await expect(screen.find(".line-words").first).to_have_attribute("lang", "ja")
    await expect(screen.find(".alert-quote [lang='ja']").first).to_contain_text("無能")
    await expect(screen.find("mark + .mark-tag[lang='en']").first).to_have_text("Abuse")


@pytest.mark.parametrize("scene", ["begun", "level2", "level3", "help", "welfare", "ended", "down"])
async def test_an_english_call_page_shows_japanese_only_where_it_is_data(
    screen: Screen, scene: str
) -> None:
    screen.preview.play(scene)
    await in_english(screen)

    await screen.open_call()
    await expect(screen.find("#level-word")).not_to_have_text("Loading")

    assert await japanese_left(screen) == []


async def test_an_english_list_shows_japanese_only_where_it_is_data(screen: Screen) -> None:
    screen.preview.play("list")
    await in_english(screen)

    await screen.open_list()
    await expect(screen.find("#live tr")).to_have_count(2)

    assert await japanese_left(screen) == []


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
async def test_wide_english_words_keep_the_page_in_its_frame(
    screen: Screen, size: tuple[int, int]
) -> None:
    screen.preview.play("level3")
    await in_english(screen)
    await screen.page.set_viewport_size({"width": size[0], "height": size[1]})

    await screen.open_call()
    await expect(screen.find("#level-word")).to_have_text("End or report")

    page = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert await screen.evaluate(page) == list(size)
    cut = await screen.evaluate(
        "() => [...document.querySelectorAll('.gauges dt, .button, .panel-tab, #level-word, .site-nav a')]"
        ".filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1)"
        ".map((one) => one.textContent.trim())"
    )
    assert cut == []
