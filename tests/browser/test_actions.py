"""Glue: what a person does on the operator's screen: help, 言った, 誤検知, copy, by mouse and by key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import Route, expect

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
    await expect(screen.find("mark.dismissed")).to_have_css("border-top-width", "0px")
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


@pytest.mark.parametrize("by", ["mouse", "key"])
async def test_a_double_press_means_one_alert_and_not_the_next_one_too(
    screen: Screen, by: str
) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await expect(screen.find(".alert")).to_have_count(3)

    if by == "mouse":
        box = await screen.find(".alert-wrong").first.bounding_box()
        assert box is not None
        await screen.page.mouse.dblclick(box["x"] + 20, box["y"] + 20, delay=60)
    else:
        await screen.page.keyboard.press("f", delay=60)
        await screen.page.keyboard.press("f", delay=60)
    await screen.press("h")

    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    sent = [path for _, path in screen.preview.theatre.stage.requests]
    assert sent == ["/v1/alerts/a-mental_attack/false-alarm", f"/v1/calls/{CALL}/help"]
    await expect(screen.find(".alert")).to_have_count(2)


async def test_a_button_that_takes_a_false_alarm_back_stays_while_the_call_goes_on(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    screen.preview.portal.call(
        lambda: screen.preview.theatre.stage.mark_false("a-mental_attack", false_alarm=True)
    )
    await screen.open_call()
    await screen.find("#dismissed-word").click()
    await screen.find("#dismissed-list button").focus()

    screen.preview.tell("level.changed", CALL, {"level": 1, "outcome": "harassment_suspected"})

    await expect(screen.find("#level-word")).to_have_text("注意")
    await expect(screen.find("#dismissed-list button")).to_be_focused()


async def test_an_answer_that_broke_off_is_told_as_one_that_never_came(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()
    await screen.page.route("**/v1/broken", lambda route: route.fulfill(status=200, body="{"))

    told = await screen.evaluate(
        """async () => {
          const { read, send } = await import("/static/js/api.js");
          const asked = [read("/v1/broken"), send("POST", "/v1/broken", {}, { attempts: 1 })];
          return (await Promise.allSettled(asked)).map(({ reason }) => [reason.status, reason.message]);
        }"""
    )

    assert told == [[0, "サーバーに届きませんでした"]] * 2


SNAPSHOT = """async () => {
  const { fromSnapshot, reduce } = await import("/static/js/state.js");
  const at = "2026-04-06T04:00:00.123456+00:00";
  const finding = { category: "persistence", rule: "r", start: 0, end: 2, severity: 1 };
  const gap = { track: "caller", start_ms: 9_000, end_ms: 12_000, reason: "overload" };
  const state = fromSnapshot({
    call: { level: 0 }, alerts: [], script: null, seq: 4, gaps: [gap],
    utterances: [
      { utterance_id: "u", track: "caller", start_ms: 0, end_ms: 2_000, text: "また", doubts: [], findings: [finding] },
    ],
    notes: [{ kind: "missed_marked", text: "", by: "sato", at }],
  });
  const after = [
    { seq: 5, type: "finding", data: { utterance_id: "u", ...finding } },
    { seq: 6, type: "gap", data: gap },
    { seq: 7, type: "note", at: "2026-04-06T04:00:00.123Z", data: { kind: "missed_marked", by: "sato" } },
    { seq: 8, type: "finding", data: { utterance_id: "u", ...finding, start: 1 } },
  ].reduce(reduce, state);
  const { lines, deeds, seq } = after;
  return { lines: lines.length, findings: lines[0].findings.length, deeds: deeds.length, seq };
}"""


async def test_what_the_snapshot_holds_already_is_not_taken_twice(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()

    found = await screen.evaluate(SNAPSHOT)

    assert found == {"lines": 2, "findings": 2, "deeds": 1, "seq": 8}


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


async def test_a_page_that_is_out_of_date_says_so_instead_of_asking_for_another_press(
    screen: Screen,
) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("level2")
    await screen.open_call()
    why = "画面の有効期限が切れました。ページを読み込み直して、もう一度お試しください。"
    refusal = {"code": "csrf_refused", "message": why}

    async def refused(route: Route) -> None:
        await route.fulfill(status=403, json=refusal)

    for path in ("script-used", "false-alarm", "help"):
        await screen.page.route(f"**/{path}", refused)
    await screen.press("s")
    await expect(screen.find("#say-done")).to_have_text(why)
    await screen.press("f")
    await expect(screen.find("#toast-word")).to_have_text(why)
    await screen.press("h")

    await expect(screen.find("#help-state")).to_have_text(
        "応援要請を送れませんでした。内線で上司を呼ぶか、近くの職員に声をかけてください。"
        "(ページを読み込み直すと、また使えます)"
    )


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


async def test_what_was_done_stands_there_again_after_a_copy(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await screen.press("s")
    await expect(screen.find("#say-done")).to_have_text("お伝え済み(1回)")

    await screen.press("c")

    await expect(screen.find("#say-done")).to_have_text("コピーしました")
    await expect(screen.find("#say-done")).to_have_text("お伝え済み(1回)")


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
    await screen.find("#help").click()
    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    assert screen.preview.theatre.stage.requests == [("POST", f"/v1/calls/{CALL}/help")]
    await expect(screen.find(".alert")).to_have_count(3)


async def test_a_key_with_a_modifier_is_left_to_the_browser(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()

    await screen.press("Control+c")
    await screen.press("Shift+F")

    await screen.press("h")
    await expect(screen.find("#help-word")).to_have_text("応援要請中")
    assert screen.preview.theatre.stage.requests == [("POST", f"/v1/calls/{CALL}/help")]
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
