"""Glue: why an alert stands, opened and closed on the screen of a call, by mouse, by key and for a screen reader."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import expect

from app.auth.identity import Role
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, alert, ms
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

INSULT = "[data-alert-id='a-mental_attack']"


async def test_the_reason_is_folded_away_until_somebody_asks_for_it(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    more = screen.find(f"{INSULT} .alert-more")
    await expect(screen.find(".alert-explain:visible")).to_have_count(0)

    await more.click()

    panel = screen.find(f"{INSULT} .alert-explain")
    await expect(panel.locator(".explain-sentence")).to_have_text(
        "通話開始から1分10秒、相手の方の「お前みたいな無能」という言葉は、"
        "方針の「脅迫、中傷、名誉棄損、侮辱、暴言など精神的な攻撃」に当たるおそれがあります。"
        "あらかじめ登録された言い方に一致しました。"
    )
    await expect(panel.locator("dt")).to_have_text(
        ["言葉", "いつ", "見つけ方", "方針の箇所", "重さ", "ほかに検討したこと"]
    )
    await more.click()
    await expect(panel).to_be_hidden()


async def test_a_key_opens_it_and_a_screen_reader_hears_what_it_belongs_to(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    more = screen.find(INSULT).get_by_role(
        "button", name="理由をくわしく:精神的な攻撃(脅迫・侮辱・暴言など)"
    )
    await expect(more).to_have_attribute("aria-expanded", "false")

    await more.focus()
    await screen.press("Enter")

    await expect(more).to_have_attribute("aria-expanded", "true")
    await expect(more).to_be_focused()
    panel = screen.page.get_by_role("group", name="精神的な攻撃(脅迫・侮辱・暴言など)の理由")
    await expect(panel).to_be_visible()
    assert await panel.get_attribute("id") == await more.get_attribute("aria-controls")


async def test_what_is_open_stays_open_and_follows_its_alert(screen: Screen) -> None:
    screen.preview.play("level2")
    await screen.open_call()
    await screen.find(f"{INSULT} .alert-more").click()

    screen.preview.tell(
        "alert.updated", CALL, alert("mental_attack", 2, "税金泥棒", ms("2:05"), "x", count=3)
    )

    sentence = screen.find(f"{INSULT} .explain-sentence")
    await expect(sentence).to_contain_text("通話開始から2分5秒、相手の方の「税金泥棒」")
    await expect(sentence).to_be_visible()


async def test_an_alert_without_an_explanation_has_nothing_to_open(screen: Screen) -> None:
    screen.preview.play("begun")
    await screen.open_call()
    old = {**alert("apology", 2, "土下座しろ", ms("0:20"), "x"), "explanation": None}

    screen.preview.tell("alert.raised", CALL, old)

    await expect(screen.find(".alert")).to_have_count(1)
    await expect(screen.find(".alert-more:visible")).to_have_count(0)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR])
async def test_who_looks_back_sees_the_versions_too(screen: Screen, role: Role) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, login="kansa", role=role, user_id=3)
    screen.preview.play("ended")
    await screen.open_call()

    await screen.find(f"{INSULT} .alert-more").click()

    await expect(screen.find(f"{INSULT} .alert-explain [data-part='versions']")).to_be_visible()


@pytest.mark.parametrize("width", [1024, 1280, 1920])
async def test_an_open_reason_scrolls_nothing_sideways_and_makes_no_card_higher_when_closed(
    screen: Screen, width: int
) -> None:
    await screen.page.set_viewport_size({"width": width, "height": 720})
    screen.preview.play("level2")
    await screen.open_call()
    card = screen.find(INSULT)
    await expect(card).to_be_visible()
    await expect(screen.find("#say-hint")).to_contain_text("警告はあと2回")
    before = await card.bounding_box()

    await screen.find(f"{INSULT} .alert-more").click()
    wide = await screen.evaluate(
        """[...document.querySelectorAll("html, main, .alerts, .alert-explain")]
          .filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className || e.tagName)"""
    )
    await screen.find(f"{INSULT} .alert-more").click()

    assert wide == []
    assert await card.bounding_box() == before
