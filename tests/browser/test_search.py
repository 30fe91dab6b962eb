"""Glue: 「通話の検索」 on the real server: by word, by reading, by what is known, by number, and on to the review."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import BrowserContext, Page, Route, expect

from app.auth.identity import Role
from app.callers.keys import open_caller_keys
from tests.app.running import RunningServer
from tests.app.search.said import LINE_MS, Talk, keep_and_fill
from tests.browser.signing_in import arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

NUMBER = "011-381-1234"
TALKS = (
    Talk(
        "tax",
        [
            "もしもし、先週の通知のことなんだけど",
            "お前、馬鹿か。この税金泥棒が。",
            ">税金の使いみちについては、市のホームページでもご案内しております。",
            "税金で食ってるんだろう、税金で。",
            "いいから税金の担当を出せ。",
        ],
        3,
        level=3,
        outcome="harassment_suspected",
        category="mental_attack",
        minutes=42,
        number=NUMBER,
    ),
    Talk("kneel", ["謝って済むと思うな。同げざして謝れ。", ">それはできかねます。"], 2, level=2),
    Talk(
        "name", ["佐藤太郎と申します。税金の納付書が届かないんですけど。", ">お調べいたします。"], 1
    ),
    Talk(
        "snow", ["除雪の雪が車庫の前に残っているんです。", ">担当の課にお伝えします。"], 0, level=1
    ),
)


async def at_the_search(
    context: BrowserContext, server: RunningServer, role: Role = Role.AUDITOR
) -> Page:
    stored = open_caller_keys(server.services.settings.data_dir).hash_of_caller(NUMBER)
    assert stored is not None
    await keep_and_fill(
        server.services.database,
        [
            replace(talk, caller_hash=stored.hash) if talk.number == NUMBER else talk
            for talk in TALKS
        ],
    )
    page = await arrive(context, server, role, href="/search", heading="通話の検索")
    await expect(page.locator("#search-page")).to_have_attribute("data-ready", "yes")
    return page


async def search_for(page: Page, typed: str, count: str = "") -> None:
    await page.fill("#q", typed)
    await page.keyboard.press("Enter")
    if count:
        await expect(page.locator("#count")).to_have_text(count)


async def found_in(page: Page) -> list[str | None]:
    return [await one.get_attribute("data-call-id") for one in await page.locator(".found").all()]


async def test_a_word_is_found_marked_and_leads_to_its_moment_in_the_review(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)
    await expect(page.locator("#start")).to_be_visible()

    await search_for(page, "税金泥棒", "1件見つかりました")

    card = page.locator(".found")
    await expect(card).to_contain_text("打ち切り・通報")
    await expect(card).to_contain_text("カスハラのおそれ")
    await expect(card).to_contain_text("****1234")
    await expect(card.locator("mark")).to_have_text(["税金泥棒"])
    await expect(page.locator("#start")).to_be_hidden()
    await card.locator(".found-hit").click()
    await expect(page).to_have_url(f"{server.url}/calls/tax/review?at={LINE_MS}")


async def test_a_search_is_kept_in_the_address_and_comes_back_with_it(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)
    await search_for(page, "税金", "2件見つかりました")
    await page.select_option("#level", "2,3")
    await expect(page.locator("#count")).to_have_text("1件見つかりました")
    kept = page.url

    await page.goto(f"{server.url}/calls")
    await page.goto(kept)

    await expect(page.locator("#count")).to_have_text("1件見つかりました")
    assert await page.input_value("#q") == "税金"
    assert await page.input_value("#level") == "2,3"
    for _ in range(3):
        await page.go_back()
    await page.wait_for_url(lambda url: "level" not in url)
    await expect(page.locator("#count")).to_have_text("2件見つかりました")


async def test_a_reading_finds_other_letters_and_says_so(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server, Role.SUPERVISOR)

    await search_for(page, "土下座", "1件見つかりました")
    await expect(page.locator(".found mark")).to_have_text(["同げざし"])
    await expect(page.locator(".found-sound")).to_have_text("読みで一致")
    await page.check("#as-written")

    await expect(page.locator("#nothing")).to_be_visible()
    assert "reading=false" in page.url


async def test_a_rare_letter_before_it_moves_no_mark(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)
    await keep_and_fill(server.services.database, [Talk("rare", ["𠮟る、街灯の件です。𠮟るな"], 4)])

    await search_for(page, "街灯", "1件見つかりました")

    await expect(page.locator(".found mark")).to_have_text(["街灯"])
    await expect(page.locator(".found-text")).to_have_text("𠮟る、街灯の件です。𠮟るな")


async def test_a_number_finds_its_calls_and_is_in_no_address(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await page.fill("#number", NUMBER)
    await page.keyboard.press("Enter")
    await expect(page.locator("#count")).to_have_text("1件見つかりました")

    assert await found_in(page) == ["tax"]
    assert not any("381" in url for url in [page.url, *asked])
    await page.fill("#number", "1234")
    await page.keyboard.press("Enter")
    await expect(page.locator("#number-error")).to_contain_text("市外局番から入力してください")
    await expect(page.locator("#number")).to_be_focused()


async def test_a_covered_name_is_not_found_and_the_page_says_why(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)

    await search_for(page, "佐藤")

    await expect(page.locator("#nothing")).to_be_visible()
    await expect(page.locator("#nothing")).to_contain_text("伏せられている言葉は検索できません")
    await search_for(page, "納付書", "1件見つかりました")
    await expect(page.locator(".found-text")).to_contain_text("●")
    await expect(page.locator("main")).not_to_contain_text("佐藤太郎")


async def test_what_cannot_be_searched_for_is_told_at_its_field(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)

    await search_for(page, "。。")
    await expect(page.locator("#q")).to_have_attribute("aria-invalid", "true")
    await expect(page.locator("#q-error")).to_contain_text("記号や●だけでは検索できません")
    await page.fill("#from", "2026-04-02")
    await page.fill("#to", "2026-04-01")
    await search_for(page, "税金")
    await expect(page.locator("#to-error")).to_contain_text("「この日から」と同じ日か、後の日を")
    await page.click("#clear")

    await expect(page.locator("#to-error")).to_be_hidden()
    await expect(page.locator("#start")).to_be_visible()
    assert page.url == f"{server.url}/search"


async def test_more_results_are_added_below_and_the_focus_goes_on_there(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)
    await keep_and_fill(
        server.services.database, [Talk(f"c{n:02}", ["街灯のこと"], -n) for n in range(25)]
    )

    await search_for(page, "街灯", "25件見つかりました")
    await expect(page.locator(".found")).to_have_count(20)
    await page.click("#more")

    await expect(page.locator(".found")).to_have_count(25)
    await expect(page.locator("#more")).to_be_hidden()
    await expect(page.locator(".found").nth(20).locator(".found-call")).to_be_focused()
    await expect(page.locator("#count")).to_have_text("25件見つかりました")


async def test_a_slash_goes_to_the_field_but_not_out_of_one(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)

    await page.locator("h1").click()
    await page.keyboard.press("/")
    await expect(page.locator("#q")).to_be_focused()
    await page.keyboard.press("/")

    assert await page.input_value("#q") == "/"


async def test_who_wants_no_keys_has_none_here_either(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)
    await page.evaluate("localStorage.setItem('mimamori.keys', 'off')")
    await page.reload()
    await expect(page.locator("#search-page")).to_have_attribute("data-ready", "yes")

    await page.locator("h1").click()
    await page.keyboard.press("/")

    await expect(page.locator("#q")).not_to_be_focused()
    await expect(page.locator(".search-line kbd")).to_be_hidden()


async def test_a_search_that_fails_says_what_to_do_and_keeps_what_was_typed(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_search(context, server)

    async def broken(route: Route) -> None:
        await route.fulfill(status=500, json={"code": "internal_error", "message": ""})

    await page.route("**/v1/search?*", broken)
    await search_for(page, "税金")
    await expect(page.locator("#failure")).to_be_visible()
    await page.unroute("**/v1/search?*")
    await page.click("#go")

    await expect(page.locator("#failure")).to_be_hidden()
    await expect(page.locator("#count")).to_have_text("2件見つかりました")


@pytest.mark.parametrize("width", [1024, 1280, 1920])
async def test_nothing_scrolls_sideways_and_everything_is_large_enough(
    context: BrowserContext, server: RunningServer, width: int
) -> None:
    page = await at_the_search(context, server)
    await page.set_viewport_size({"width": width, "height": 720 if width != 1024 else 768})
    await search_for(page, "税金", "2件見つかりました")

    wide = await page.evaluate("document.documentElement.scrollWidth")
    small = await page.evaluate(
        """[...document.querySelectorAll(
            "main :is(.button, select, .search-box, .found-hit, .found-call, input:not([type=checkbox]))"
          )]
          .filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect())
          .filter((box) => box.height < 44).length"""
    )

    assert (wide <= width, small) == (True, 0)
