"""Glue: the supervisors' board in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.parts.board import (
    ask_for_help,
    come,
    four_calls,
    many_calls,
    supervisor_of,
)
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, Talk
from tests.browser.screen import Screen
from tests.browser.stage import WELL

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

RISEN = {"level": 3, "outcome": "harassment_suspected"}
ROWS = "#rows .board-row"


@pytest_asyncio.fixture(loop_scope="session")
async def board(screen: Screen) -> AsyncIterator[Screen]:
    """The board of a supervisor; calls are put on the stage by each test."""
    screen.preview.theatre.identity = supervisor_of(OPERATOR)
    yield screen


async def opened(board: Screen) -> None:
    await board.page.goto(f"{board.preview.address}/board")
    await board.is_linked()


async def with_four(board: Screen) -> None:
    board.preview.portal.call(four_calls, board.preview.theatre.stage)
    await opened(board)
    await expect(board.find(ROWS)).to_have_count(4)


async def order(board: Screen) -> list[str]:
    ids: list[str] = await board.evaluate(
        "[...document.querySelectorAll('#rows .board-row')].map((row) => row.dataset.callId)"
    )
    return ids


async def until(page: Page, expression: str) -> None:
    # The pages' own rules forbid what wait_for_function does: to evaluate a text again and again.
    with anyio.fail_after(10):
        await page.evaluate(
            f"new Promise((ok) => {{ const look = () => ({expression}) ? ok() : setTimeout(look, 50); look(); }})"
        )


def ask(board: Screen, call_id: str, *, by: str = "sato") -> None:
    board.preview.portal.call(lambda: ask_for_help(board.preview.theatre.stage, call_id, by=by))


async def test_an_empty_board_says_what_it_waits_for(board: Screen) -> None:
    await opened(board)

    await expect(board.find("#board-empty-word")).to_contain_text("いま、課の通話はありません")
    await expect(board.find("#urgent-none")).to_be_visible()
    await expect(board.page).to_have_title("見守り盤 | 見守り")


async def test_a_row_shows_what_a_supervisor_has_to_see(board: Screen) -> None:
    await with_four(board)

    row = board.find("[data-call-id='b-3'].board-row")
    for words in ("警告", "脅迫・侮辱・暴言 ほか2", "お前みたいな無能", "41分", "1/3", "鈴木 健"):
        await expect(row).to_contain_text(words)
    await expect(row.locator(".board-stalemate")).to_have_attribute("data-over", "")
    await expect(row.locator(".board-joined")).to_have_text("田中 一郎(聴取中)")
    await expect(board.find("[data-call-id='b-2'].board-row")).to_contain_text("正当な苦情")


async def test_rows_stand_by_need(board: Screen) -> None:
    await with_four(board)

    assert await order(board) == ["b-4", "b-3", "b-2", "b-1"]
    numbers = await board.texts(".board-filters .number")
    assert numbers == ["4", "2", "1", "1"]  # all, needs attention, help, joined by me
    await expect(board.page).to_have_title("(1) 見守り盤 | 見守り")


async def test_a_call_that_rises_is_put_in_its_place_and_announced(board: Screen) -> None:
    await with_four(board)

    board.preview.tell("level.changed", "b-1", RISEN)

    await expect(board.find("#assertive")).to_have_text("打ち切り・通報。伊藤 翔の通話。")
    await until(
        board.page,
        "document.querySelectorAll('#rows .board-row')[1].dataset.callId === 'b-1'",
    )
    await expect(board.page).to_have_title("(2) 見守り盤 | 見守り")


async def test_under_the_pointer_nothing_moves_and_the_strip_shows_who_rose(
    board: Screen,
) -> None:
    await with_four(board)
    await board.find("[data-call-id='b-2'].board-row").hover()
    before = await order(board)

    ask(board, "b-1", by="ito")

    await expect(board.find("#polite")).to_have_text("応援要請。伊藤 翔。")  # for 5 s
    await expect(board.find(".urgent-place").nth(1)).to_contain_text("伊藤 翔")
    await expect(board.find("#board-held")).to_be_visible()
    assert await order(board) == before

    await board.find("h1").hover()

    await until(board.page, f"{FIRST_TWO} === 'b-4 b-1'")


# What the page does every few minutes, to be done now.
SELDOM = """
window.seldom = [];
const every = setInterval;
window.setInterval = (look, ms) => (ms > 60_000 ? window.seldom.push(look) : every(look, ms));
"""
# The page learns after a frame which rows are seen.
SEEN = """new Promise((ok) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(ok))))"""
FIRST_TWO = (
    "[...document.querySelectorAll('#rows .board-row')]"
    ".slice(0, 2).map((row) => row.dataset.callId).join(' ')"
)


async def test_the_person_may_have_the_list_sorted_while_they_are_in_it(board: Screen) -> None:
    await with_four(board)
    await board.press("j")
    await board.press("ArrowDown")
    await expect(board.find("[data-call-id='b-3'].board-row")).to_be_focused()
    board.preview.tell("level.changed", "b-1", RISEN)
    await expect(board.find("#board-held")).to_be_visible()

    await board.press("r")

    await until(board.page, f"{FIRST_TWO} === 'b-4 b-1'")
    await expect(board.find("[data-call-id='b-3'].board-row")).to_be_focused()


async def test_a_new_call_appears_and_an_ended_one_says_so_and_leaves(board: Screen) -> None:
    await with_four(board)
    stage = board.preview.theatre.stage
    await board.press("j")  # under the hand an ended call stays, however slow this test is

    board.preview.portal.call(lambda: stage.begin("b-5", operator="suzuki"))
    board.preview.tell("call.ended", "b-1", {"reason": "stop", "duration_ms": 61_000})

    await expect(board.find("[data-call-id='b-5'].board-row")).to_contain_text("鈴木 健")
    gone = board.find("[data-call-id='b-1'].board-row")
    await expect(gone).to_contain_text("終了")
    await expect(board.find("#count-all")).to_have_text("4")
    await board.evaluate("document.activeElement.blur()")
    await expect(gone).to_have_count(0, timeout=15_000)


async def test_rows_are_changed_in_place_and_never_made_anew(board: Screen) -> None:
    await with_four(board)
    await board.evaluate(
        "document.querySelectorAll('#rows .board-row').forEach((row) => (row.old = 1))"
    )
    talk = Talk(board.preview.theatre.stage, "b-1")

    board.preview.portal.call(talk.says, "caller", "4:00", "それは困ります。")
    board.preview.tell("level.changed", "b-1", RISEN)
    await until(board.page, f"{FIRST_TWO} === 'b-4 b-1'")

    old = "[...document.querySelectorAll('#rows .board-row')].filter((row) => row.old).length"
    assert await board.evaluate(old) == 4
    await expect(board.find("[data-call-id='b-1'].board-row")).to_contain_text("それは困ります。")


async def test_filters_leave_only_what_they_name(board: Screen) -> None:
    await with_four(board)

    await board.find("#filter-help").click()
    await expect(board.find(ROWS)).to_have_count(1)
    await board.find("#filter-mine").click()
    await expect(board.find(f"{ROWS}[data-call-id='b-3']")).to_have_count(1)
    await board.find("#filter-all").click()
    await board.press("/")
    await board.page.keyboard.type("高橋")
    await expect(board.find(ROWS)).to_have_count(1)
    await board.page.keyboard.type("x")
    await expect(board.find("#board-empty-word")).to_have_text(
        "この条件に当てはまる通話はありません。"
    )
    await board.press("Escape")

    await expect(board.find(ROWS)).to_have_count(4)


async def test_one_row_is_reached_by_tab_and_arrows_go_through_the_others(board: Screen) -> None:
    await with_four(board)
    assert await board.find(f"{ROWS}[tabindex='0']").count() == 1

    await board.press("j")
    await expect(board.find(ROWS).nth(0)).to_be_focused()
    await board.press("k")
    await expect(board.find(ROWS).nth(0)).to_be_focused()
    await board.press("End")
    await expect(board.find(ROWS).nth(3)).to_be_focused()
    await board.press("ArrowUp")
    await expect(board.find(ROWS).nth(2)).to_be_focused()
    await board.press("h")
    await expect(board.find(ROWS).nth(0)).to_be_focused()

    assert await board.find(f"{ROWS}[tabindex='0']").count() == 1


async def test_a_filter_that_hides_those_who_wait_for_help_gives_way_to_h(board: Screen) -> None:
    await with_four(board)
    await board.find("#filter-mine").click()
    await expect(board.find(ROWS)).to_have_count(1)

    await board.press("h")

    await expect(board.find("[data-call-id='b-4'].board-row")).to_be_focused()
    await expect(board.find("#filter-help")).to_have_attribute("aria-pressed", "true")


async def test_enter_opens_the_call_and_l_opens_it_with_its_sound(board: Screen) -> None:
    await with_four(board)
    await board.press("j")

    await board.press("l")
    await expect(board.page).to_have_url(f"{board.preview.address}/calls/b-4?listen=1")
    await board.page.go_back()
    await expect(board.find(ROWS)).to_have_count(4)
    await board.press("j")
    await board.press("Enter")

    await expect(board.page).to_have_url(f"{board.preview.address}/calls/b-4")


async def test_recognition_that_is_down_is_said_while_calls_and_help_go_on(board: Screen) -> None:
    await with_four(board)

    board.preview.tell("health", "b-1", {**WELL, "status": "down"})

    await expect(board.find("#board-banner")).to_contain_text("音声認識が止まっています")
    ask(board, "b-1", by="ito")
    await expect(board.find("[data-call-id='b-1'].board-row .board-help-word")).to_have_text(
        "応援要請"
    )
    board.preview.tell("health", "b-1", {**WELL, "status": "behind", "recognition_delay_ms": 6_000})
    await expect(board.find("#board-banner")).to_contain_text("6秒ほど遅れています")
    board.preview.tell("health", "b-1", WELL)
    await expect(board.find("#board-banner")).to_be_hidden()


async def test_what_is_said_of_the_board_itself_moves_no_row(board: Screen) -> None:
    await with_four(board)
    row = board.find("[data-call-id='b-2'].board-row")
    before = await row.bounding_box()

    board.preview.tell("health", "b-1", {**WELL, "status": "down"})
    await expect(board.find("#board-banner")).to_be_visible()

    assert await row.bounding_box() == before


async def test_a_board_that_lost_its_line_says_so_and_comes_back_complete(board: Screen) -> None:
    board.forgive_lost_sockets_and_refusals()
    await with_four(board)
    await board.press("j")  # under the hand an ended call stays, however late the line is back
    theatre = board.preview.theatre
    theatre.refusing = True
    board.preview.cut_sockets()
    await expect(board.find("#board-banner")).to_contain_text("接続が切れています")

    def meanwhile() -> None:
        Talk(theatre.stage, "b-2").says("caller", "19:00", "切れていたあいだの発話")
        ask_for_help(theatre.stage, "b-1", by="ito")
        theatre.stage.tell("call.ended", "b-3", {"reason": "stop", "duration_ms": 1})
        theatre.stage.begin("b-6", operator="suzuki")
        theatre.stage.tell("level.changed", "b-6", RISEN)

    board.preview.portal.call(meanwhile)
    theatre.refusing = False

    await expect(board.find("#board-banner")).to_be_hidden(timeout=20_000)
    await expect(board.find("[data-call-id='b-2'].board-row")).to_contain_text(
        "切れていたあいだの発話"
    )
    await expect(board.find("[data-call-id='b-6'].board-row")).to_contain_text("打ち切り・通報")
    await expect(board.find("[data-call-id='b-3'].board-row")).to_contain_text("終了")
    await expect(board.page).to_have_title("(3) 見守り盤 | 見守り")


async def test_a_session_that_ended_is_said_with_the_way_back(board: Screen) -> None:
    await with_four(board)

    board.preview.cut_sockets(4401)

    await expect(board.find("#board-banner")).to_contain_text("サインインし直してください")
    await expect(board.find("#board-banner-link")).to_be_visible()


async def test_two_tabs_agree(board: Screen) -> None:
    await with_four(board)
    other = await board.page.context.new_page()
    await other.goto(f"{board.preview.address}/board")
    await expect(other.locator(ROWS)).to_have_count(4)

    board.preview.tell("level.changed", "b-2", RISEN)
    board.preview.portal.call(
        lambda: come(board.preview.theatre.stage, "b-2", login="mori", name="森 直子")
    )

    for page in (board.page, other):
        await until(page, f"{FIRST_TWO} === 'b-4 b-2'")
        await expect(page.locator("[data-call-id='b-2'].board-row .board-joined")).to_have_text(
            "森 直子(聴取中)"
        )
    await other.close()


async def test_a_sentence_being_spoken_is_shown_where_it_is_seen(board: Screen) -> None:
    board.preview.portal.call(many_calls, board.preview.theatre.stage)
    await opened(board)
    await expect(board.find(ROWS)).to_have_count(200)
    seen, unseen = (await order(board))[0], (await order(board))[-1]
    stage = board.preview.theatre.stage
    await board.evaluate(SEEN)

    for call_id in (unseen, seen):
        board.preview.portal.call(Talk(stage, call_id).saying, "caller", "2:00", "いま話している")

    words = board.find(f"{ROWS}[data-call-id='{seen}'] .board-words")
    await expect(words).to_have_text("「いま話している…")
    await expect(board.find(f"{ROWS}[data-call-id='{unseen}'] .board-words")).not_to_contain_text(
        "いま話している"
    )
    board.preview.portal.call(
        Talk(stage, seen).says, "caller", "2:00", "いま話しているところです。"
    )
    await expect(words).to_have_text("「いま話しているところです。」")


async def test_words_that_were_taken_back_or_lost_stand_there_no_longer(board: Screen) -> None:
    await with_four(board)
    await board.evaluate(SEEN)
    talk = Talk(board.preview.theatre.stage, "b-2")
    words = board.find(f"{ROWS}[data-call-id='b-2'] .board-words")
    said = await words.inner_text()
    lost = {"track": "caller", "start_ms": 1, "end_ms": 2, "reason": "overload"}

    for over in (
        lambda: talk.saying("caller", "19:00", ""),
        lambda: board.preview.theatre.stage.tell("gap", "b-2", lost),
    ):
        board.preview.portal.call(talk.saying, "caller", "19:00", "いま話している")
        await expect(words).to_have_text("「いま話している…")
        board.preview.portal.call(over)
        await expect(words).to_have_text(said)


async def test_the_whole_sentence_stands_though_its_beginning_came_in_the_same_moment(
    board: Screen,
) -> None:
    await with_four(board)
    await board.evaluate(SEEN)
    talk = Talk(board.preview.theatre.stage, "b-2")

    def at_once() -> None:
        talk.saying("caller", "19:00", "いま話している")
        talk.says("caller", "19:00", "いま話しているところです。")

    board.preview.portal.call(at_once)

    words = board.find(f"{ROWS}[data-call-id='b-2'] .board-words")
    await expect(words).to_have_text("「いま話しているところです。」")


async def test_a_break_whose_time_is_over_leaves_a_board_that_is_never_closed(
    board: Screen,
) -> None:
    stage = board.preview.theatre.stage
    board.preview.play("hard-call")
    board.preview.portal.call(lambda: stage.begin("b-1", operator="ito"))
    await board.page.context.add_init_script(SELDOM)
    await opened(board)
    await expect(board.find(".break")).to_have_count(1)

    del stage.calls[CALL]
    await board.evaluate("window.seldom.forEach((look) => look())")

    await expect(board.find(".break")).to_have_count(0)


async def test_who_finds_no_place_above_the_list_is_counted(board: Screen) -> None:
    board.preview.portal.call(many_calls, board.preview.theatre.stage)
    await opened(board)

    await expect(board.find(".urgent-place:not([data-free])")).to_have_count(5)
    await expect(board.find("#urgent-more")).to_have_text("ほか2件")
    await board.find("#urgent-more").click()

    await expect(board.find("#filter-attention")).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("width", [1024, 1280, 1920])
async def test_the_board_does_not_scroll_sideways_and_its_buttons_can_be_hit(
    board: Screen, width: int
) -> None:
    await board.page.set_viewport_size({"width": width, "height": 720})
    await with_four(board)

    wide = await board.evaluate(
        """[...document.querySelectorAll("html, main, .board-tools, .board-top, .board-table")]
          .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.tagName)"""
    )
    low = await board.evaluate(
        """[...document.querySelectorAll("main button, #rows .board-row, .urgent-place a, main input")]
          .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 44).map((e) => e.id)"""
    )

    assert wide == []
    assert low == []


async def test_the_board_speaks_english_where_it_is_chosen(board: Screen) -> None:
    await board.page.context.add_cookies(
        [{"name": "mimamori_language", "value": "en", "url": board.preview.address}]
    )
    await with_four(board)

    await expect(board.find("h1")).to_have_text("Board")
    japanese = await board.evaluate(
        """[...document.querySelectorAll(".board-head > div, .board-tools button, .board-keys, .board-minutes")]
          .map((e) => e.textContent).filter((text) => /[\\u3040-\\u30ff\\u4e00-\\u9fff]/u.test(text))"""
    )
    assert japanese == []
    for width in (1024, 1280):
        await board.page.set_viewport_size({"width": width, "height": 720})
        cut = await board.evaluate(
            """[...document.querySelectorAll(".board-head > div, #rows .board-minutes, #rows .board-stalemate")]
              .filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"""
        )
        assert cut == [], width
