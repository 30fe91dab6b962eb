"""Whether the call is recorded: to be seen at all times, in words and a shape, and stopped with one press."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Route, expect

from app.auth.identity import Role
from tests.browser.parts.recording import PART, recording
from tests.browser.preview import OPERATOR
from tests.browser.scenes import CALL
from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SUPERVISOR = replace(OPERATOR, login="tanaka", display_name="田中 一郎", role=Role.SUPERVISOR)
WORD, NOTE, SWITCH = "#recording-word", "#recording-note", "#recording-switch"


async def opened(screen: Screen, standing: str, **facts: Any) -> None:
    screen.preview.play("quiet")
    screen.preview.theatre.stage.beside[PART][CALL] = recording(standing, **facts)
    await screen.open_call()


@pytest.mark.parametrize(
    ("standing", "word", "shape"),
    [
        ("recording", "録音しています", "#icon-recording"),
        ("paused", "録音を止めています(再開できます)", "#icon-paused"),
        ("off", "録音していません", "#icon-not-recorded"),
        ("failed", "録音できていません", "#icon-down"),
    ],
)
async def test_how_the_recording_stands_is_said_in_words_and_a_shape(
    screen: Screen, standing: str, word: str, shape: str
) -> None:
    await opened(screen, standing)

    await expect(screen.find(WORD)).to_have_text(word)
    await expect(screen.find("#recording-shape")).to_have_attribute("href", shape)
    await expect(screen.find(SWITCH)).to_be_visible(visible=standing != "off")


async def test_an_operator_stops_the_recording_and_takes_it_up_again(screen: Screen) -> None:
    await opened(screen, "recording")

    await screen.find(SWITCH).click()
    await expect(screen.find(WORD)).to_have_text("録音を止めています(再開できます)")
    await expect(screen.find(NOTE)).to_have_text("佐藤 花子さんが止めました")
    await expect(screen.find(SWITCH)).to_have_text("録音を再開する")
    await screen.find(SWITCH).click()

    await expect(screen.find(WORD)).to_have_text("録音しています")
    path = f"/v1/calls/{CALL}/recording/pause"
    assert screen.preview.theatre.stage.requests == [("POST", path), ("DELETE", path)]


async def test_what_a_colleague_does_to_the_recording_is_seen_at_once(screen: Screen) -> None:
    screen.preview.theatre.identity = SUPERVISOR
    await opened(screen, "recording")
    await expect(screen.find(WORD)).to_have_text("録音しています")

    told = {"kind": "recording_paused", "by": "sato", "display_name": "佐藤 花子"}
    screen.preview.tell("note", CALL, told)

    await expect(screen.find(NOTE)).to_have_text("佐藤 花子さんが止めました")


async def test_an_answer_that_is_late_takes_back_nothing_that_was_heard_since(
    screen: Screen,
) -> None:
    await opened(screen, "recording")
    late = asyncio.Event()

    async def held_up(route: Route) -> None:
        answer = await route.fetch()
        await late.wait()
        await route.fulfill(response=answer)

    await screen.page.route("**/recording/pause", held_up)
    await screen.find(SWITCH).click()
    await expect(screen.find(WORD)).to_have_text("録音を止めています(再開できます)")
    told = {"kind": "recording_resumed", "by": "tanaka", "display_name": "田中 一郎"}
    screen.preview.tell("note", CALL, told)
    await expect(screen.find(WORD)).to_have_text("録音しています")
    late.set()

    await expect(screen.find(SWITCH)).to_have_attribute("aria-disabled", "false")
    await expect(screen.find(WORD)).to_have_text("録音しています")


async def test_why_a_press_is_refused_is_said_in_the_language_of_the_page(screen: Screen) -> None:
    screen.forgive_lost_sockets_and_refusals()
    await screen.page.goto(f"{screen.preview.address}/language/en?back=/calls")
    await opened(screen, "recording")
    refusal = {"code": "recording_waits", "message": "電話の音声が届くのを待っています。"}

    async def refused(route: Route) -> None:
        await route.fulfill(status=409, json=refusal)

    await screen.page.route("**/recording/pause", refused)
    await screen.find(SWITCH).click()

    await expect(screen.find("#recording-failed")).to_contain_text("has not come back yet")


async def test_a_full_disk_is_said_in_red_and_gone_when_there_is_room_again(screen: Screen) -> None:
    await opened(screen, "recording")
    await expect(screen.find(WORD)).to_have_text("録音しています")

    failed = {"kind": "recording_failed", "by": "", "text": "", "reason": "disk_full"}
    screen.preview.tell("note", CALL, failed)
    await expect(screen.find(WORD)).to_have_text("録音できていません")
    await expect(screen.find(NOTE)).to_contain_text("保存先の空きが足りません。通話は続けられます")
    screen.preview.tell("note", CALL, {"kind": "recording_restored", "by": "", "text": ""})

    await expect(screen.find(WORD)).to_have_text("録音しています")
    await expect(screen.find(NOTE)).to_be_empty()


async def test_a_recording_that_fails_is_paused_before_it_goes_on_by_itself(screen: Screen) -> None:
    await opened(screen, "failed", reason="disk_full")
    await expect(screen.find(SWITCH)).to_have_text("録音を止める")
    paused = {"kind": "recording_paused", "by": "sato", "display_name": "佐藤 花子"}

    screen.preview.tell("note", CALL, paused)

    await expect(screen.find(WORD)).to_have_text("録音できていません")
    await expect(screen.find(NOTE)).to_contain_text("再開を押すまで止めてあります")
    await expect(screen.find(SWITCH)).to_have_text("録音を再開する")
    screen.preview.tell("note", CALL, {"kind": "recording_restored", "by": "", "text": ""})
    await expect(screen.find(WORD)).to_have_text("録音を止めています(再開できます)")


async def test_a_press_that_did_not_arrive_says_so_and_changes_nothing(screen: Screen) -> None:
    await opened(screen, "recording")
    screen.forgive_lost_sockets_and_refusals()
    screen.preview.theatre.stage.failing["/recording/pause"] = 3

    await screen.find(SWITCH).click()

    await expect(screen.find("#recording-failed")).to_have_text(
        "録音を止められませんでした。もう一度押してください。"
    )
    await expect(screen.find(WORD)).to_have_text("録音しています")


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1024, 768)])
@pytest.mark.parametrize("standing", ["recording", "paused", "failed"])
async def test_the_switch_is_large_enough_and_on_the_screen(
    screen: Screen, standing: str, width: int, height: int
) -> None:
    await screen.page.set_viewport_size({"width": width, "height": height})
    await opened(screen, standing, paused_by="長谷川 かおり")
    await expect(screen.find(SWITCH)).to_be_visible()

    box = await screen.find(SWITCH).bounding_box()

    assert box is not None
    assert box["height"] >= 44
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= height


async def test_an_ended_call_says_nothing_of_a_recording_that_goes_on(screen: Screen) -> None:
    screen.preview.play("ended")
    await screen.open_call()

    await expect(screen.find("#recording")).to_be_hidden()
