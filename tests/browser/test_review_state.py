"""Pure rules of the review page, driven where they run: in the browser's own engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.async_api import Browser

from tests.browser.preview import Preview
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

heights = st.lists(st.integers(1, 300), min_size=1, max_size=40)
measured = st.lists(st.tuples(st.integers(0, 39), st.integers(1, 300)), max_size=10)


async def asked(screen: Screen, module: str, code: str, **given: Any) -> Any:
    """Return what *code* gives, with *module*'s names as ``m`` and *given* as ``g``."""
    if not screen.page.url.startswith(screen.preview.address):
        await screen.page.goto(f"{screen.preview.address}/calls")
    return await screen.evaluate(
        f"""(async () => {{
          const m = await import("/static/js/{module}.js");
          const g = {json.dumps(given)};
          {code}
        }})()"""
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(estimates=heights, told=measured, y=st.integers(-100, 9_000))
async def test_rows_stand_one_below_the_other_whatever_was_measured_when(
    screen: Screen, estimates: list[int], told: list[tuple[int, int]], y: int
) -> None:
    told = [(place, height) for place, height in told if place < len(estimates)]
    true = list(estimates)
    for place, height in told:
        true[place] = height

    offsets, row = await asked(
        screen,
        "review-heights",
        """const rows = new m.Heights(g.estimates);
           for (const [place, height] of g.told) { rows.at(g.y); rows.set(place, height); }
           return [[...g.estimates.keys(), g.estimates.length].map((place) => rows.offset(place)), rows.at(g.y)];""",
        estimates=estimates,
        told=told,
        y=y,
    )

    assert offsets == [sum(true[:place]) for place in range(len(true) + 1)]
    assert row == max([place for place in range(len(true)) if offsets[place] <= y], default=0)


def call_with(**facts: Any) -> dict[str, Any]:
    return {
        "call": {"duration_ms": 60_000},
        "utterances": [],
        "findings": [],
        "deeds": [],
        "gaps": [],
        "levels": [],
        "stays": [],
        **facts,
    }


async def test_levels_leave_no_hole_and_stand_until_the_next(screen: Screen) -> None:
    levels = [
        {"at_ms": 1_000, "level": 0},
        {"at_ms": 9_000, "level": 2},
        {"at_ms": 30_000, "level": 1},
    ]

    told = await asked(
        screen,
        "review-call",
        "return new m.ReviewedCall(g.call).levels",
        call=call_with(levels=levels),
    )

    assert [(one["start_ms"], one["end_ms"], one["level"]) for one in told] == [
        (0, 9_000, 0),
        (9_000, 30_000, 2),
        (30_000, 60_000, 1),
    ]


async def test_who_has_just_come_to_a_finding_is_led_back_to_the_one_before(screen: Screen) -> None:
    findings = [
        {"start_ms": at, "end_ms": at, "utterance_id": "", "quote": ""} for at in (5_000, 20_000)
    ]

    told = await asked(
        screen,
        "review-call",
        """const call = new m.ReviewedCall(g.call);
           return [call.findingBefore(21_000), call.findingBefore(22_000), call.findingBefore(5_200),
                   call.findingAfter(5_000), call.findingAfter(20_000)];""",
        call=call_with(findings=findings),
    )

    assert told == [5_000, 20_000, None, 20_000, None]


async def test_the_loudness_of_a_stretch_is_that_of_its_loudest_moment(screen: Screen) -> None:
    told = await asked(
        screen,
        "review-waves",
        """const peaks = new m.Peaks({ caller: Uint8Array.of(0, 255, 51, 0) }, 10_000, 14_000);
           return [peaks.loudest("caller", 10_000, 14_000), peaks.loudest("caller", 12_000, 13_000),
                   peaks.loudest("caller", 13_000, 14_000), peaks.loudest("operator", 10_000, 14_000),
                   peaks.covers(10_000, 14_000), peaks.covers(9_000, 12_000)];""",
    )

    assert told == [1, 0.2, 0, 0, True, False]


async def test_moments_are_those_of_japan_wherever_the_browser_is(
    browser: Browser, preview: Preview
) -> None:
    abroad = await browser.new_context(timezone_id="America/New_York", locale="ja-JP")

    told = await asked(
        Screen(await abroad.new_page(), preview),
        "times",
        """const now = new Date("2026-04-05T15:30:00Z"); // half past midnight in Japan
           const moments = ["2026-04-05T16:10:00Z", "2026-04-05T14:50:00Z"].map((at) => m.moment(at, now));
           return [...moments, m.day("2026-04-06")];""",
    )
    await abroad.close()

    assert told == ["1:10", "4/5 23:50", "2026年4月6日"]
