"""Glue: a missed moment, quiet prompts, hidden words and the break, by mouse and by key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import expect

from app.auth.identity import Role
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, Talk
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SUPERVISOR = replace(
    OPERATOR, login="tanaka", display_name="田中 一郎", role=Role.SUPERVISOR, user_id=2
)
AUDITOR = replace(OPERATOR, login="kansa", display_name="山本 久", role=Role.AUDITOR, user_id=3)


def note(screen: Screen, kind: str, **detail: Any) -> None:
    told = {"kind": kind, "text": "", "by": "sato", "name": "佐藤 花子", **detail}
    screen.preview.tell("note", CALL, told)


def requests(screen: Screen) -> list[tuple[str, str]]:
    return screen.preview.theatre.stage.requests


# Missed moments


async def test_a_missed_moment_is_marked_by_one_key_and_stands_at_its_place(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    await screen.press("m")

    mark = screen.find("#lines .missed")
    await expect(mark).to_contain_text("01:23")
    await expect(mark).to_contain_text("佐藤 花子")
    await expect(screen.find("#toast")).to_contain_text("理由は後からでも書けます")
    assert await screen.find("dialog[open]").count() == 0
    lines = await screen.find("#lines > li").evaluate_all(
        "(rows) => rows.map((row) => row.className)"
    )
    assert "missed" in lines[-1]
    assert requests(screen) == [("POST", f"/v1/calls/{CALL}/missed")]


async def test_a_mark_of_an_earlier_moment_stands_between_the_words(screen: Screen) -> None:
    screen.preview.play("quiet")
    note(screen, "missed_marked", number=1, at_ms=30_000)
    await screen.open_call()

    await expect(screen.find(".missed")).to_have_count(1)

    before = screen.find(".missed + .line, .line:has(+ .missed)")
    assert [text[:20] for text in await screen.texts(".line:has(+ .missed) time")] == ["00:27"]
    assert await before.count() == 2


async def test_marks_stay_in_place_while_the_talk_goes_on(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_call()
    await screen.press("m")
    await expect(screen.find(".missed")).to_have_count(1)

    Talk(screen.preview.theatre.stage)
    screen.preview.portal.call(
        Talk(screen.preview.theatre.stage).says, "caller", "1:30", "また電話します。"
    )

    await expect(screen.find(".missed + .line")).to_contain_text("また電話します。")
    await expect(screen.find(".missed")).to_have_count(1)


async def test_a_mark_is_taken_back_within_the_page(screen: Screen) -> None:
    screen.preview.play("level1")
    await screen.open_call()
    await screen.press("m")
    await expect(screen.find(".missed")).to_have_count(1)

    await screen.find("#toast-button").click()

    await expect(screen.find(".missed")).to_have_count(0)
    assert requests(screen)[-1] == ("DELETE", f"/v1/calls/{CALL}/missed/1")


async def test_the_reason_is_written_afterwards_in_a_dialog_that_demands_nothing(
    screen: Screen,
) -> None:
    screen.preview.play("level1")
    note(screen, "missed_marked", number=1, at_ms=40_000)
    await screen.open_call()
    await screen.find(".missed-edit").click()
    await expect(screen.find("#missed-title")).to_have_text("00:40の見落とし")
    await screen.find("#missed-category").select_option("sexual")
    await screen.find("#missed-reason").fill("遠回しな言い方でした")

    await screen.press("Enter")

    await expect(screen.find("dialog[open]")).to_have_count(0)
    await expect(screen.find(".missed-what")).to_have_text("性的な言動 / 遠回しな言い方でした")
    assert requests(screen) == [("PUT", f"/v1/calls/{CALL}/missed/1")]


async def test_after_the_call_the_moment_is_typed_and_a_wrong_one_is_explained(
    screen: Screen,
) -> None:
    screen.preview.theatre.identity = AUDITOR
    screen.preview.play("ended")
    await screen.open_call()
    await screen.press("m")
    await screen.find("#missed-at").fill("いつか")
    await screen.press("Enter")
    await expect(screen.find("#missed-failed")).to_have_text(
        "時刻は「分:秒」で入力してください(例 12:34)。"
    )

    await screen.find("#missed-at").fill("1:05")
    await screen.press("Enter")

    await expect(screen.find(".missed")).to_contain_text("01:05")
    assert requests(screen) == [("POST", f"/v1/calls/{CALL}/missed")]


async def test_a_double_click_on_record_makes_one_mark(screen: Screen) -> None:
    screen.preview.theatre.identity = AUDITOR
    screen.preview.play("ended")
    await screen.open_call()
    await screen.press("m")
    await screen.find("#missed-at").fill("1:05")

    await screen.find("#missed-form button[type='submit']").dblclick()

    await expect(screen.find("dialog[open]")).to_have_count(0)
    await expect(screen.find(".missed")).to_have_count(1)
    assert requests(screen) == [("POST", f"/v1/calls/{CALL}/missed")]


async def test_a_mark_of_somebody_else_cannot_be_taken_back_here(screen: Screen) -> None:
    screen.preview.theatre.identity = SUPERVISOR
    screen.preview.play("level1")
    note(screen, "missed_marked", number=1, at_ms=40_000)
    await screen.open_call()

    await screen.find(".missed-edit").click()

    await expect(screen.find("#missed-undo")).to_be_hidden()


async def test_a_mark_works_without_words_while_recognition_is_down(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()

    await screen.find("#missed").click()

    await expect(screen.find(".missed")).to_have_count(1)


async def test_a_mark_that_could_not_be_stored_says_so(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("level1")
    screen.preview.theatre.stage.failing["/missed"] = 9
    await screen.open_call()

    await screen.press("m")

    await expect(screen.find("#toast")).to_contain_text("印を付けられませんでした")


async def test_another_tab_sees_the_mark_at_once(screen: Screen) -> None:
    screen.preview.play("level1")
    await screen.open_call()

    note(screen, "missed_marked", number=1, at_ms=20_000)

    await expect(screen.find(".missed")).to_contain_text("00:20")


# Quiet prompts


async def test_prompts_go_quiet_and_come_back_and_level_and_help_stay(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    await screen.press("p")

    await expect(screen.find("#say-text")).to_be_hidden()
    await expect(screen.find("#say-buttons")).to_be_hidden()
    await expect(screen.find("#say-muted")).to_contain_text("評価に使われることはありません")
    await expect(screen.find("#level-word")).to_have_text("警告")
    await expect(screen.find("#help")).to_be_visible()
    await expect(screen.find(".alert-quote").first).to_be_hidden()
    await screen.press("p")
    await expect(screen.find("#say-text")).to_be_visible()
    await expect(screen.find("#say-buttons")).to_be_visible()
    assert requests(screen) == [
        ("POST", f"/v1/calls/{CALL}/prompts-muted"),
        ("DELETE", f"/v1/calls/{CALL}/prompts-muted"),
    ]


async def test_quiet_prompts_stay_quiet_when_the_next_sentence_comes(screen: Screen) -> None:
    screen.preview.play("level1")
    note(screen, "prompts_muted")
    await screen.open_call()
    await expect(screen.find("#say-muted")).to_be_visible()

    screen.preview.portal.call(
        Talk(screen.preview.theatre.stage).suggests, "warn", "お控えください。", None
    )

    await expect(screen.find("#say-text")).to_have_text("「お控えください。」")
    await expect(screen.find("#say-text")).to_be_hidden()
    await expect(screen.find("#say-buttons")).to_be_hidden()


async def test_what_nobody_sees_is_not_reported_as_said_by_a_habit_of_the_hand(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    note(screen, "prompts_muted")
    await screen.open_call()
    await expect(screen.find("#say-muted")).to_be_visible()

    await screen.press("s")
    await screen.press("c")
    await screen.press("h")

    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    assert requests(screen) == [("POST", f"/v1/calls/{CALL}/help")]


async def test_a_threat_is_shown_although_prompts_are_quiet(screen: Screen) -> None:
    screen.preview.play("level2")
    note(screen, "prompts_muted")
    await screen.open_call()
    await expect(screen.find("#say-muted")).to_be_visible()

    screen.preview.play("level3")

    await expect(screen.find("#card-lines")).to_be_visible()


async def test_the_supervisor_sees_that_prompts_are_quiet_and_keeps_theirs(screen: Screen) -> None:
    screen.preview.theatre.identity = SUPERVISOR
    screen.preview.play("level2")
    note(screen, "prompts_muted")
    await screen.open_call()

    await expect(screen.find("#aids-state")).to_have_text("職員がご案内を静かにしています")
    await expect(screen.find("#say-text")).to_be_visible()
    await expect(screen.find("#mute")).to_have_count(0)


# Hidden words


async def test_marked_words_are_hidden_until_pressed_and_read_out_as_hidden(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    await screen.press("b")

    mark = screen.find("#lines mark").first
    await expect(mark).to_have_attribute("aria-label", "伏せた言葉")
    await expect(mark).to_have_css("filter", "blur(6px)")
    await expect(screen.find(".alert-quote > span").first).to_have_attribute("data-veil", "shut")
    await mark.focus()
    await screen.press("Enter")
    await expect(mark).not_to_have_attribute("aria-label", "伏せた言葉")
    await expect(mark).to_have_attribute("aria-expanded", "true")
    assert requests(screen) == []


async def test_words_that_come_later_are_hidden_too_and_what_was_opened_stays_open(
    screen: Screen,
) -> None:
    screen.preview.play("level1")
    await screen.open_call()
    await screen.press("b")
    await screen.find("#lines mark").first.click()
    await expect(screen.find("#lines mark").first).to_have_attribute("data-veil", "open")

    screen.preview.play("level2")

    await expect(screen.find("#lines mark").last).to_have_attribute("data-veil", "shut")
    await expect(screen.find("#lines mark").first).to_have_attribute("data-veil", "open")


async def test_hiding_lasts_for_the_call_and_on_wish_for_this_browser(screen: Screen) -> None:
    screen.preview.play("level1")
    await screen.open_call()
    await screen.press("b")
    await screen.page.reload()
    await expect(screen.find("#blur")).to_have_attribute("aria-pressed", "true")
    await screen.press("b")
    await screen.press("b")

    await screen.find("#toast-button").click()

    assert await screen.evaluate("localStorage.getItem('mimamori.blur')") == "on"
    await screen.press("b")
    await expect(screen.find("[data-veil]")).to_have_count(0)


async def test_paper_shows_the_words(screen: Screen) -> None:
    screen.preview.play("level1")
    await screen.open_call()
    await screen.press("b")
    await expect(screen.find("#lines mark").first).to_have_css("filter", "blur(6px)")

    await screen.page.emulate_media(media="print")

    await expect(screen.find("#lines mark").first).to_have_css("filter", "none")


# After the call


async def test_after_a_hard_call_the_operator_reads_where_to_turn(screen: Screen) -> None:
    screen.preview.play("hard-call")
    await screen.open_call()

    await expect(screen.find("#aftercare")).to_contain_text("少し休んでください")
    await expect(screen.find("#aftercare-desk")).to_contain_text("職員課 相談窓口 内線 2345")


async def test_after_an_ordinary_call_nobody_is_sent_to_rest(screen: Screen) -> None:
    screen.preview.play("ended")
    await screen.open_call()

    await expect(screen.find("#link-word")).to_have_text("通話終了")
    await expect(screen.find("#aftercare")).to_be_hidden()


async def test_the_board_proposes_the_break_until_somebody_answers(screen: Screen) -> None:
    screen.preview.theatre.identity = SUPERVISOR
    screen.preview.play("hard-call")
    await screen.page.goto(f"{screen.preview.address}/board")
    await expect(screen.find(".break-words")).to_contain_text(
        "佐藤 花子さん:打ち切り・通報の通話が"
    )
    await expect(screen.find(".break")).to_have_count(1)

    await screen.find(".break .button").first.click()

    await expect(screen.find(".break")).to_have_count(0)
    await expect(screen.find("#breaks")).to_be_hidden()
    assert requests(screen) == [("POST", f"/v1/breaks/{CALL}")]


async def test_a_proposal_is_answered_by_key(screen: Screen) -> None:
    screen.preview.theatre.identity = SUPERVISOR
    screen.preview.play("hard-call")
    await screen.page.goto(f"{screen.preview.address}/board")
    await screen.find(".break .button-secondary").focus()

    await screen.press("Enter")

    await expect(screen.find(".break")).to_have_count(0)
    await expect(screen.find("#main")).to_be_focused()
    assert requests(screen) == [("POST", f"/v1/breaks/{CALL}")]


async def test_an_answer_on_another_board_takes_the_proposal_away(screen: Screen) -> None:
    screen.preview.theatre.identity = SUPERVISOR
    screen.preview.play("hard-call")
    await screen.page.goto(f"{screen.preview.address}/board")
    await expect(screen.find(".break")).to_have_count(1)

    note(screen, "break_declined")

    await expect(screen.find(".break")).to_have_count(0)


# The keys and the narrow screen


@pytest.mark.parametrize("width", [1024, 1280])
async def test_the_aids_fit_beside_each_other_and_are_large_enough_to_touch(
    screen: Screen, width: int
) -> None:
    await screen.page.set_viewport_size({"width": width, "height": 768})
    screen.preview.play("level3")
    await screen.open_call()

    boxes = await screen.find(".aid").evaluate_all(
        "(all) => all.map((one) => one.getBoundingClientRect()).map(({top, height}) => [top, height])"
    )
    overflow = await screen.find("#aids").evaluate("(bar) => bar.scrollWidth - bar.clientWidth")

    assert len({top for top, _ in boxes}) == 1
    assert all(height >= 44 for _, height in boxes)
    assert overflow <= 0


async def test_what_a_moment_is_and_where_marks_stand_is_pure(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()

    found = await screen.evaluate(
        """async () => {
          const { momentOf, withMarks, marksFrom } = await import("/static/js/aids-marks.js");
          const lines = [{ start_ms: 1000 }, { start_ms: 5000 }];
          const mark = (number, at_ms, undone = false) => ({ number, at_ms, undone, category: null, reason: "" });
          const marks = marksFrom([mark(1, 9000), mark(2, 1000), mark(3, 0), mark(4, 2000, true)]);
          return {
            moments: ["1:24", "84", "1:02:34", "1:60", "", "a", "\\uff11\\uff12\\uff1a34", "1:2:3:4", "-1"]
              .map(momentOf),
            order: withMarks(lines, marks).map((line) => line.number ?? "line"),
            same: marksFrom([mark(3, 0)], marks)[0] === marks[0],
            untouched: withMarks(lines, []) === lines,
          };
        }"""
    )

    assert found["moments"] == [84_000, 84_000, 3_754_000, None, None, None, 754_000, None, None]
    assert found["order"] == [3, "line", 2, "line", 1]
    assert (found["same"], found["untouched"]) == (True, True)
