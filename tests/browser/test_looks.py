"""Glue: how the screens look: no sideways scrolling, nothing cut off, nothing moving, sizes for fingers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import expect

from app.auth.identity import Role
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, SCENES, alert, ms
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.mark.parametrize("width", [1024, 1280, 1920])
async def test_no_state_of_a_call_scrolls_sideways(screen: Screen, width: int) -> None:
    await screen.page.set_viewport_size({"width": width, "height": 720})
    for scene in sorted(set(SCENES) - {"nothing", "list", "long"}):
        screen.preview.clear()
        screen.preview.play(scene)
        await screen.open_call()

        wide = await screen.evaluate(
            """[...document.querySelectorAll("html, main, .strip, .say, .alerts, .talk-scroll")]
              .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.tagName)"""
        )

        assert wide == [], scene
        await screen.page.goto("about:blank")  # it asks nothing more of calls that are cleared away


@pytest.mark.parametrize("width", [1024, 1280])
async def test_the_list_does_not_scroll_sideways(screen: Screen, width: int) -> None:
    await screen.page.set_viewport_size({"width": width, "height": 720})
    screen.preview.play("list")
    await screen.open_list()
    await expect(screen.find("#live tr")).to_have_count(2)

    assert await screen.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scene", ["level2", "level3"])
async def test_sentence_buttons_and_three_alerts_are_whole_at_1280_by_720(
    screen: Screen, scene: str
) -> None:
    screen.preview.play(scene)
    await screen.open_call()
    await expect(screen.find(".alert")).to_have_count(3)
    if scene == "level3":  # the card stands where the alerts are until it is folded
        await screen.find("#card-fold").click()

    for place in ("#say-text", "#said", "#copy", "#help", ".alert:nth-child(3) .alert-why"):
        await expect(screen.find(place)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("size", [(1280, 720), (1024, 768)])
async def test_what_the_alerts_are_called_and_how_often_stays_whole_when_there_is_no_room(
    screen: Screen, size: tuple[int, int]
) -> None:
    await screen.page.set_viewport_size({"width": size[0], "height": size[1]})
    screen.preview.play("level2")
    grave = alert("physical_attack", 3, "刺してやる", ms("1:20"), "x", count=12, check=True)
    kinds = ["compensation", "physical_attack", "restraint"]
    screen.preview.tell("alert.raised", CALL, {**grave, "categories": kinds})
    await screen.open_call()
    await screen.find("#card-fold").click()

    heading = await screen.find(".alerts .panel-top").bounding_box()
    first = await screen.find(".alert").first.bounding_box()
    count = await screen.find("[data-level='3'] .alert-count").bounding_box()
    button = await screen.find("[data-level='3'] .alert-wrong").bounding_box()

    assert heading is not None
    assert first is not None
    assert count is not None
    assert button is not None
    assert heading["height"] >= 24
    assert heading["y"] + heading["height"] <= first["y"] + 1
    assert count["x"] + count["width"] <= button["x"]
    assert await screen.find("[data-level='3'] .alert-count").evaluate(
        "(one) => one.scrollWidth <= one.clientWidth + 1 && one.offsetWidth > 24"
    )


@pytest.mark.parametrize("width", [1024, 1280])
async def test_a_number_stands_on_one_line_of_the_list(screen: Screen, width: int) -> None:
    await screen.page.set_viewport_size({"width": width, "height": 720})
    screen.preview.portal.call(
        lambda: screen.preview.theatre.stage.begin("c-1", caller_number="090-0000-1234")
    )
    await screen.open_list()

    lines = await screen.find("#live td:nth-child(3)").evaluate(
        "(cell) => { const range = document.createRange(); range.selectNodeContents(cell);"
        " return range.getClientRects().length; }"
    )

    assert lines == 1


async def test_every_button_of_the_call_is_large_enough_to_hit(screen: Screen) -> None:
    screen.preview.play("help")
    await screen.open_call()
    await expect(screen.find(".alert")).to_have_count(3)

    small = await screen.evaluate(
        """[...document.querySelectorAll("main .button")].filter((b) => b.checkVisibility())
          .map((b) => b.getBoundingClientRect()).filter((r) => r.height < 44 || r.width < 44).length"""
    )

    assert small == 0


async def test_a_menu_closes_by_escape_and_by_a_press_elsewhere(screen: Screen) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, role=Role.SUPERVISOR)
    await screen.open_list()
    menu, heading = screen.find(".site-menu").first, screen.find(".site-menu summary").first
    await heading.click()
    await expect(menu.locator("a").first).to_be_visible()

    await screen.press("Tab")
    await screen.press("Escape")

    await expect(menu.locator("a").first).to_be_hidden()
    await expect(heading).to_be_focused()
    await heading.click()
    await expect(menu.locator("a").first).to_be_visible()
    await screen.find("h1").click()
    await expect(menu.locator("a").first).to_be_hidden()


async def test_nothing_moves_for_who_asked_for_less_motion(screen: Screen) -> None:
    screen.preview.play("level3")
    await screen.open_call()

    moving = await screen.evaluate("document.getAnimations().length")

    assert moving == 0


async def test_the_page_holds_nothing_that_its_policy_would_have_to_let_through(
    screen: Screen,
) -> None:
    screen.preview.play("level2")
    response = await screen.page.goto(f"{screen.preview.address}/calls/c-1")

    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy
    assert await screen.find("[style], style, script:not([src]):not([type])").count() == 0
