"""Glue: what a person does on the operator's screen: help, 言った, 誤検知, copy, by mouse and by key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import expect

from app.auth.identity import Role
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, Talk
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_false_alarm_goes_and_comes_back(screen: Screen) -> None:
    screen.preview.play("level1")
    await screen.open_call()

    await screen.find(".alert-wrong").click()

    await expect(screen.find(".alert")).to_have_count(0)
    await expect(screen.find("mark.dismissed")).to_have_text("ふざけるな")
    await expect(screen.find("#toast")).to_contain_text("誤検知として記録しました")
    await screen.find("#toast-button").click()
    await expect(screen.find(".alert")).to_have_count(1)
    await expect(screen.find("mark.dismissed")).to_have_count(0)
    assert screen.preview.theatre.stage.requests == [
        ("POST", "/v1/alerts/a-mental_attack/false-alarm"),
        ("DELETE", "/v1/alerts/a-mental_attack/false-alarm"),
    ]


async def test_a_false_alarm_can_be_undone_long_after_its_message_has_gone(screen: Screen) -> None:
    screen.preview.play("level1")
    screen.preview.portal.call(
        lambda: screen.preview.theatre.stage.mark_false("a-mental_attack", false_alarm=True)
    )
    await screen.open_call()
    await screen.find("#dismissed-word").click()

    await screen.find("#dismissed-list button").click()

    await expect(screen.find(".alert")).to_have_count(1)


async def test_a_false_alarm_that_could_not_be_stored_is_shown_again(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("level1")
    screen.preview.theatre.stage.failing["/false-alarm"] = 9
    await screen.open_call()

    await screen.find(".alert-wrong").click()

    await expect(screen.find("#toast")).to_contain_text("記録できませんでした")
    await expect(screen.find(".alert")).to_have_count(1)


async def test_help_is_asked_for_and_withdrawn(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    await screen.find("#help").click()

    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    await screen.find("#help-withdraw").click()
    await expect(screen.find("#help-word")).to_have_text("応援を呼ぶ")
    assert screen.preview.theatre.stage.requests == [
        ("POST", f"/v1/calls/{CALL}/help"),
        ("DELETE", f"/v1/calls/{CALL}/help"),
    ]


async def test_help_works_while_the_event_socket_is_lost(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("down")
    await screen.open_call()
    screen.preview.theatre.refusing = True
    screen.preview.cut_sockets()
    await expect(screen.find("#link-word")).to_have_text("再接続中…")

    await screen.press("h")

    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    assert screen.preview.theatre.stage.requests == [("POST", f"/v1/calls/{CALL}/help")]


async def test_help_is_sent_again_when_the_first_try_fails(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("level2")
    screen.preview.theatre.stage.failing["/help"] = 1
    await screen.open_call()

    await screen.find("#help").click()

    await expect(screen.find("#help-word")).to_have_text("応援要請中")


async def test_help_that_does_not_get_through_says_what_to_do_instead(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("level2")
    screen.preview.theatre.stage.failing["/help"] = 9
    await screen.open_call()

    await screen.find("#help").click()

    await expect(screen.find("#help-state")).to_have_text(
        "応援要請を送れませんでした。内線で上司を呼ぶか、近くの職員に声をかけてください。"
    )
    await expect(screen.find("#help-word")).to_have_text("応援を呼ぶ")


async def test_the_sentence_is_reported_as_said(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    await screen.press("s")

    await expect(screen.find("#say-done")).to_have_text("お伝え済み(1回)")
    assert screen.preview.theatre.stage.requests == [("POST", f"/v1/calls/{CALL}/script-used")]


async def test_the_sentence_is_copied_without_its_quotation_marks(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()

    await screen.press("c")

    await expect(screen.find("#say-done")).to_have_text("コピーしました")
    copied = await screen.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("ただいまのお言葉は、")
    assert copied.endswith("通報することがあります。")


async def test_the_key_for_a_false_alarm_means_the_alert_that_holds_the_focus(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await screen.find("[data-alert-id='a-persistence'] .alert-wrong").focus()

    await screen.press("f")

    await expect(screen.find("[data-alert-id='a-persistence']")).to_have_count(0)
    await expect(screen.find(".alert")).to_have_count(2)


async def test_keys_can_be_switched_off_and_stay_off(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await screen.find("#key-switch").click()
    await screen.page.reload()
    await screen.is_linked()

    await screen.press("f")
    await screen.press("h")

    await expect(screen.find("#key-switch")).to_have_text("キー操作:オフ")
    await expect(screen.find(".alert")).to_have_count(3)
    await expect(screen.find("#help-word")).to_have_text("応援を呼ぶ")


async def test_a_key_with_a_modifier_is_left_to_the_browser(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    await screen.press("Control+c")
    await screen.press("Shift+F")

    await expect(screen.find(".alert")).to_have_count(3)
    await expect(screen.find("#say-done")).to_have_text("")


async def test_everything_can_be_reached_and_seen_by_keyboard(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    reached = []

    for _ in range(20):
        await screen.press("Tab")
        reached.append(
            await screen.evaluate(
                """(() => { const e = document.activeElement;
                  return [e === document.body ? "" : e.id || e.className, getComputedStyle(e).outlineStyle] })()"""
            )
        )

    names = [name for name, _ in reached]
    for wanted in ("help", "said", "copy", "talk-scroll", "key-switch"):
        assert wanted in names
    assert sum("alert-wrong" in name for name in names) == 3
    assert {outline for name, outline in reached if name} == {"solid"}


async def test_an_auditor_sees_the_call_without_any_button_that_changes_it(
    screen: Screen,
) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, role=Role.AUDITOR)
    screen.preview.play("ended")

    await screen.open_call()

    await expect(screen.find(".alert")).to_have_count(3)
    await expect(screen.find(".alert-wrong")).to_have_count(0)
    await expect(screen.find("#help")).to_have_count(0)


async def test_the_auditor_sees_rule_and_score_and_the_operator_does_not(screen: Screen) -> None:
    screen.preview.play("ended")
    await screen.open_call()
    await expect(screen.find(".line").first).to_be_visible()
    assert await screen.find(".evidence").count() == 0

    screen.preview.theatre.identity = replace(OPERATOR, role=Role.AUDITOR)
    await screen.open_call()

    await expect(screen.find(".evidence").first).to_contain_text("規則 lexicon:mental_attack.1")
    await expect(screen.find(".evidence").first).to_contain_text("確からしさ 90%")


async def test_a_supervisor_answers_a_call_for_help_and_speaks_no_sentence(screen: Screen) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, login="kacho", role=Role.SUPERVISOR)
    screen.preview.play("help")
    await screen.open_call()
    await expect(screen.find("#help-seen")).to_have_text("応援要請中")
    await expect(screen.find("#whose")).to_have_text("道路管理課 / sato")
    await expect(screen.find("#said")).to_have_count(0)
    await screen.press("h")
    await screen.press("s")

    await screen.find("#help-withdraw").click()

    await expect(screen.find("#help-seen")).to_have_text("応援要請なし")
    await expect(screen.find("#help-withdraw")).to_be_hidden()
    assert screen.preview.theatre.stage.requests == [("DELETE", f"/v1/calls/{CALL}/help")]


async def test_who_called_for_help_learns_that_somebody_has_seen_it(screen: Screen) -> None:
    screen.preview.play("help")
    await screen.open_call()

    screen.preview.tell("note", CALL, {"kind": "help_withdrawn", "text": "", "by": "kacho"})

    await expect(screen.find("#toast")).to_contain_text("対応済み")
    await expect(screen.find("#help-word")).to_have_text("応援を呼ぶ")


async def test_after_a_warning_the_operator_waits_for_the_answer(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    screen.preview.portal.call(
        Talk(screen.preview.theatre.stage).suggests, "listen", "", "mental_attack"
    )

    await expect(screen.find("#say-text")).to_contain_text("お返事を待って")
