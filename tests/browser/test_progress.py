"""Glue: steps, warnings with their proof, clocks and the returning request, in a real browser."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

import app.responses
from app.auth.identity import Role
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, Talk, ms
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHIPPED = Path(app.responses.__path__[0]) / "scripts.toml"
MINUTE_FIVE = re.compile(r"05:\d\d")
TICKED = ".rung[data-standing='done'], .rung-place[data-standing='done']"
SENTENCE_OF_TWO_BREATHS = (
    "先ほどお願いいたしましたが、おやめいただけませんので、これでお電話を終了いたします。"
    "ご用件については、書面またはあらためて道路管理課で承ります。失礼いたします。"
)


def talk_of(screen: Screen) -> Talk:
    return Talk(screen.preview.theatre.stage)


def seconds(clock: str) -> int:
    """``12:34`` as seconds."""
    minutes, rest = clock.split(":")
    return int(minutes) * 60 + int(rest)


def set_progress(screen: Screen, **facts: Any) -> None:
    screen.preview.theatre.stage.beside["progress"].update(facts)


# The bar of steps


async def test_a_quiet_call_stands_at_listening_and_nothing_else_is_ticked(screen: Screen) -> None:
    screen.preview.play("quiet")

    await screen.open_call()

    await expect(screen.find("[aria-current='step']")).to_have_attribute("data-step", "listen")
    await expect(screen.find(TICKED)).to_have_count(0)


async def test_the_present_warning_is_marked_and_the_one_given_is_ticked(screen: Screen) -> None:
    screen.preview.play("level2")

    await screen.open_call()

    await expect(screen.find("[aria-current='step']")).to_have_attribute("data-step", "warn")
    await expect(screen.find(".rung-place[data-standing='done']")).to_contain_text("1/3")
    await expect(screen.find(".rung-place[data-standing='now']")).to_contain_text("2/3")
    await expect(screen.find("[data-step='listen'] .rung-tick")).to_be_visible()
    await expect(screen.find("[data-step='close'] .rung-tick")).to_be_hidden()


async def test_a_step_is_taken_without_moving_the_bar(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find(".rung-place[data-standing='done']")).to_contain_text("1/3")
    places = "[...document.querySelectorAll('.rung')].map((r) => r.getBoundingClientRect().x)"
    before = await screen.evaluate(places)

    for count in (2, 3):
        screen.preview.tell("warning.spoken", CALL, {"count": count, "limit": 3, "at_ms": 83_000})
    screen.preview.portal.call(talk_of(screen).suggests, "close", "終了いたします。", None)

    await expect(screen.find("[aria-current='step']")).to_have_attribute("data-step", "close")
    await expect(screen.find(".rung-place[data-standing='done']")).to_have_count(3)
    after = await screen.evaluate(places)
    assert [round(x) for x in after] == [round(x) for x in before]


async def test_a_step_that_was_left_out_is_not_ticked(screen: Screen) -> None:
    screen.preview.play("quiet")
    screen.preview.portal.call(talk_of(screen).suggests, "close", "終了いたします。", None)

    await screen.open_call()

    await expect(screen.find("[data-step='ask_to_stop']")).to_have_attribute(
        "data-standing", "skipped"
    )
    await expect(screen.find("[data-step='ask_to_stop']")).to_contain_text("(行っていません)")
    await expect(screen.find("[data-step='warn']")).to_have_attribute("data-standing", "skipped")


async def test_a_policy_without_a_number_of_warnings_says_so(screen: Screen) -> None:
    screen.preview.play("level1")

    await screen.open_call()

    await expect(screen.find("[data-step='warn']")).to_contain_text("警告(回数の定めなし)")
    await expect(screen.find(".rung-place")).to_have_count(0)


async def test_many_warnings_are_counted_in_one_place(screen: Screen) -> None:
    screen.preview.play("level2")
    set_progress(screen, warning_limit=5)

    await screen.open_call()

    await expect(screen.find(".rung-place")).to_have_count(1)
    await expect(screen.find(".rung-place")).to_contain_text("2/5")


@pytest.mark.parametrize(("scene", "word"), [("level3", "安全の確保"), ("welfare", "配慮・支援")])
async def test_danger_and_care_leave_the_ladder_with_one_word(
    screen: Screen, scene: str, word: str
) -> None:
    screen.preview.play(scene)

    await screen.open_call()

    await expect(screen.find("#ladder-alone")).to_have_text(word)
    await expect(screen.find("#ladder")).to_be_hidden()


async def test_after_a_grave_call_the_step_is_to_report(screen: Screen) -> None:
    screen.preview.play("ended")

    await screen.open_call()

    await expect(screen.find("[aria-current='step']")).to_have_attribute("data-step", "report")
    await expect(screen.find("#say-hint")).to_have_text("所属長に報告してください")
    await expect(screen.find("#say-report")).to_contain_text("所属長に報告します")
    await expect(screen.find("#say-report-draft")).to_be_visible()


async def test_after_a_quiet_call_there_is_nothing_to_report(screen: Screen) -> None:
    screen.preview.play("quiet")
    screen.preview.tell("call.ended", CALL, {"reason": "stop", "duration_ms": 90_000})

    await screen.open_call()

    await expect(screen.find("[data-step='listen']")).to_have_attribute("data-standing", "done")
    await expect(screen.find("[aria-current='step']")).to_have_count(0)
    await expect(screen.find("#say-report")).to_be_hidden()


# Warnings and their proof


async def test_a_warning_that_was_heard_is_counted_and_told_at_once(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#warnings-gauge")).to_contain_text("1/3回")
    said = "続くようでしたら、お電話を終了いたします。"

    def warn() -> None:
        utterance_id = talk_of(screen).says("operator", "1:22", said)
        screen.preview.theatre.stage.tell(
            "warning.spoken",
            CALL,
            {
                "count": 2,
                "limit": 3,
                "at_ms": ms("1:22"),
                "utterance_id": utterance_id,
                "text": said,
                "how": "spoken",
                "by": "",
            },
        )

    screen.preview.portal.call(warn)

    await expect(screen.find("#toast")).to_contain_text("警告を聞き取りました(2回目)")
    await expect(screen.find("#warnings-gauge")).to_contain_text("2/3回")
    await expect(screen.find("#warnings-since")).to_have_text(re.compile(r"前回から \d\d:\d\d"))


async def test_a_pressed_warning_says_that_it_was_counted(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#said")).to_be_visible()

    screen.preview.tell(
        "script.used",
        CALL,
        {"script_id": "warn-1", "text": "…", "by": "sato", "counted": True, "at_ms": 84_000},
    )
    screen.preview.tell(
        "warning.spoken",
        CALL,
        {"count": 2, "limit": 3, "at_ms": 84_000, "text": "…", "how": "pressed", "by": "sato"},
    )

    await expect(screen.find("#say-done")).to_have_text("お伝え済み(1回) 警告に数えました")
    await expect(screen.find("#toast")).to_contain_text("警告を記録しました(2回目)")


async def test_a_press_after_the_same_words_were_heard_says_that_it_counted_already(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#said")).to_be_visible()

    screen.preview.tell(
        "script.used", CALL, {"script_id": "warn-1", "text": "…", "by": "sato", "counted": False}
    )

    await expect(screen.find("#say-done")).to_have_text("お伝え済み(1回) 警告は数え済みです")


async def test_the_gauge_opens_the_proof_of_each_warning(screen: Screen) -> None:
    screen.preview.play("level2")
    pressed = "続くようでしたら、お電話を終了いたします。"
    screen.preview.tell(
        "warning.spoken",
        CALL,
        {"count": 2, "limit": 3, "at_ms": 80_000, "text": pressed, "how": "pressed", "by": "sato"},
    )
    await screen.open_call()
    await expect(screen.find("#warnings-gauge")).to_contain_text("2/3回")
    before = await screen.find("#say").bounding_box()

    await screen.find("#warnings-open").click()

    first, second = (screen.find("#proof ol").first.locator("li").nth(n) for n in (0, 1))
    for words in ("1回目", "01:02", "発言を確認", "「ご用件は承りますので"):
        await expect(first).to_contain_text(words)
    for words in ("2回目", "01:20", "「言った」と記録(sato)", f"「{pressed}」"):
        await expect(second).to_contain_text(words)
    await expect(screen.find("#proof")).to_contain_text("方針:脅迫、中傷")
    assert await screen.find("#say").bounding_box() == before


async def test_without_a_warning_the_proof_says_that_there_is_none(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_call()

    await screen.find("#warnings-open").click()

    await expect(screen.find("#proof")).to_have_text(
        "警告の記録この通話では、まだ警告をしていません。"
    )


async def test_a_warning_that_was_pressed_and_then_heard_is_one_with_both_proofs(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#warnings-gauge")).to_contain_text("1/3回")
    told = {"count": 2, "n": 2, "limit": 3, "at_ms": 80_000, "text": "警告の言葉", "by": "sato"}

    screen.preview.tell("warning.spoken", CALL, {**told, "how": "pressed", "pressed_ms": 80_000})
    await expect(screen.find("#toast")).to_contain_text("警告を記録しました(2回目)")
    heard = {**told, "how": "spoken", "pressed_ms": 80_000, "utterance_id": f"{CALL}.c81000"}
    screen.preview.tell("warning.spoken", CALL, heard)
    await screen.find("#warnings-open").click()

    await expect(screen.find("#proof .proof-count")).to_have_text(["1回目", "2回目"])
    second = screen.find("#proof ol").first.locator("li").nth(1)
    await expect(second).to_contain_text("発言を確認")
    await expect(second).to_contain_text("「言った」と記録(sato)")
    await expect(screen.find("#toast")).to_contain_text("警告を記録しました(2回目)")


async def test_the_proof_is_opened_and_closed_by_keys_and_gives_the_focus_back(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#warnings-gauge")).to_contain_text("1/3回")
    await screen.find("#warnings-open").focus()

    await screen.press("Enter")
    await expect(screen.find("#proof")).to_be_visible()
    await expect(screen.find("#warnings-open")).to_have_attribute("aria-expanded", "true")
    await screen.press("Tab")
    await expect(screen.find("#proof .to-line").first).to_be_focused()
    await screen.press("Escape")

    await expect(screen.find("#proof")).to_be_hidden()
    await expect(screen.find("#warnings-open")).to_be_focused()


async def test_the_proof_leads_to_the_words_in_the_transcript(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await screen.find("#warnings-open").click()

    await screen.find("#proof .to-line").first.click()

    line = screen.find(f"[data-utterance-id='{CALL}.o{ms('1:02')}']")
    await expect(line).to_have_class("line line-operator line-shown")
    await expect(line).to_be_in_viewport()


async def test_what_the_policy_allows_next_follows_a_warning(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#say-hint")).to_have_text("警告はあと2回。その後は終了を検討できます")

    set_progress(screen, next={"text": "終了を検討できます", "clause": "組織としての対応"})
    screen.preview.tell("warning.spoken", CALL, {"count": 3, "limit": 3, "at_ms": 84_000})

    await expect(screen.find("#say-hint")).to_have_text("終了を検討できます")
    await expect(screen.find("#say-hint")).to_have_attribute(
        "title", "終了を検討できます(方針:組織としての対応)"
    )


async def test_a_warning_given_while_the_line_was_lost_is_there_with_its_proof(
    screen: Screen,
) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#warnings-gauge")).to_contain_text("1/3回")
    screen.preview.theatre.refusing = True
    screen.preview.cut_sockets()
    await expect(screen.find("#link-word")).to_have_text("再接続中…")

    screen.preview.tell(
        "warning.spoken",
        CALL,
        {"count": 2, "limit": 3, "at_ms": 82_000, "text": "警告の言葉", "how": "spoken"},
    )
    screen.preview.theatre.refusing = False

    await expect(screen.find("#link-word")).to_have_text("正常に動作中", timeout=10_000)
    await expect(screen.find("#warnings-gauge")).to_contain_text("2/3回")
    await screen.find("#warnings-open").click()
    await expect(screen.find("#proof .proof-count")).to_have_text(["1回目", "2回目"])


# Clocks


async def test_a_clock_near_its_limit_says_so_in_a_word_and_names_the_clause(
    screen: Screen,
) -> None:
    screen.preview.play("demand")

    await screen.open_call()

    gauge = screen.find("#elapsed-gauge")
    await expect(gauge).to_contain_text("/ 30分")
    await expect(screen.find("#elapsed-word")).to_have_text("まもなく")
    await expect(gauge.locator(".clock-bar")).to_be_visible()
    await expect(screen.find("#elapsed-open")).to_have_attribute(
        "title", "通話時間の目安は30分です。方針:不退去、居座り、監禁など拘束的な行動"
    )
    await expect(screen.find("#stalemate-word")).to_have_text("")


async def test_the_clause_shows_for_who_comes_by_with_the_keyboard(screen: Screen) -> None:
    screen.preview.play("demand")
    await screen.open_call()
    await expect(screen.find("#elapsed-open")).to_be_visible()
    await screen.find("#main").focus()

    await screen.press("Tab")

    await expect(screen.find("#elapsed-open")).to_be_focused()
    await expect(screen.find("#elapsed-note")).to_contain_text("方針:不退去、居座り")
    await screen.press("Tab")
    await expect(screen.find("#elapsed-note")).to_be_hidden()


async def test_a_limit_that_was_passed_is_said_without_moving_the_number(screen: Screen) -> None:
    screen.preview.play("demand")
    await screen.open_call()
    await expect(screen.find("#elapsed-word")).to_have_text("まもなく")
    before = await screen.find("#elapsed").bounding_box()

    set_progress(screen, limits={"held": ms("30:00"), "held_after_abuse": ms("15:00")})
    screen.preview.tell("level.changed", CALL, {"level": 2, "outcome": "harassment_suspected"})

    await expect(screen.find("#elapsed-word")).to_have_text("目安を超過")
    await expect(screen.find("#elapsed-gauge")).to_contain_text("/ 15分")
    assert await screen.find("#elapsed").bounding_box() == before


@pytest.mark.parametrize("minutes", [30, 120])
@pytest.mark.parametrize("width", [1024, 1280])
async def test_a_call_of_more_than_an_hour_still_fits_beside_its_limit(
    screen: Screen, width: int, minutes: int
) -> None:
    await screen.page.set_viewport_size({"width": width, "height": 768})
    screen.preview.play("long")
    set_progress(screen, limits={"held": ms(f"{minutes}:00")})

    await screen.open_call()

    await expect(screen.find("#elapsed-gauge")).to_contain_text(f"/ {minutes}分")
    await expect(screen.find("#elapsed-word")).to_have_text("目安を超過")
    wide = await screen.evaluate(
        "[...document.querySelectorAll('.gauges dd')].some((d) => d.scrollWidth > d.clientWidth)"
    )
    assert wide is False


async def test_an_office_without_limits_sees_no_bars(screen: Screen) -> None:
    screen.preview.play("level2")

    await screen.open_call()

    await expect(screen.find("#stalemate")).to_have_text(re.compile(r"\d\d:\d\d"))
    await expect(screen.find(".clock-bar:visible")).to_have_count(0)
    await expect(screen.find("#elapsed-open")).to_be_hidden()


async def test_clocks_tick_by_themselves_and_stand_still_when_the_call_is_over(
    screen: Screen,
) -> None:
    await screen.page.clock.install()
    screen.preview.play("demand")
    await screen.open_call()
    await expect(screen.find("#stalemate")).to_have_text(MINUTE_FIVE)
    await screen.page.clock.pause_at(await screen.evaluate("Date.now() / 1000 + 60"))
    before = seconds(await screen.find("#stalemate").inner_text())

    await screen.page.clock.run_for(20_000)
    assert seconds(await screen.find("#stalemate").inner_text()) == before + 20
    await screen.page.clock.resume()
    screen.preview.tell("call.ended", CALL, {"reason": "stop", "duration_ms": ms("27:00")})
    await expect(screen.find("#elapsed")).to_have_text("27:00")
    await expect(screen.find("#stalemate")).to_have_text("05:12")
    stood = await screen.find("#stalemate").inner_text()
    await screen.page.clock.run_for(30_000)

    await expect(screen.find("#elapsed")).to_have_text("27:00")
    await expect(screen.find("#stalemate")).to_have_text(stood)


async def test_a_clock_that_comes_near_its_limit_is_told_and_the_policy_asked_anew(
    screen: Screen,
) -> None:
    await screen.page.clock.install()
    screen.preview.play("demand")
    set_progress(screen, limits={"stalemate": ms("7:00")})
    await screen.open_call()
    await expect(screen.find("#stalemate")).to_have_text(MINUTE_FIVE)
    await expect(screen.find("#stalemate-word")).to_have_text("")
    set_progress(screen, next={"text": "理由を告げて終了を検討できます", "clause": None})

    await screen.page.clock.run_for(30_000)

    await expect(screen.find("#stalemate-word")).to_have_text("まもなく")
    await expect(screen.find("#polite")).to_have_text("平行線の時間:まもなく")
    await expect(screen.find("#say-hint")).to_have_text("理由を告げて終了を検討できます")


# The same request


async def test_the_same_request_stands_beside_its_answers_and_opens_once(screen: Screen) -> None:
    screen.preview.play("demand")

    await screen.open_call()

    await expect(screen.find("#demands-heading")).to_have_text("同じご要望 5回目(回答済み 3回)")
    await expect(screen.find("[data-panel='demands'] .panel-badge")).to_have_text("5回")
    row = screen.find("#demands-rows tr").nth(2)
    await expect(row.locator("td").first).to_contain_text("02:04")
    await expect(row.locator("td").last).to_contain_text("02:20")
    await expect(screen.find("#demands-rows tr").last).to_contain_text("まだ回答していません")
    await screen.find("[data-panel='demands']").click()
    await expect(screen.find("#panel-demands")).to_be_hidden()
    screen.preview.tell("stalemate.tick", CALL, {"stalemate_ms": ms("6:00")})
    await expect(screen.find("#stalemate")).to_contain_text("06:0")
    await expect(screen.find("#panel-demands")).to_be_hidden()


async def test_a_second_of_the_request_leads_to_it_even_in_a_long_talk(screen: Screen) -> None:
    screen.preview.play("long")
    first = {"at_ms": 8_000, "text": "1番目の発話です。", "utterance_id": f"{CALL}.c8000"}
    again = {**first, "at_ms": 10_392_000, "utterance_id": f"{CALL}.c10392000"}
    demand = {"stated": 3, "answered": 0, "since_ms": 8_000, "statements": [first, again]}
    set_progress(screen, demand={**demand, "answers": []})
    await screen.open_call()

    await screen.find("#demands-rows .to-line").first.click()

    await expect(screen.find(f"[data-utterance-id='{CALL}.c8000']")).to_be_in_viewport()
    await expect(screen.find(".line-shown")).to_have_count(1)


async def test_a_request_that_is_over_stays_to_be_read_and_says_so(screen: Screen) -> None:
    screen.preview.play("demand")
    await screen.open_call()
    await expect(screen.find("#demands-heading")).to_be_visible()

    set_progress(screen, demand=None)
    screen.preview.tell("stalemate.tick", CALL, {"stalemate_ms": 0, "demand": None})

    await expect(screen.find("#demands-over")).to_have_text("いまは、お話が進んでいます。")
    await expect(screen.find("#demands-rows tr")).to_have_count(5)
    await expect(screen.find("[data-panel='demands'] .panel-badge")).to_be_hidden()


async def test_a_request_that_was_made_once_has_no_panel(screen: Screen) -> None:
    screen.preview.play("level2")

    await screen.open_call()

    await expect(screen.find("#warnings-gauge")).to_contain_text("1/3回")
    await expect(screen.find("[data-panel='demands']")).to_be_hidden()


# The sentence


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
async def test_the_longest_hint_that_is_shipped_can_be_read_whole(
    screen: Screen, size: tuple[int, int]
) -> None:
    await screen.page.set_viewport_size({"width": size[0], "height": size[1]})
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find(".alert")).to_have_count(3)
    notes = [
        script.get("note", "") for script in tomllib.loads(SHIPPED.read_text("utf-8"))["script"]
    ]

    screen.preview.tell(
        "script.suggested",
        CALL,
        {
            "script_id": "close-2",
            "text": "お言葉が続きましたので、これでお電話を終了いたします。"
            "ご用件は、書面か担当課の窓口で承ります。",
            "note": max(notes, key=len),
            "step": "close",
            "category": None,
            "draft": True,
        },
    )

    await expect(screen.find("#say-note")).to_have_text(max(notes, key=len))
    assert await screen.evaluate(
        "((e) => e.scrollHeight <= e.clientHeight + 1)(document.getElementById('say-note'))"
    )
    for place in ("#say-text", "#said", "#say-note", ".alert:nth-child(3) .alert-why"):
        await expect(screen.find(place)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
async def test_a_long_sentence_with_its_note_leaves_room_for_three_alerts(
    screen: Screen, size: tuple[int, int]
) -> None:
    await screen.page.set_viewport_size({"width": size[0], "height": size[1]})
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find(".alert")).to_have_count(3)

    screen.preview.tell(
        "script.suggested",
        CALL,
        {
            "script_id": "close-1",
            "text": SENTENCE_OF_TWO_BREATHS,
            "note": "終了の前に、理由を一度だけお伝えします",
            "step": "close",
            "category": None,
            "draft": True,
        },
    )

    await expect(screen.find("#say-text")).to_contain_text("失礼いたします。")
    await expect(screen.find("#say-note")).to_have_text("終了の前に、理由を一度だけお伝えします")
    for place in ("#ladder", "#say-text", "#said", "#say-note", ".alert:nth-child(3) .alert-why"):
        await expect(screen.find(place)).to_be_in_viewport(ratio=1)
    cut = await screen.evaluate(
        "(([t, b]) => t.bottom > b.top + 1)(['say-text', 'say-buttons']"
        ".map((id) => document.getElementById(id).getBoundingClientRect()))"
    )
    assert cut is False


# Who looks, and how


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR])
async def test_who_only_looks_sees_the_same_and_is_not_told_of_each_warning(
    screen: Screen, role: Role
) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, login="tanaka", role=role, user_id=2)
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find("[aria-current='step']")).to_have_attribute("data-step", "warn")

    screen.preview.tell("warning.spoken", CALL, {"count": 2, "limit": 3, "at_ms": 83_000})

    await expect(screen.find("#warnings-gauge")).to_contain_text("2/3回")
    await expect(screen.find("#toast")).to_be_hidden()
    await screen.find("#warnings-open").click()
    await expect(screen.find("#proof .proof-count")).to_have_count(2)


@pytest.mark.parametrize("scene", ["level2", "demand", "welfare", "ended"])
async def test_nothing_is_cut_off_in_the_dark_on_a_small_screen(
    browser: Browser, screen: Screen, scene: str
) -> None:
    context = await browser.new_context(
        viewport={"width": 1024, "height": 768}, color_scheme="dark", reduced_motion="reduce"
    )
    page = await context.new_page()
    screen.preview.play(scene)

    await page.goto(f"{screen.preview.address}/calls/{CALL}")
    await expect(
        page.locator(".rung[data-standing='done'], #ladder-alone:visible").first
    ).to_be_visible()

    cut = await page.evaluate(
        """[...document.querySelectorAll(".ladder, .rung, .gauges .gauge, .gauges dd, .demands")]
          .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map((e) => e.className)"""
    )
    assert cut == []
    assert await page.evaluate("document.getAnimations().length") == 0
    await context.close()


async def test_every_gauge_that_opens_is_large_enough_to_hit(screen: Screen) -> None:
    screen.preview.play("demand")
    await screen.open_call()
    await expect(screen.find("#elapsed-open")).to_be_visible()

    small = await screen.evaluate(
        """[...document.querySelectorAll(".gauge-open, .to-line")].filter((b) => b.checkVisibility())
          .map((b) => b.getBoundingClientRect()).filter((r) => r.height < 44 || r.width < 44).length"""
    )

    assert small == 0
