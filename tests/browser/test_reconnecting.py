"""Glue: the event socket is lost and comes back; nothing is lost and nothing comes twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.async_api import expect

from app.auth.identity import Role
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL, Talk
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_what_was_said_while_the_socket_was_lost_comes_once(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("quiet")
    await screen.open_call()
    talk = Talk(screen.preview.theatre.stage)
    screen.preview.portal.call(talk.says, "caller", "0:50", "切れる前の発話")
    await expect(screen.find(".line").last).to_contain_text("切れる前の発話")
    seen_before = screen.preview.theatre.stage.seq
    lines = await screen.find(".line").count()
    screen.preview.theatre.refusing = True
    screen.preview.cut_sockets()
    await expect(screen.find("#link-word")).to_have_text("再接続中…")

    screen.preview.portal.call(talk.says, "caller", "1:00", "切れていたあいだの発話")
    screen.preview.theatre.refusing = False

    await expect(screen.find("#link-word")).to_have_text("正常に動作中", timeout=10_000)
    await expect(screen.find(".line").last).to_contain_text("切れていたあいだの発話")
    assert await screen.find(".line").count() == lines + 1
    assert f"after={seen_before}&" in screen.preview.theatre.connections[-1]
    assert f"call_id={CALL}" in screen.preview.theatre.connections[-1]


async def test_an_event_that_comes_twice_is_shown_once(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_call()
    stage = screen.preview.theatre.stage
    lines = await screen.find(".line").count()

    def say_twice() -> None:
        Talk(stage).says("caller", "1:00", "一度だけの発話")
        stage.on_event(stage.log[-1])
        Talk(stage).says("caller", "1:05", "そのあとの発話")

    screen.preview.portal.call(say_twice)

    await expect(screen.find(".line").last).to_contain_text("そのあとの発話")
    assert await screen.find(".line").count() == lines + 2


async def test_a_screen_that_was_too_slow_comes_back_by_itself(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("quiet")
    await screen.open_call()
    screen.preview.theatre.refusing = True

    screen.preview.cut_sockets(4408)

    await expect(screen.find("#link-word")).to_have_text("再接続中…")
    screen.preview.theatre.refusing = False
    await expect(screen.find("#link-word")).to_have_text("正常に動作中", timeout=10_000)


@pytest.mark.parametrize(("role", "offered"), [(Role.OPERATOR, True), (Role.SUPERVISOR, False)])
async def test_only_who_has_the_button_for_help_is_told_of_it_while_recognition_is_down(
    screen: Screen, role: Role, offered: bool
) -> None:
    screen.preview.theatre.identity = replace(OPERATOR, role=role)
    screen.preview.play("down")
    await screen.open_call()

    notice = screen.find("#talk-notice")
    await expect(notice).to_contain_text("音声認識が止まっています")
    assert ("応援を呼ぶ" in await notice.inner_text()) is offered


async def test_a_screen_whose_session_ended_says_so_and_offers_to_sign_in(screen: Screen) -> None:
    screen.preview.play("quiet")
    await screen.open_call()

    screen.preview.cut_sockets(4401)

    await expect(screen.find("#link-word")).to_have_text("サインインが切れました")
    await expect(screen.find("#talk-notice a")).to_have_attribute(
        "href", "/login?next=%2Fcalls%2Fc-1"
    )


async def test_health_that_changed_meanwhile_is_asked_for(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.play("behind")
    await screen.open_call()
    screen.preview.theatre.refusing = True
    screen.preview.cut_sockets()
    await expect(screen.find("#link-word")).to_have_text("再接続中…")

    screen.preview.tell("health", CALL, {"recognition_delay_ms": 0, "status": "ok"})
    screen.preview.theatre.refusing = False

    await expect(screen.find("#link-word")).to_have_text("正常に動作中", timeout=10_000)


async def test_a_call_that_nobody_knows_is_said_to_be_missing(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()

    await screen.open_call("no-such-call")

    await expect(screen.find("#talk-empty")).to_contain_text("この通話は見つかりません")
