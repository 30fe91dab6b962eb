"""The panel 「これまでのお電話」: earlier calls, measures in force, and what this call was about."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Route, expect

from app.auth.identity import Identity, Role
from tests.browser.parts.caller import MEASURE, caller, earlier, matter, repeated
from tests.browser.scenes import CALL
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TAB = "[data-panel='caller']"
SUPERVISOR = Identity(
    login="kanri",
    display_name="鈴木 次郎",
    role=Role.SUPERVISOR,
    section="道路管理課",
    user_id=2,
    csrf_token="preview-token",
)


def told(screen: Screen, caller_facts: dict[str, Any], *, scene: str = "quiet") -> None:
    screen.preview.play(scene)
    screen.preview.theatre.stage.calls[CALL]["caller"] = caller_facts


async def open_panel(screen: Screen) -> None:
    await screen.open_call()
    if await screen.find("#panel-caller").is_hidden():
        await screen.find(TAB).click()


async def test_the_tab_counts_the_calls_of_ninety_days_and_opens_on_demand(screen: Screen) -> None:
    told(screen, repeated())

    await screen.open_call()

    await expect(screen.find(f"{TAB} .panel-badge")).to_have_text("5")
    await expect(screen.find("#panel-caller")).to_be_hidden()
    await screen.find(TAB).click()
    await expect(screen.find("#caller-sum")).to_have_text("24時間で2回、90日で5回")
    await expect(screen.find("#caller-same")).to_contain_text("同じ方とは限りません")


async def test_each_earlier_call_shows_its_level_in_words_and_the_answer_that_was_given(
    screen: Screen,
) -> None:
    told(screen, repeated())

    await open_panel(screen)

    rows = screen.find("#caller-calls .caller-call")
    await expect(rows).to_have_count(5)
    await expect(rows.nth(0)).to_contain_text("注意")
    await expect(rows.nth(0)).to_contain_text("正当な苦情")
    await expect(rows.nth(0)).to_contain_text("作業の順番と、今夜の予定を説明")
    await expect(rows.nth(0).locator("a")).to_have_attribute("href", "/calls/c-90")
    await expect(rows.nth(1)).to_contain_text("用件の記録なし")
    await expect(rows.nth(2).locator("a")).to_have_count(0)
    await expect(rows.nth(2)).to_contain_text("用件の表示なし")


async def test_more_than_five_calls_are_folded_away(screen: Screen) -> None:
    many = [earlier(f"c-{n}", hours_ago=n) for n in range(30, 42)]
    told(screen, caller(last_90_days=12, calls=many))

    await open_panel(screen)

    await expect(screen.find("#caller-calls .caller-call")).to_have_count(5)
    await expect(screen.find("#caller-older-word")).to_have_text("さらに前のお電話 7件")
    await screen.find("#caller-older-word").click()
    await expect(screen.find("#caller-older-calls .caller-call").last).to_be_visible()


async def test_a_measure_in_force_opens_the_panel_once_and_says_what_to_say_until_when(
    screen: Screen,
) -> None:
    told(screen, caller(measures=[MEASURE]))

    await screen.open_call()

    await expect(screen.find(f"{TAB} .panel-badge")).to_have_text("制限あり")
    measure = screen.find(".caller-measure")
    await expect(measure).to_be_visible()
    for words in (
        "電話の時間を限る(30分)",
        "30分まで",
        "2027年1月31日まで",
        "承認 yamada",
        "方針:",
    ):
        await expect(measure).to_contain_text(words)
    await screen.find(TAB).click()
    async with screen.page.expect_response("**/matter"), screen.page.expect_response("**/caller"):
        await screen.find("#caller-again").evaluate("button => button.click()")
    await screen.press("h")
    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    await expect(screen.find("#panel-caller")).to_be_hidden()


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (caller(known=False, number=""), "電話番号が分からないため"),
        (caller(), "この番号からのほかのお電話は、90日間にありません。"),
    ],
)
async def test_without_earlier_calls_the_panel_says_why(
    screen: Screen, facts: dict[str, Any], words: str
) -> None:
    told(screen, facts)

    await open_panel(screen)

    await expect(screen.find("#caller-empty")).to_contain_text(words)
    await expect(screen.find("#caller-calls")).to_be_hidden()
    await expect(screen.find(f"{TAB} .panel-badge")).to_be_hidden()


async def test_what_the_call_was_about_is_written_during_it_and_says_who_kept_it(
    screen: Screen,
) -> None:
    told(screen, repeated())
    await open_panel(screen)

    await screen.find("#caller-write").click()
    await screen.page.keyboard.type("除雪の予定")
    await expect(screen.find("#caller-saved")).to_have_text("まだ保存していません")
    await screen.find("#caller-answer-text").fill("今夜の予定を説明")
    await screen.find("#caller-matter button").click()

    await expect(screen.find("#caller-saved")).to_contain_text("記録済み")
    await expect(screen.find("#caller-saved")).to_contain_text("sato")
    kept = screen.preview.theatre.stage.calls[CALL]["matter"]
    assert (kept["matter"], kept["answer"]) == ("除雪の予定", "今夜の予定を説明")


async def test_the_matter_can_be_written_after_the_call(screen: Screen) -> None:
    told(screen, caller(), scene="ended")
    await open_panel(screen)

    await screen.find("#caller-matter-text").fill("道路の穴")
    await screen.find("#caller-matter button").click()

    await expect(screen.find("#caller-saved")).to_contain_text("記録済み")


def a_colleague_saves(screen: Screen) -> None:
    stage = screen.preview.theatre.stage
    stage.calls[CALL]["matter"] = matter("監督者の書いた用件", "", by="kanri")
    screen.preview.tell("note", CALL, {"kind": "matter_written", "text": "", "by": "kanri"})


async def test_a_colleagues_words_do_not_replace_what_is_being_written(screen: Screen) -> None:
    told(screen, caller())
    await open_panel(screen)
    await screen.find("#caller-matter-text").fill("書きかけの用件")

    a_colleague_saves(screen)

    await expect(screen.find("#caller-saved")).to_contain_text("kanriさんが書き換えました")
    await expect(screen.find("#caller-matter-text")).to_have_value("書きかけの用件")


async def test_an_auditor_reads_what_was_written_and_by_whom(screen: Screen) -> None:
    screen.preview.theatre.identity = replace(SUPERVISOR, login="kansa", role=Role.AUDITOR)
    told(screen, caller(), scene="ended")
    screen.preview.theatre.stage.calls[CALL]["matter"] = matter("除雪の予定", "", by="sato")

    await open_panel(screen)

    await expect(screen.find("#caller-written-matter")).to_have_text("除雪の予定")
    await expect(screen.find("#caller-saved")).to_contain_text("記録済み")


async def test_a_colleague_who_saves_in_the_same_moment_is_not_hidden_by_ones_own_words(
    screen: Screen,
) -> None:
    told(screen, caller())
    await open_panel(screen)
    stage, stored, late = screen.preview.theatre.stage, asyncio.Event(), asyncio.Event()

    async def held_up(route: Route) -> None:
        if route.request.method != "PUT":
            return await route.continue_()
        answer = await route.fetch()
        stored.set()
        await late.wait()
        return await route.fulfill(response=answer)

    await screen.page.route("**/matter", held_up)
    await screen.find("#caller-matter-text").fill("わたしの用件")
    await screen.find("#caller-matter button").click()
    await stored.wait()
    stage.calls[CALL]["matter"] = matter("監督者の書いた用件", "", by="kanri")
    screen.preview.tell("note", CALL, {"kind": "matter_written", "text": "", "by": "kanri"})
    screen.preview.tell("note", CALL, {"kind": "help_requested", "text": "", "by": "sato"})
    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    late.set()

    await expect(screen.find("#caller-saved")).to_contain_text("kanri")
    await expect(screen.find("#caller-matter-text")).to_have_value("監督者の書いた用件")


async def test_who_goes_on_writing_after_saving_is_not_told_of_a_colleague(screen: Screen) -> None:
    told(screen, caller())
    await open_panel(screen)
    await screen.find("#caller-matter-text").fill("除雪")
    await screen.find("#caller-matter button").click()
    await expect(screen.find("#caller-saved")).to_contain_text("記録済み")
    await screen.find("#caller-matter-text").fill("除雪と排雪")

    async with screen.page.expect_response("**/matter"):
        screen.preview.tell("note", CALL, {"kind": "matter_written", "text": "", "by": "sato"})

    await expect(screen.find("#caller-saved")).to_have_text("まだ保存していません")
    await expect(screen.find("#caller-matter-text")).to_have_value("除雪と排雪")


async def test_what_a_colleague_has_saved_is_not_written_over_by_leaving(screen: Screen) -> None:
    told(screen, caller())
    await open_panel(screen)
    await screen.find("#caller-matter-text").fill("書きかけ")
    a_colleague_saves(screen)
    await expect(screen.find("#caller-saved")).to_contain_text("kanriさんが書き換えました")
    await screen.find("#caller-matter-text").fill("書きかけの用件")
    await expect(screen.find("#caller-saved")).to_contain_text("kanriさんが書き換えました")

    await screen.open_list()
    await screen.open_call()

    assert ("PUT", f"/v1/calls/{CALL}/matter") not in screen.preview.theatre.stage.requests


async def test_what_was_written_is_kept_when_the_page_goes_away(screen: Screen) -> None:
    told(screen, caller())
    await open_panel(screen)
    await screen.find("#caller-matter-text").fill("次のお電話の前に")

    await screen.open_list()

    await screen.page.wait_for_function(
        "async () => (await (await fetch('/v1/calls/c-1/matter')).json())?.matter === '次のお電話の前に'"
    )


async def test_words_that_could_not_be_kept_stay_in_their_field(screen: Screen) -> None:
    told(screen, caller())
    screen.forgive_lost_sockets_and_refusals()
    await open_panel(screen)
    screen.preview.theatre.stage.failing["/matter"] = 1

    await screen.find("#caller-matter-text").fill("除雪の予定")
    await screen.find("#caller-matter button").click()

    await expect(screen.find("#caller-saved")).to_have_attribute("data-outcome", "failed")
    await expect(screen.find("#caller-matter-text")).to_have_value("除雪の予定")
    await screen.find("#caller-matter button").click()
    await expect(screen.find("#caller-saved")).to_contain_text("記録済み")


async def test_a_panel_that_could_not_be_read_says_so_and_tries_again(screen: Screen) -> None:
    told(screen, repeated())
    screen.preview.theatre.stage.failing["/caller"] = 1
    screen.forgive_lost_sockets_and_refusals()

    await open_panel(screen)

    await expect(screen.find("#caller-failed")).to_be_visible()
    await screen.find("#caller-again").click()
    await expect(screen.find("#caller-failed")).to_be_hidden()
    await expect(screen.find("#caller-calls .caller-call")).to_have_count(5)


async def test_supervisors_reach_the_form_for_a_measure_and_operators_do_not(
    screen: Screen,
) -> None:
    told(screen, repeated())
    await open_panel(screen)
    await expect(screen.find("#caller-propose")).to_have_count(0)

    screen.preview.theatre.identity = SUPERVISOR
    await open_panel(screen)

    await expect(screen.find("#caller-propose")).to_have_attribute(
        "href", "/measures?call=c-1#propose-heading"
    )


async def test_at_the_third_level_the_whole_number_is_asked_for(screen: Screen) -> None:
    told(screen, caller())
    await open_panel(screen)
    await expect(screen.find("#caller-number")).to_have_text("****1234")

    stage = screen.preview.theatre.stage
    stage.calls[CALL]["caller"] = caller(number="011-000-1234", number_is_whole=True)
    screen.preview.tell("level.changed", CALL, {"level": 3, "outcome": "harassment_suspected"})

    await expect(screen.find("#caller-number")).to_have_text("011-000-1234")


async def test_an_operator_can_ask_for_the_whole_number_before_any_level(screen: Screen) -> None:
    told(screen, repeated())
    await open_panel(screen)

    await screen.find("#caller-whole").click()

    await expect(screen.find("#caller-number")).to_have_text("011-000-1234")
    await expect(screen.find("#caller-whole")).to_be_hidden()
    asked = ("POST", f"/v1/calls/{CALL}/caller/number")
    assert asked in screen.preview.theatre.stage.requests


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
async def test_the_open_panel_keeps_the_page_in_its_frame(
    screen: Screen, size: tuple[int, int]
) -> None:
    told(screen, {**repeated(), "measures": [MEASURE]})
    await screen.page.set_viewport_size({"width": size[0], "height": size[1]})

    await open_panel(screen)
    await expect(screen.find(".caller-measure")).to_be_visible()

    page = "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    assert await screen.evaluate(page) == list(size)
    assert await screen.find("#panel-caller").evaluate("one => one.scrollWidth <= one.clientWidth")
