"""Glue: joining on the call's page, state by state: the supervisor's panel and what the operator reads of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anyio
import pytest
from playwright.async_api import Route, expect

from app.auth.identity import Role
from tests.browser.parts.joining import INSTRUCTIONS, RINGS
from tests.browser.preview import OPERATOR, Preview
from tests.browser.scenes import CALL
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

TANAKA = replace(
    OPERATOR, login="tanaka", display_name="田中 一郎", role=Role.SUPERVISOR, user_id=2
)
TANAKA_THERE = {"login": "tanaka", "display_name": "田中 一郎", "listening": True}
MORI_THERE = {"login": "mori", "display_name": "森 光", "listening": False}


@pytest.fixture
def supervisor(screen: Screen) -> Screen:
    screen.preview.theatre.identity = TANAKA
    return screen


def of_call(preview: Preview, **facts: Any) -> None:
    preview.theatre.stage.calls[CALL]["call"].update(facts)


def note(preview: Preview, note_id: int, text: str) -> None:
    by = {"by": "tanaka", "display_name": "田中 一郎"}
    preview.tell("note", CALL, {"kind": "supervisor_note", "note_id": note_id, "text": text, **by})


def ask(preview: Preview, kind: str, request_id: int) -> None:
    by = {"by": "tanaka", "display_name": "田中 一郎", "text": ""}
    preview.tell("note", CALL, {"kind": f"{kind}_asked", "request_id": request_id, **by})


def sent(preview: Preview, ending: str) -> int:
    return sum(path.endswith(ending) for _, path in preview.theatre.stage.requests)


async def joins(screen: Screen) -> None:
    await screen.find("#join").click()
    await expect(screen.find("#sound-state")).to_have_attribute("data-state", "listening")
    await expect(screen.find("#leave")).to_be_visible()


async def held_back(screen: Screen, path: str, method: str) -> anyio.Event:
    """Let requests wait on their way until the event is set."""
    held = anyio.Event()

    async def wait(route: Route) -> None:
        if route.request.method == method:
            await held.wait()
        await route.continue_()

    await screen.page.route(path, wait)
    return held


# The supervisor: coming, hearing, leaving


async def test_the_panel_is_open_by_itself_for_supervisors_and_closed_for_operators(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await expect(supervisor.find("#panel-joining")).to_be_visible()
    await expect(supervisor.find("#sound-state")).to_have_text("まだ加わっていません")

    preview.theatre.identity = OPERATOR
    await supervisor.open_call()

    await expect(supervisor.find("#panel-joining")).to_be_hidden()
    await expect(supervisor.find("#join")).to_have_count(0)


async def test_who_comes_to_listen_finds_the_button_focused_and_why_it_must_be_pressed(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.page.goto(f"{preview.address}/calls/{CALL}?listen=1")

    await expect(supervisor.find("#join")).to_be_focused()
    await expect(supervisor.find("#join-hint")).to_contain_text("一度押してください")


async def test_one_click_joins_and_brings_the_sound_of_both_tracks(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()

    await joins(supervisor)

    await expect(supervisor.find("#sound-behind")).to_contain_text("ミリ秒の遅れ")
    for track in ("caller", "operator"):
        await expect(supervisor.find(f"#voice-{track}")).to_have_text("声あり")
        await expect(supervisor.find(f"#meter-{track}")).not_to_have_attribute("data-steps", "0")
    await expect(supervisor.find("#joining-there")).to_have_text("あなたが聞いています")
    await expect(supervisor.find("#sound-switch")).to_be_focused()


async def test_the_sound_is_stopped_and_taken_up_again_by_one_key_and_the_person_stays(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await supervisor.press("j")
    await expect(supervisor.find("#sound-state")).to_have_attribute("data-state", "listening")
    await expect(supervisor.find("#leave")).to_be_visible()

    await supervisor.press("l")
    await expect(supervisor.find("#sound-state")).to_have_text("音は止めています")
    await expect(supervisor.find("#joining-there")).to_have_text("あなたが画面で見ています")
    await expect(supervisor.find("#voice-caller")).to_have_text("静か")
    await supervisor.press("l")

    await expect(supervisor.find("#sound-state")).to_have_attribute("data-state", "listening")


async def test_who_leaves_is_there_no_more_and_may_come_again(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await joins(supervisor)

    await supervisor.find("#leave").click()

    await expect(supervisor.find("#joining-there")).to_have_text("加わっている監督者はいません")
    await expect(supervisor.find("#join")).to_be_focused()
    await expect(supervisor.find("#sound")).to_be_hidden()
    assert ("DELETE", f"/v1/calls/{CALL}/joined") in preview.theatre.stage.requests


async def test_each_track_can_be_silenced_and_the_volume_is_remembered(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await joins(supervisor)

    await supervisor.find("#hear-caller").uncheck()
    await supervisor.find("#volume").fill("50")
    await supervisor.page.reload()

    await expect(supervisor.find("#volume")).to_have_value("50")
    await expect(supervisor.find("#leave")).to_be_visible()
    await expect(supervisor.find("#sound-state")).to_have_text("音は止めています")


async def test_what_is_pressed_while_joining_is_not_lost(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    held = await held_back(supervisor, "**/joined", "POST")
    await supervisor.find("#join").click()
    await expect(supervisor.find("#leave")).to_be_visible()  # by the sound, which is quicker

    await supervisor.find("#leave").click()
    held.set()

    await expect(supervisor.find("#join")).to_be_visible()
    await expect(supervisor.find("#joining-there")).to_have_text("加わっている監督者はいません")
    asked = [method for method, path in preview.theatre.stage.requests if path.endswith("/joined")]
    assert asked == ["POST", "DELETE"]


async def test_a_request_that_is_clicked_twice_is_sent_once(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await joins(supervisor)

    await supervisor.find("#ask-take_over").dblclick()

    await expect(supervisor.find("#ask-take_over-state")).to_have_text("お願いしています")
    await expect(supervisor.find("#joining-told")).to_be_empty()
    assert sent(preview, "/requests") == 1


async def test_who_could_not_join_hears_nothing_and_is_told(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    preview.theatre.stage.failing["/joined"] = 3
    supervisor.forgive_lost_sockets_and_refusals()
    await supervisor.open_call()

    await supervisor.find("#join").click()

    await expect(supervisor.find("#joining-told")).to_contain_text("加われませんでした")
    await expect(supervisor.find("#sound-state")).not_to_have_attribute("data-state", "listening")


async def test_a_server_that_is_not_reached_is_said_with_what_to_do(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    supervisor.forgive_lost_sockets_and_refusals()
    await supervisor.open_call()
    await joins(supervisor)
    await supervisor.page.route("**/requests", lambda route: route.abort())

    await supervisor.find("#ask-take_over").click()

    await expect(supervisor.find("#joining-told")).to_have_text(
        "お願いを送れませんでした。もう一度お試しください。"
    )


async def test_everybody_sees_who_else_is_there(supervisor: Screen, preview: Preview) -> None:
    preview.play("level2")
    preview.tell("supervisor.joined", CALL, MORI_THERE)
    await supervisor.open_call()
    await expect(supervisor.find("#joining-there")).to_have_text("森 光さんが画面で見ています")
    await expect(supervisor.find("[data-panel='joining'] .panel-badge")).to_have_text("1")

    preview.tell("supervisor.joined", CALL, {**MORI_THERE, "listening": True})
    await expect(supervisor.find("#joining-there")).to_have_text("森 光さんが聞いています")
    preview.tell("supervisor.left", CALL, {**MORI_THERE, "because": "closed"})

    await expect(supervisor.find("#joining-there")).to_have_text("加わっている監督者はいません")


# The supervisor: notes and requests


async def test_a_note_goes_with_enter_and_its_reading_is_shown(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await supervisor.press("n")
    await expect(supervisor.find("#note")).to_be_focused()
    await supervisor.page.keyboard.type("課長に")
    await supervisor.press("Shift+Enter")
    await supervisor.page.keyboard.type("伝えました。")
    await supervisor.press("Enter")

    await expect(supervisor.find(".joining-note-text")).to_have_text("課長に\n伝えました。")
    await expect(supervisor.find(".joining-note-state")).to_have_text("届きました")
    await expect(supervisor.find("#note")).to_have_value("")
    note_id = preview.theatre.stage.log[-1]["data"]["note_id"]
    preview.tell("note", CALL, {"kind": "supervisor_note_seen", "note_id": note_id, "by": "sato"})

    await expect(supervisor.find(".joining-note-state")).to_contain_text("職員が確認")


async def test_enter_that_ends_a_conversion_sends_nothing(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await supervisor.find("#note").fill("きく")

    await supervisor.evaluate(
        "document.getElementById('note').dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    await supervisor.find(".quick-phrase").first.click()

    await expect(supervisor.find(".joining-note-text")).to_have_text(
        "聞いています。落ち着いて続けてください。"
    )
    await expect(supervisor.find("#note")).to_have_value("きく")
    assert sent(preview, "/notes") == 1


async def test_what_is_written_while_a_note_is_on_its_way_is_kept(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    held = await held_back(supervisor, "**/notes", "POST")
    await supervisor.find("#note").fill("課長に伝えました。")
    await supervisor.press("Enter")
    await expect(supervisor.find("#note-send")).to_have_attribute("aria-disabled", "true")

    await supervisor.page.keyboard.type("次に")
    held.set()

    await expect(supervisor.find("#note-told")).to_have_text("届きました")
    await expect(supervisor.find("#note")).to_have_value("次に")


async def test_a_note_that_is_too_long_is_refused_with_the_servers_reason_and_kept(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    supervisor.forgive_lost_sockets_and_refusals()
    await supervisor.open_call()
    await supervisor.find("#note").fill("あ" * 10_000)
    await expect(supervisor.find("#note-count")).to_have_text("10000/500字")
    await expect(supervisor.find("#note")).to_have_attribute("aria-invalid", "true")

    await supervisor.find("#note-send").click()

    await expect(supervisor.find("#note-told")).to_have_text(
        "メモは500字までです(10000字あります)。短くして送ってください。"
    )
    await expect(supervisor.find("#note")).to_have_value("あ" * 10_000)


async def test_a_request_says_how_it_stands_until_the_telephone_is_told_of(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await expect(supervisor.find("#ask-take_over")).to_be_hidden()
    await joins(supervisor)
    state = supervisor.find("#ask-take_over-state")

    await supervisor.find("#ask-take_over").click()
    await expect(state).to_have_text("お願いしています")
    request_id = preview.theatre.stage.log[-1]["data"]["request_id"]
    by = {"by": "sato", "text": "", "request_id": request_id}
    preview.tell("note", CALL, {"kind": "take_over_accepted", **by})
    await expect(state).to_have_text("受けました")
    told = {"kind": "telephone_instructions", **by, "text": INSTRUCTIONS}
    preview.tell("note", CALL, told)

    await expect(state).to_have_text("受けました。電話機でつなぐ手順:")
    await expect(supervisor.find("#ask-take_over-steps")).to_contain_text("つなぎます。")


async def test_where_a_telephone_will_ring_it_is_asked_first_and_the_way_out_has_the_focus(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    of_call(preview, **{RINGS: True})
    await supervisor.open_call()
    await joins(supervisor)

    await supervisor.find("#ask-three_way").click()
    await expect(supervisor.find("#ring-no")).to_be_focused()
    await expect(supervisor.find("#ring-what")).to_contain_text("電話機が鳴ります")
    await supervisor.press("Enter")
    await expect(supervisor.find("#ring")).to_be_hidden()
    declined = sent(preview, "/requests")
    await supervisor.find("#ask-three_way").click()
    await supervisor.find("#ring-yes").click()

    await expect(supervisor.find("#ask-three_way-state")).to_have_text("お願いしています")
    assert (declined, sent(preview, "/requests")) == (0, 1)


async def test_after_the_call_the_panel_says_who_was_there_and_what_was_written(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    preview.tell("supervisor.joined", CALL, MORI_THERE)
    preview.tell("supervisor.left", CALL, {**MORI_THERE, "because": "left"})
    preview.tell("supervisor.joined", CALL, TANAKA_THERE)
    note(preview, 900, "課長に伝えました。")
    await supervisor.open_call()

    preview.tell("call.ended", CALL, {"reason": "hangup", "duration_ms": 90_000, "top_level": 2})
    preview.tell("supervisor.left", CALL, {**TANAKA_THERE, "because": "call_ended"})

    await expect(supervisor.find("#joining-live")).to_be_hidden()
    await expect(supervisor.find("#joining-stays li")).to_have_count(2)
    await expect(supervisor.find("#joining-stays")).to_contain_text("あなた (通話の終了まで)")
    await expect(supervisor.find("#joining-stays")).to_contain_text("森 光さん (途中で抜けました)")
    await expect(supervisor.find(".joining-note-text")).to_have_text("課長に伝えました。")


async def test_a_supervisor_reads_the_panel_in_english(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.page.context.add_cookies(
        [{"name": "mimamori_language", "value": "en", "url": preview.address}]
    )
    await supervisor.open_call()
    await expect(supervisor.find("#join")).to_contain_text("Join and listen")

    await joins(supervisor)

    await expect(supervisor.find("#sound-state")).to_have_text("Listening")
    await expect(supervisor.find("#joining-there")).to_have_text("Listening: You")


# The operator


async def test_the_operator_is_told_who_listens_and_when_they_have_gone(
    screen: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await screen.open_call()
    await expect(screen.find("#from-supervisor")).to_be_hidden()

    preview.tell("supervisor.joined", CALL, TANAKA_THERE)
    await expect(screen.find("#from-there")).to_have_text("田中 一郎さんが聞いています")
    await expect(screen.find("#from-polite")).to_have_text("田中 一郎さんが聞いています")
    preview.tell("supervisor.left", CALL, {**TANAKA_THERE, "because": "left"})

    await expect(screen.find("#from-there")).to_have_text("いま聞いている監督者はいません")
    await expect(screen.find("#from-polite")).to_have_text("監督者は抜けました")


async def test_the_newest_note_stands_alone_until_it_is_confirmed_and_earlier_ones_are_folded(
    screen: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await screen.open_call()
    note(preview, 901, "聞いています。")
    note(preview, 902, "課長に伝えました。")

    await expect(screen.find("#from-text")).to_have_text("課長に伝えました。")
    await expect(screen.find("#from-earlier-word")).to_have_text("ほかのメモ 1件(未確認1)")
    await expect(screen.find("#from-polite")).to_have_text("監督者からのメモ。課長に伝えました。")
    await screen.press("k")
    await expect(screen.find("#from-text")).to_have_text("聞いています。")
    await screen.find("#from-confirm").click()
    await expect(screen.find("#from-text")).to_have_text("課長に伝えました。")
    await expect(screen.find("#from-meta")).to_contain_text("確認済み")
    await screen.find("#from-earlier-word").click()

    await expect(screen.find("#from-earlier-list li")).to_have_count(1)
    await expect(screen.find("#from-confirm")).to_be_hidden()
    assert sent(preview, "/seen") == 2


async def test_nothing_moves_when_a_note_or_a_request_comes_while_somebody_is_there(
    screen: Screen, preview: Preview
) -> None:
    places = """() => ["#say", ".alerts", "#from-supervisor"].map((selector) => {
      const { x, y, height } = document.querySelector(selector).getBoundingClientRect();
      return [x, y, height];
    })"""
    preview.play("level2")
    preview.tell("supervisor.joined", CALL, TANAKA_THERE)
    await screen.open_call()
    await expect(screen.find("#from-there")).to_be_visible()
    before = await screen.page.evaluate(places)

    note(preview, 901, "終話のことばをお伝えして、電話を終えてかまいません。" * 6)
    await expect(screen.find("#from-confirm")).to_be_visible()
    with_note = await screen.page.evaluate(places)
    ask(preview, "take_over", 902)
    await expect(screen.find("#from-yes")).to_be_visible()
    with_request = await screen.page.evaluate(places)

    assert before == with_note == with_request


@pytest.mark.parametrize(
    ("kind", "question", "yes"),
    [
        ("take_over", "代わってもらいますか。", "代わってもらう"),
        ("three_way", "入ってもらいますか。", "入ってもらう"),
    ],
)
async def test_a_request_is_a_question_and_its_answer_leads_to_plain_steps(
    screen: Screen, preview: Preview, kind: str, question: str, yes: str
) -> None:
    preview.play("level2")
    note(preview, 900, "課長に伝えました。")
    await screen.open_call()
    ask(preview, kind, 901)
    await expect(screen.find("#from-text")).to_contain_text(question)
    await expect(screen.find("#from-yes")).to_have_text(yes)

    await screen.find("#from-yes").click()
    await expect(screen.find("#from-text")).to_have_text("電話機でつないでください")
    await expect(screen.find("#from-steps li")).to_have_count(4)
    await screen.find("#from-close").click()

    await expect(screen.find("#from-text")).to_have_text("課長に伝えました。")
    assert sent(preview, "/answer") == 1


async def test_a_declined_request_is_gone_and_one_that_was_withdrawn_too(
    screen: Screen, preview: Preview
) -> None:
    preview.play("level2")
    preview.tell("supervisor.joined", CALL, TANAKA_THERE)
    await screen.open_call()
    ask(preview, "take_over", 901)
    await screen.find("#from-no").click()
    await expect(screen.find("#from-text")).to_contain_text("ここに出ます")

    ask(preview, "three_way", 902)
    await expect(screen.find("#from-yes")).to_be_visible()
    preview.tell("supervisor.left", CALL, {**TANAKA_THERE, "because": "left"})

    await expect(screen.find("#from-yes")).to_be_hidden()


async def test_until_an_answer_is_known_it_cannot_be_given_a_second_time(
    screen: Screen, preview: Preview
) -> None:
    preview.play("level2")
    screen.forgive_lost_sockets_and_refusals()
    await screen.open_call()
    ask(preview, "three_way", 901)
    await expect(screen.find("#from-no")).to_be_visible()
    preview.theatre.refusing = True  # the answer is known by asking alone
    preview.cut_sockets()
    held = await held_back(screen, "**/joined", "GET")

    async with screen.page.expect_request("**/joined"):
        await screen.find("#from-no").click()
    await expect(screen.find("#from-no")).to_have_attribute("aria-disabled", "true")
    await screen.find("#from-no").dispatch_event("click")
    held.set()

    await expect(screen.find("#from-no")).to_be_hidden()
    assert sent(preview, "/answer") == 1


async def test_an_answer_that_could_not_be_sent_can_be_sent_again(
    screen: Screen, preview: Preview
) -> None:
    preview.play("level2")
    screen.forgive_lost_sockets_and_refusals()
    await screen.open_call()
    ask(preview, "take_over", 901)
    preview.theatre.stage.failing["/answer"] = 1
    await screen.find("#from-yes").click()
    await expect(screen.find("#from-state")).to_contain_text("送れませんでした")

    await screen.find("#from-yes").click()

    await expect(screen.find("#from-steps li")).to_have_count(4)


async def test_a_screen_that_was_away_comes_back_with_everything(
    screen: Screen, preview: Preview
) -> None:
    preview.play("level2")
    screen.forgive_lost_sockets_and_refusals()
    await screen.open_call()
    preview.theatre.refusing = True
    preview.cut_sockets()
    await expect(screen.find("#link")).to_have_attribute("data-state", "waiting")
    preview.tell("supervisor.joined", CALL, TANAKA_THERE)
    note(preview, 901, "課長に伝えました。")
    preview.theatre.refusing = False

    await expect(screen.find("#from-there")).to_have_text("田中 一郎さんが聞いています")
    await expect(screen.find("#from-text")).to_have_text("課長に伝えました。")


# What is known, apart from any page

TOLD_TWICE = """async (told) => {
  const { joiningFrom, joiningAfter } = await import("/static/js/joining-state.js");
  const empty = { seq: 1, people: [], stays: [], notes: [], requests: [], answered: [] };
  const read = joiningFrom({ ...empty, telephone_rings: false, quick_phrases: [] });
  const once = told.reduce(joiningAfter, read);
  return [JSON.stringify(told.reduce(joiningAfter, once)) === JSON.stringify(once), once];
}"""


async def test_what_is_told_twice_or_was_read_already_counts_once(
    screen: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await screen.open_list()
    by = {"by": "tanaka", "display_name": "田中 一郎", "text": ""}
    told = [
        {"type": "supervisor.left", "data": {**MORI_THERE, "because": "left"}},
        {"type": "supervisor.joined", "data": TANAKA_THERE},
        {"type": "supervisor.joined", "data": {**TANAKA_THERE, "listening": False}},
        {"type": "note", "data": {"kind": "supervisor_note", "note_id": 7, **by}},
        {"type": "note", "data": {"kind": "supervisor_note_seen", "note_id": 7, "by": "sato"}},
        {"type": "note", "data": {"kind": "take_over_asked", "request_id": 3, **by}},
        {"type": "note", "data": {"kind": "help_requested", **by}},
        {"type": "supervisor.left", "data": {**TANAKA_THERE, "because": "closed"}},
    ]
    events = [
        {**event, "seq": seq, "at": f"2026-04-01T10:00:0{seq}.000Z"}
        for seq, event in enumerate(told, start=1)
    ]

    same, known = await screen.page.evaluate(TOLD_TWICE, events)

    assert same
    assert known["people"] == []
    assert [(stay["login"], stay["because"]) for stay in known["stays"]] == [("tanaka", "closed")]
    assert [bool(one["seen_at"]) for one in known["notes"]] == [True]
    assert [one["state"] for one in known["requests"]] == ["withdrawn"]
