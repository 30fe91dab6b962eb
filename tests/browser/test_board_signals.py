"""Glue: how the board calls a supervisor: tones and notifications, once in all tabs, and only where wanted."""

from __future__ import annotations

import anyio
import pytest
from playwright.async_api import Page, expect

from tests.browser.preview import Preview
from tests.browser.screen import Screen
from tests.browser.test_board import RISEN, ROWS, ask, board, until, with_four

__all__ = ["board"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TONES = """
window.tones = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) {
  window.tones.push(this.frequency.value);
  return start.apply(this, given);
};
window.notes = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { this.permission = "granted"; return "granted"; }
  constructor(title, options) { window.notes.push([title, options.body, options.tag]); }
  close() {}
};
"""

# Answered after what the page itself has asked before.
CLAIMED = """async (keys) => {
  const { claim } = await import("/static/js/first-tab.js");
  return Promise.all(keys.map((key) => claim(key)));
}"""


async def two_boards(board: Screen, preview: Preview) -> Page:
    """Open a second tab of the same browser; count tones and notifications in both."""
    context = board.page.context
    await context.add_init_script(TONES)
    await with_four(board)
    other = await context.new_page()
    await other.goto(f"{preview.address}/board")
    await expect(other.locator(ROWS)).to_have_count(4)
    return other


async def test_no_sound_before_somebody_switches_it_on(board: Screen, preview: Preview) -> None:
    other = await two_boards(board, preview)

    board.preview.tell("level.changed", "b-1", RISEN)
    await expect(board.page).to_have_title("(2) 見守り盤 | 見守り")
    await board.page.evaluate(CLAIMED, ["sound:something else"])

    assert await board.evaluate("window.tones") == []
    assert await board.evaluate("window.notes") == []
    await other.close()


async def test_the_test_button_plays_two_tones(board: Screen, preview: Preview) -> None:
    await (await two_boards(board, preview)).close()

    await board.find("#sound-test").click()

    await until(board.page, "window.tones.length === 2")


async def test_one_event_sounds_once_in_one_of_two_tabs(board: Screen, preview: Preview) -> None:
    other = await two_boards(board, preview)
    for page in (board.page, other):
        await page.bring_to_front()
        await page.evaluate("localStorage.removeItem('mimamori.board.sound')")
        await page.reload()
        await expect(page.locator(ROWS)).to_have_count(4)
        await page.locator("#sound").click()
        await expect(page.locator("#sound-word")).to_have_text("音:オン")

    ask(board, "b-1", by="ito")
    board.preview.tell("level.changed", "b-2", RISEN)
    for page in (board.page, other):
        await expect(page).to_have_title("(3) 見守り盤 | 見守り")
        await page.evaluate(CLAIMED, ["sound:something else"])

    played = [await page.evaluate("window.tones.length") for page in (board.page, other)]
    assert sum(played) == 4
    await other.close()


async def test_of_two_tabs_that_ask_in_the_same_moment_each_event_is_told_by_one(
    board: Screen, preview: Preview
) -> None:
    other = await two_boards(board, preview)
    events = [f"sound:{index}" for index in range(20)]
    told: list[list[bool]] = []

    async def ask_for(page: Page) -> None:
        told.append(await page.evaluate(CLAIMED, events))

    async with anyio.create_task_group() as both:
        both.start_soon(ask_for, board.page)
        both.start_soon(ask_for, other)

    assert [sum(pair) for pair in zip(*told, strict=True)] == [1] * len(events)
    await other.close()


async def test_who_presses_the_button_that_waits_for_a_press_hears_and_switches_nothing_off(
    board: Screen, preview: Preview
) -> None:
    await (await two_boards(board, preview)).close()
    await board.evaluate("localStorage.setItem('mimamori.board.sound', 'on')")
    await board.page.reload()
    await expect(board.find("#sound-word")).to_have_text("音:画面を一度押すと鳴ります")

    await board.find("#sound").press("Enter")

    await expect(board.find("#sound-word")).to_have_text("音:オン")
    assert await board.evaluate("localStorage.getItem('mimamori.board.sound')") == "on"


async def test_sound_that_the_browser_took_away_comes_back_with_the_next_press(
    board: Screen, preview: Preview
) -> None:
    await board.page.context.add_init_script(
        "const whole = AudioContext;"
        "window.AudioContext = class extends whole { constructor() { super(); window.speaker = this; } };"
    )
    await with_four(board)
    await board.find("#sound").click()
    await expect(board.find("#sound-word")).to_have_text("音:オン")
    await board.evaluate("window.speaker.suspend()")
    await expect(board.find("#sound-word")).to_have_text("音:画面を一度押すと鳴ります")

    await board.find("h1").click()

    await expect(board.find("#sound-word")).to_have_text("音:オン")


async def test_several_who_call_in_the_same_moment_sound_as_one(
    board: Screen, preview: Preview
) -> None:
    await (await two_boards(board, preview)).close()
    await board.find("h1").click()

    played = await board.evaluate("""(async () => {
      const { Tones } = await import("/static/js/board-signals.js");
      const tones = new Tones(() => {});
      await tones.toggle();
      for (const kind of ["help", "help", "stop", "help"]) tones.play(kind);
      return window.tones.length;
    })()""")

    assert played == 4


async def test_a_notification_names_level_section_and_operator_but_no_words(
    board: Screen, preview: Preview
) -> None:
    await (await two_boards(board, preview)).close()
    await expect(board.find("#desktop-word")).to_have_text("デスクトップ通知を使う")
    await board.find("#desktop").click()
    await expect(board.find("#desktop-word")).to_have_text("デスクトップ通知:オン")

    board.preview.tell("level.changed", "b-2", RISEN)

    await until(board.page, "window.notes.length === 1")
    assert await board.evaluate("window.notes") == [
        ["打ち切り・通報", "道路管理課 高橋 美咲", "b-2:stop"]
    ]


async def test_a_browser_that_refuses_notifications_is_said_to(board: Screen) -> None:
    await board.page.context.add_init_script(
        "window.Notification = class { static permission = 'denied'; };"
    )
    await with_four(board)

    await expect(board.find("#desktop-word")).to_contain_text("止められています")
    await expect(board.find("#desktop")).to_have_attribute("aria-disabled", "true")


async def test_a_hidden_tab_counts_and_notifies_all_the_same(
    board: Screen, preview: Preview
) -> None:
    # Headless tabs are never hidden by themselves.
    await board.page.context.add_init_script(
        "Object.defineProperty(document, 'hidden', { get: () => window.away === true });"
    )
    await (await two_boards(board, preview)).close()
    await board.find("#desktop").click()
    await board.evaluate("window.away = true")

    board.preview.tell("level.changed", "b-2", RISEN)

    await until(board.page, "window.notes.length === 1")
    await expect(board.page).to_have_title("(2) 見守り盤 | 見守り")


async def test_an_event_that_comes_back_after_half_a_minute_is_told_again(board: Screen) -> None:
    await with_four(board)

    told = await board.evaluate("""(async () => {
      const { claim } = await import("/static/js/first-tab.js");
      const asked = [];
      for (const at of [1_000_000, 1_029_999, 1_030_000]) asked.push(await claim("sound:b-1", at));
      return asked;
    })()""")

    assert told == [True, False, True]


async def test_where_the_browser_keeps_nothing_each_tab_tells_for_itself(board: Screen) -> None:
    await with_four(board)

    told = await board.evaluate("""(async () => {
      Object.defineProperty(window, "indexedDB", { value: { open() { throw new Error("blocked"); } } });
      const { claim } = await import("/static/js/first-tab.js");
      return [await claim("sound:b-1"), await claim("sound:b-1")];
    })()""")

    assert told == [True, True]


async def test_where_the_browsers_store_never_answers_the_call_is_told_all_the_same(
    board: Screen,
) -> None:
    await with_four(board)

    told = await board.evaluate("""(async () => {
      Object.defineProperty(window, "indexedDB", { value: { open: () => ({}) } });
      const { claim } = await import("/static/js/first-tab.js");
      return claim("sound:b-1");
    })()""")

    assert told is True


async def test_a_tab_gives_its_store_away_when_it_is_cleared_and_opens_it_anew(
    board: Screen,
) -> None:
    await with_four(board)

    told = await board.evaluate("""(async () => {
      const { claim } = await import("/static/js/first-tab.js");
      const before = await claim("sound:b-1");
      const cleared = await new Promise((ok) => {
        const asked = indexedDB.deleteDatabase("mimamori.board");
        asked.onsuccess = () => ok(true);
        asked.onblocked = () => ok(false);
      });
      return [before, cleared, await claim("sound:b-1"), await claim("sound:b-1")];
    })()""")

    assert told == [True, True, True, False]


async def test_a_browser_that_has_notifications_but_shows_none_to_pages_is_said_to(
    board: Screen,
) -> None:
    await board.page.context.add_init_script("""window.Notification = class {
      static permission = "granted";
      constructor() { throw new TypeError("Illegal constructor"); }
    };""")
    await with_four(board)
    await board.find("#desktop").click()
    await expect(board.find("#desktop-word")).to_have_text("デスクトップ通知:オン")

    board.preview.tell("level.changed", "b-2", RISEN)

    await expect(board.find("#desktop-word")).to_have_text(
        "デスクトップ通知:このブラウザーでは使えません"
    )
