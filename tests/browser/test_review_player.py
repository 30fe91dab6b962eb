"""Hearing an ended call again: the sound, its keys, and the words that follow it."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, expect
from sqlalchemy import select

from app.auth.identity import Role
from app.trail.models import TrailRow
from tests.app.running import RunningServer
from tests.browser.reviewing import CALL, LOUDEST, PLAYED, SOUND, ReviewPage, signed_in, with_call

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def opened(context: BrowserContext, server: RunningServer, query: str = "") -> ReviewPage:
    await with_call(server)
    review = await signed_in(context, server)
    await review.open(query)
    return review


async def test_a_line_that_is_pressed_takes_the_sound_and_the_hand_there(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.line("00:18").locator(".line-words").click()

    assert await review.at_ms() == 18_000
    await expect(review.find("#time")).to_have_text("00:18")
    await expect(review.line("00:18")).to_have_attribute("aria-current", "true")
    assert review.complaints == []


async def test_a_line_is_chosen_and_gone_to_by_keys_alone(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.find("#talk-scroll").focus()
    for _ in range(4):
        await review.press("ArrowDown")
    await review.press("Enter")

    assert await review.at_ms() == 18_000


async def test_the_words_follow_the_sound(context: BrowserContext, server: RunningServer) -> None:
    review = await opened(context, server, "?at=59500")
    await expect(review.line("00:54")).to_have_attribute("aria-current", "true")

    await review.press("k")

    await expect(review.line("01:00")).to_have_attribute("aria-current", "true")
    await expect(review.line("01:00")).to_be_in_viewport()
    assert await review.playing()


async def test_who_scrolls_away_is_left_there_until_they_want_to_follow_again(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server, "?at=300000")
    await expect(review.find("#follow")).to_be_hidden()

    await review.find("#talk-scroll").hover()
    await review.page.mouse.wheel(0, -3_000)
    await expect(review.find("#follow")).to_be_visible()
    await review.find("#on").click()  # goes on in the sound, and follows it
    await expect(review.find("#follow")).to_be_hidden()

    await review.page.mouse.move(200, 600)
    await review.page.mouse.wheel(0, -3_000)
    await review.find("#speed").select_option("2")
    await review.find("#play").click()
    await expect(review.line("05:12")).to_have_count(0)
    await review.find("#follow").click()

    await expect(review.find(".line-now")).to_be_in_viewport()


async def test_words_are_found_in_the_whole_call_and_the_sound_stays_where_it_is(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.find("#find").fill("カスタマーハラスメント")
    await review.press("Enter")
    await expect(review.find("#find-told")).to_have_text("2件中1件目")
    await expect(review.line("06:06")).to_be_in_viewport()
    await review.press("Enter")
    await expect(review.line("09:06")).to_be_in_viewport()
    await review.find("#find").fill("ありえない言葉")
    await review.press("Enter")

    await expect(review.find("#find-told")).to_have_text("見つかりません")
    assert await review.page.evaluate(f"{SOUND}.currentTime") == 0


async def test_keys_play_step_and_lead_from_finding_to_finding(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.press("Space")
    await expect(review.find("#play-word")).to_have_text("止める")
    await review.press("k")
    await expect(review.find("#play-word")).to_have_text("再生")
    await review.press("n")
    assert await review.at_ms() == 60_000
    await review.press("n")
    assert await review.at_ms() == 180_000
    await review.press("p")
    assert await review.at_ms() == 60_000
    await review.press("l")
    await review.press("ArrowRight")
    assert await review.at_ms() == 70_000
    await review.press("j")
    await review.press("ArrowLeft")

    assert await review.at_ms() == 60_000


async def test_space_on_a_button_presses_that_button_and_nothing_else(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.find("#on").focus()
    await review.press("Space")

    assert await review.at_ms() == 5_000
    assert not await review.playing()


async def test_arrow_keys_on_the_strip_move_once_and_by_minutes(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)
    strip = review.find("#whole")

    await strip.focus()
    await review.press("ArrowRight")
    assert await review.at_ms() == 5_000
    await review.press("PageUp")
    assert await review.at_ms() == 65_000
    await expect(strip).to_have_attribute("aria-valuetext", "1分5秒、全体12分0秒")
    await review.press("End")

    await expect(review.find("#time")).to_have_text("12:00")


async def test_it_plays_faster_without_speaking_higher(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.find("#speed").select_option("1.5")
    await review.find("#play").click()

    rate, kept = await review.page.evaluate(f"[{SOUND}.playbackRate, {SOUND}.preservesPitch]")
    assert (rate, kept) == (1.5, True)
    assert await review.find("#speed option").all_inner_texts() == [
        "0.75倍",
        "1倍",
        "1.25倍",
        "1.5倍",
        "1.75倍",
        "2倍",
    ]


async def test_a_side_that_is_muted_is_silent_and_the_other_is_heard(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server, "?at=60200")  # the caller speaks until 1:04.8

    await review.find("#play").click()
    await expect(review.find("#play-word")).to_have_text("止める")
    caller_before = await review.page.evaluate(LOUDEST, [0, 0.5])
    await review.find("#mute-caller").click()
    await expect(review.find("#mute-caller-word")).to_have_text("消音中")
    caller_after = await review.page.evaluate(LOUDEST, [0, 0.5])
    await review.find("#whole").focus()
    await review.press("ArrowRight")  # into the operator's answer
    operator = await review.page.evaluate(LOUDEST, [1, 1.5])

    assert caller_before > 0.05
    assert caller_after == 0
    assert operator > 0.05
    await expect(review.find("#mute-caller")).to_have_attribute("aria-pressed", "true")


async def test_the_list_of_keys_opens_and_closes(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)

    await review.find("#keys-open").click()
    await expect(review.find("#keys-help")).to_contain_text("再生する・止める")
    await review.press("Escape")

    await expect(review.find("#keys-help")).to_be_hidden()


async def test_reading_a_call_is_not_hearing_it_and_the_trail_tells_them_apart(
    context: BrowserContext, server: RunningServer
) -> None:
    review = await opened(context, server)
    await review.line("00:18").locator(".line-words").click()
    await review.press("n")
    read = await looks(server)

    await review.press("k")
    await review.page.evaluate(PLAYED)

    assert "review.seen" in read
    assert "recording.heard" not in read
    assert "recording.heard" in await looks(server)


async def looks(server: RunningServer) -> set[str]:
    """Return what the trail says was looked at in the call."""
    async with server.services.database.transaction() as session:
        kinds = await session.scalars(select(TrailRow.kind).where(TrailRow.call_id == CALL))
        return set(kinds)


async def test_without_a_recording_the_page_says_why_and_the_words_still_lead(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_call(server, recorded=False)
    review = await signed_in(context, server, Role.SUPERVISOR)
    await review.open()

    await expect(review.find("#no-sound")).to_contain_text("この通話の録音はありません")
    await expect(review.find("#play")).to_be_hidden()
    await review.line("00:18").locator(".line-time").click()

    await expect(review.find("#time")).to_have_text("00:18")
    await review.press("n")
    await expect(review.line("01:00")).to_have_attribute("aria-current", "true")
    assert review.complaints == []
