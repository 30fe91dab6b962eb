"""Glue: a sentence that is still being spoken, on the operator's screen in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.scenes import CALL, Talk, alert, ms
from tests.browser.screen import Screen
from tests.browser.stage import Json

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SO_FAR = "今からそっちに行って"
WHOLE = "今からそっちに行って話したいんですけど"


async def caller_is_saying(screen: Screen, text: str, at: str = "1:00") -> None:
    talk = Talk(screen.preview.theatre.stage)
    screen.preview.portal.call(talk.saying, "caller", at, text)


async def says(screen: Screen, track: str, at: str, text: str) -> None:
    talk = Talk(screen.preview.theatre.stage)
    screen.preview.portal.call(talk.says, track, at, text)


async def opened(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()


async def test_words_of_an_unfinished_sentence_are_shown_as_such(screen: Screen) -> None:
    await opened(screen)

    await caller_is_saying(screen, SO_FAR)

    line = screen.find(".line-partial")
    await expect(line.locator(".line-words")).to_have_text(SO_FAR)
    await expect(line).to_contain_text("聞き取り中")
    await expect(screen.find("#talk-empty")).to_be_hidden()


async def test_the_whole_sentence_takes_their_place(screen: Screen) -> None:
    await opened(screen)
    await caller_is_saying(screen, SO_FAR)
    await caller_is_saying(screen, f"{SO_FAR}話した")
    await expect(screen.find(".line-partial .line-words")).to_have_text(f"{SO_FAR}話した")

    await says(screen, "caller", "1:00", WHOLE)

    await expect(screen.find(".line-partial")).to_have_count(0)
    await expect(screen.find(".line-caller .line-words")).to_have_text([WHOLE])


async def test_a_sentence_of_the_other_side_leaves_them(screen: Screen) -> None:
    await opened(screen)
    await caller_is_saying(screen, SO_FAR)

    await says(screen, "operator", "1:01", "はい")

    await expect(screen.find(".line-words")).to_have_text([SO_FAR, "はい"])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (
            "transcript.partial",
            {
                "utterance_id": f"{CALL}.c60000",
                "track": "caller",
                "start_ms": 60_000,
                "end_ms": 64_000,
                "text": "",
                "confidence": 0.0,
            },
        ),
        (
            "gap",
            {"track": "caller", "start_ms": 60_000, "end_ms": 64_000, "reason": "overload"},
        ),
        ("call.ended", {"reason": "stop", "duration_ms": 64_000, "top_level": 0}),
    ],
)
async def test_words_of_which_nothing_came_are_taken_away(
    screen: Screen, kind: str, data: Json
) -> None:
    await opened(screen)
    await caller_is_saying(screen, SO_FAR)
    await expect(screen.find(".line-partial")).to_have_count(1)

    screen.preview.tell(kind, CALL, data)

    await expect(screen.find(".line-partial")).to_have_count(0)


async def test_words_that_come_late_do_not_stand_beside_the_whole_sentence(screen: Screen) -> None:
    await opened(screen)
    await says(screen, "caller", "1:00", WHOLE)

    await caller_is_saying(screen, SO_FAR)
    await caller_is_saying(screen, "次の言葉", at="1:10")

    await expect(screen.find(".line-words")).to_have_text([WHOLE, "次の言葉"])


async def test_a_screen_reader_is_not_told_words_that_may_change(screen: Screen) -> None:
    await opened(screen)
    await caller_is_saying(screen, SO_FAR)
    await expect(screen.find(".line-partial")).to_be_visible()

    live = await screen.evaluate(
        """[...document.querySelectorAll(".line-partial, .line-partial *")]
          .map((e) => e.closest("[aria-live], [role=log], [role=status], [role=alert]"))
          .filter((e) => e && (e.getAttribute("aria-live") ?? "polite") !== "off").length"""
    )

    assert live == 0
    await expect(screen.find("#polite")).to_have_text("")
    await expect(screen.find("#assertive")).to_have_text("")


async def test_an_early_alert_asks_for_a_check_until_the_sentence_is_over(screen: Screen) -> None:
    await opened(screen)
    early = alert("physical_attack", 3, "刺してやる", ms("1:00"), "x", check=True)
    screen.preview.tell("alert.raised", CALL, early)
    await screen.find("#card-fold").click()
    await expect(screen.find(".alert .alert-check")).to_be_visible()

    screen.preview.tell("alert.updated", CALL, {**early, "needs_check": False})

    await expect(screen.find(".alert .alert-check")).to_be_hidden()
    await expect(screen.find(".alert")).to_have_count(1)


async def test_a_withdrawn_alert_says_why_it_goes_and_stays_in_the_record(screen: Screen) -> None:
    await opened(screen)
    early = alert("physical_attack", 3, "刺してやる", ms("1:00"), "x", check=True)
    risen = {"level": 3, "outcome": "harassment_suspected", "top_level": 0}
    screen.preview.tell("alert.raised", CALL, early)
    screen.preview.tell("level.changed", CALL, risen)
    await expect(screen.find("#level-word")).to_have_text("打ち切り・通報")

    screen.preview.tell("alert.closed", CALL, {**early, "withdrawn": True})
    screen.preview.tell("level.changed", CALL, {**risen, "level": 0, "outcome": "ordinary"})

    await expect(screen.find("#toast")).to_contain_text("取り下げました")
    await expect(screen.find(".alert")).to_have_count(0)
    await expect(screen.find("#level-word")).to_have_text("通常")
    screen.preview.tell(
        "call.ended", CALL, {"reason": "stop", "duration_ms": 64_000, "top_level": 0}
    )
    await expect(screen.find(".alert")).to_contain_text("取り下げ")
    await expect(screen.find(".alert-wrong")).to_be_hidden()
    await expect(screen.find("#level-word")).to_have_text("通常")
    await screen.page.reload()
    await expect(screen.find(".alert-withdrawn")).to_be_visible()
