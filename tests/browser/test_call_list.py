"""Glue: the list of calls in a real browser."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Route, expect

from app.auth.identity import Role
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, Talk
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_an_empty_list_says_what_it_waits_for(screen: Screen) -> None:
    await screen.open_list()

    await expect(screen.find("#live-empty")).to_contain_text("通話を待っています")
    await expect(screen.find("#past-empty")).to_be_visible()


async def test_rows_change_in_place(screen: Screen) -> None:
    screen.preview.play("list")
    await screen.open_list()
    rows = "#live tr"
    before = [await row.get_attribute("data-call-id") for row in await screen.find(rows).all()]

    screen.preview.tell("level.changed", "c-2", {"level": 2, "outcome": "harassment_suspected"})
    screen.preview.portal.call(
        Talk(screen.preview.theatre.stage, "c-2").says, "caller", "0:50", "いいから早くしろ。"
    )

    row = screen.find("[data-call-id='c-2']")
    await expect(row).to_contain_text("警告")
    await expect(row).to_contain_text("いいから早くしろ。")
    after = [await row.get_attribute("data-call-id") for row in await screen.find(rows).all()]
    assert after == before == [CALL, "c-2"]


async def test_a_call_for_help_stands_above_the_list(screen: Screen) -> None:
    screen.preview.play("list")
    await screen.open_list()

    screen.preview.tell("note", "c-2", {"kind": "help_requested", "text": "", "by": "suzuki"})

    await expect(screen.find("#help-summary")).to_have_text("応援要請 2件:sato、suzuki")


async def test_an_ended_call_moves_to_the_ended_ones(screen: Screen) -> None:
    screen.preview.play("list")
    await screen.open_list()

    screen.preview.tell("call.ended", "c-2", {"reason": "stop", "duration_ms": 61_000})

    await expect(screen.find("#past [data-call-id='c-2']")).to_contain_text("01:01")
    await expect(screen.find("#live [data-call-id='c-2']")).to_have_count(0)


async def test_a_call_that_was_over_at_once_stands_among_the_ended_ones(screen: Screen) -> None:
    await screen.open_list()

    def ring_once() -> None:
        screen.preview.theatre.stage.begin("short")
        screen.preview.theatre.stage.tell(
            "call.ended", "short", {"reason": "stop", "duration_ms": 900}
        )

    screen.preview.portal.call(ring_once)

    await expect(screen.find("#past [data-call-id='short']")).to_be_visible()


async def test_an_answer_that_is_late_brings_no_ended_call_back(screen: Screen) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, role=Role.SUPERVISOR)
    screen.preview.play("list")
    await screen.open_list()
    asked, late = asyncio.Event(), asyncio.Event()

    async def held_up(route: Route) -> None:
        answer = await route.fetch()
        asked.set()
        await late.wait()
        await route.fulfill(response=answer)

    await screen.page.route("**/v1/calls?state=live*", held_up)
    screen.preview.portal.call(screen.preview.theatre.stage.begin, "c-9")
    await asked.wait()
    screen.preview.tell("call.ended", "c-2", {"reason": "stop", "duration_ms": 61_000})
    await expect(screen.find("#past [data-call-id='c-2']")).to_be_visible()
    late.set()

    await expect(screen.find("#live [data-call-id='c-9']")).to_be_visible()
    await expect(screen.find("#live [data-call-id='c-2']")).to_have_count(0)
    await expect(screen.find("#past [data-call-id='c-2']")).to_be_visible()


LIST = """async () => {
  const { emptyList, reduceList, withLive } = await import("/static/js/state-list.js");
  const call = (call_id, started_at) => ({ call_id, started_at, top_level: 0, level: 0 });
  const answer = (seq, ...calls) => ({ calls, seq, health: { status: "ok" } });
  const ids = (calls) => calls.map((one) => one.call_id).join(" ");
  const newer = withLive(emptyList(), answer(8, call("b", "2"), call("a", "1")));
  const older = withLive(newer, answer(5, call("a", "1")));
  let day = withLive(emptyList(), answer(1));
  for (let n = 0; n < 120; n += 1) {
    const started_at = String(n).padStart(3, "0");
    day = withLive(day, answer(n + 2, call(`c-${n}`, started_at)));
    day = reduceList(day, { type: "call.ended", call_id: `c-${n}`, seq: n + 2, at: started_at, data: {} });
  }
  const { past, older: more } = day;
  return { newer: ids(newer.live), older: ids(older.live), past: past.length, more, first: past[0].call_id };
}"""


async def test_an_older_answer_counts_for_nothing_and_a_long_day_does_not_grow(
    screen: Screen,
) -> None:
    await screen.open_list()

    found = await screen.evaluate(LIST)

    assert (found["newer"], found["older"]) == ("a b", "a b")
    assert (found["past"], found["more"], found["first"]) == (50, True, "c-119")


async def test_an_auditor_sees_a_call_that_has_just_ended(screen: Screen) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, role=Role.AUDITOR)
    await screen.open_list()

    def ring_once() -> None:
        screen.preview.theatre.stage.begin("short")
        screen.preview.theatre.stage.calls["short"]["call"]["ended_at"] = "2026-04-06T04:00:00Z"
        ended = {"reason": "stop", "duration_ms": 900}
        screen.preview.theatre.stage.tell("call.ended", "short", ended)

    screen.preview.portal.call(ring_once)

    await expect(screen.find("#past [data-call-id='short']")).to_be_visible()


async def test_the_operators_screen_opens_by_itself_when_a_call_begins(screen: Screen) -> None:
    await screen.open_list()

    screen.preview.play("begun")

    await expect(screen.page).to_have_url(f"{screen.preview.address}/calls/{CALL}")


async def test_the_list_stays_when_its_reader_wants_it_to(screen: Screen) -> None:
    await screen.open_list()
    await screen.find("#auto-open").uncheck()

    screen.preview.play("begun")

    await expect(screen.find("#live tr")).to_have_count(1)
    await expect(screen.page).to_have_url(f"{screen.preview.address}/calls")


async def test_a_supervisor_is_never_taken_away_from_the_list(screen: Screen) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, role=Role.SUPERVISOR)
    await screen.open_list()

    screen.preview.play("begun")

    await expect(screen.find("#live tr")).to_have_count(1)
    await expect(screen.find("#auto-open")).to_have_count(0)


async def test_older_calls_come_on_demand_and_once(screen: Screen) -> None:
    now = datetime.now(UTC)

    def sixty_calls() -> None:
        for index in range(60):
            stage = screen.preview.theatre.stage
            stage.begin(f"p-{index}", started_at=(now - timedelta(hours=index)).isoformat())
            stage.tell("call.ended", f"p-{index}", {"reason": "stop", "duration_ms": 1_000})

    screen.preview.portal.call(sixty_calls)
    await screen.open_list()
    await expect(screen.find("#past tr")).to_have_count(50)

    await screen.find("#older").click()

    await expect(screen.find("#past tr")).to_have_count(60)
    await expect(screen.find("#older")).to_be_hidden()


async def test_rows_stay_where_they_are_when_help_is_asked_for(screen: Screen) -> None:
    screen.preview.play("list")
    await screen.open_list()
    row = screen.find("#past tr").first
    before = await row.bounding_box()

    screen.preview.tell("note", "c-2", {"kind": "help_requested", "text": "", "by": "suzuki"})

    await expect(screen.find("tr[data-help]")).to_have_count(2)
    assert await row.bounding_box() == before


async def test_a_row_opens_its_call_wherever_it_is_clicked(screen: Screen) -> None:
    screen.preview.play("list")
    await screen.open_list()

    await screen.find("tr[data-call-id='c-2'] .call-last").click(force=True)

    await expect(screen.page).to_have_url(f"{screen.preview.address}/calls/c-2")


async def test_an_auditor_is_not_shown_an_empty_place_for_live_calls(screen: Screen) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, role=Role.AUDITOR)
    screen.preview.play("list")

    await screen.open_list()

    await expect(screen.find("#live-heading")).to_be_hidden()
    await expect(screen.find("#past tr").first).to_be_visible()


async def test_a_call_that_lost_its_sound_keeps_no_new_one_from_opening(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_list()

    screen.preview.portal.call(screen.preview.theatre.stage.begin, "c-9")

    await expect(screen.page).to_have_url(f"{screen.preview.address}/calls/c-9")
