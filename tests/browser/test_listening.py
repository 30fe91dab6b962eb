"""Glue: a supervisor's browser hears a live call of the real server: samples arrive in the worklet, and play."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page
from websockets.asyncio.client import ClientConnection

from app.auth.access import COOKIE
from app.settings import Settings
from asr.codec import encode_mulaw
from tests.app.joining.joined_server import JoinedServer, Person, joined_server
from tests.app.running import hear, in_own_task, say
from tests.browser.cable import cable_to
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CALL = "c-1"
FRAME_SAMPLES = 160
ANSWER_MS = 20_000
LISTEN = """async (call) => {
  const { SoundOfCall } = await import("/static/js/listen.js");
  window.heard = { counts: null, states: [], most: [0, 0] };
  window.sound = new SoundOfCall(call, {
    onState: (state) => window.heard.states.push(state),
    onCounts: (counts) => {
      window.heard.counts = counts;
      window.heard.most = counts.peak.map((peak, at) => Math.max(peak, window.heard.most[at]));
    },
  });
  document.body.addEventListener("click", () => window.sound.start(), { once: true });
}"""


@pytest_asyncio.fixture(loop_scope="session")
async def server(tmp_path: Path) -> AsyncIterator[JoinedServer]:
    running = joined_server(Settings(data_dir=tmp_path), ScriptedTranscriber())
    async with in_own_task(running) as opened:
        yield opened


def tone(hz: int, level: float) -> bytes:
    """Return a second of a tone that goes on without a break when it is repeated."""
    return encode_mulaw(
        np.float32(level)
        * np.sin(2 * math.pi * hz * np.arange(8_000, dtype=np.float32) / 8_000).astype(np.float32)
    )


async def speak_in_real_time(stream: ClientConnection) -> None:
    """Send 20 ms every 20 ms, as a telephone does, until cancelled: two tones, one louder than the other."""
    caller, operator = tone(400, 0.5), tone(700, 0.25)
    sound = bytes(sample for pair in zip(caller, operator, strict=True) for sample in pair)
    begun, sent = anyio.current_time(), 0
    while True:
        at = sent * FRAME_SAMPLES * 2 % len(sound)
        await stream.send(sound[at : at + FRAME_SAMPLES * 2])
        sent += 1
        await anyio.sleep_until(begun + sent * 0.020)


async def open_page(context: BrowserContext, address: str, person: Person) -> Page:
    await context.add_cookies([{"name": COOKIE, "value": person.cookie, "url": address}])
    page = await context.new_page()
    await page.goto(f"{address}/calls")
    await page.evaluate(LISTEN, CALL)
    await page.click("body", position={"x": 5, "y": 5})
    return page


async def until(page: Page, holds: str) -> dict[str, Any]:
    """Wait until *holds* is true of ``heard``; return it."""
    await page.wait_for_function(
        f"() => {{ const h = window.heard; return {holds}; }}", timeout=ANSWER_MS
    )
    heard: dict[str, Any] = await page.evaluate("window.heard")
    return heard


async def less_than_a_second_behind(page: Page, server: JoinedServer) -> dict[str, Any]:
    """Wait for a moment in which what sounds is hardly older than what the server has; return what was told then.

    Once is enough: a busy machine may stop the browser, the server and this test for a second each.
    """
    live = server.running.services.registry.find(CALL)
    assert live is not None
    with anyio.fail_after(ANSWER_MS / 1000):
        while True:
            position_ms = live.position_ms
            heard: dict[str, Any] = await page.evaluate("window.heard")
            if position_ms - heard["counts"]["atMs"] < 1_000:
                return heard


async def test_samples_of_both_tracks_arrive_play_and_can_be_silenced(
    context: BrowserContext, server: JoinedServer
) -> None:
    async with (
        server.person("kato") as kato,
        server.running.stream() as stream,
        anyio.create_task_group() as tasks,
    ):
        await say(stream, {"type": "start", "call_id": CALL, "operator": "sato"})
        await hear(stream)
        tasks.start_soon(speak_in_real_time, stream)

        page = await open_page(context, server.running.url, kato)
        heard = await until(page, "h.counts && h.counts.received.every((n) => n > 16_000)")
        await page.evaluate("window.sound.mute('caller', true)")
        muted = await until(page, "h.counts.muted[0]")
        now = await less_than_a_second_behind(page, server)
        tasks.cancel_scope.cancel()

    assert heard["states"][:2] == ["connecting", "listening"]
    assert heard["counts"]["tracks"] == ["caller", "operator"]
    assert heard["counts"]["played"] > 0
    assert heard["counts"]["received"][0] == pytest.approx(heard["counts"]["received"][1], abs=800)
    assert heard["most"] == pytest.approx([0.5, 0.25], rel=0.1)
    assert now["counts"]["waitingMs"] < 400
    assert muted["counts"]["muted"] == [True, False]


async def test_the_end_of_the_call_ends_the_sound(
    context: BrowserContext, server: JoinedServer
) -> None:
    async with server.person("kato") as kato, server.running.stream() as stream:
        await say(stream, {"type": "start", "call_id": CALL, "operator": "sato"})
        await hear(stream)
        page = await open_page(context, server.running.url, kato)
        await until(page, "h.states.includes('listening')")

        await say(stream, {"type": "stop", "reason": "hangup"})
        await hear(stream)
        ended = await until(page, "h.states.includes('ended')")

    # On a busy machine the line may have been silent for a while by then.
    states = [state for state in ended["states"] if state != "silent"]
    assert states[:2] == ["connecting", "listening"]
    assert states[-1] == "ended"


async def test_sound_whose_cable_was_pulled_says_so_and_comes_back_by_itself(
    context: BrowserContext, server: JoinedServer
) -> None:
    port = urlsplit(server.running.url).port
    assert port is not None
    async with (
        server.person("kato") as kato,
        server.running.stream() as stream,
        cable_to(port) as cable,
        anyio.create_task_group() as tasks,
    ):
        await say(stream, {"type": "start", "call_id": CALL, "operator": "sato"})
        await hear(stream)
        tasks.start_soon(speak_in_real_time, stream)
        page = await open_page(context, cable.address, kato)
        await until(page, "h.counts && h.counts.received.every((n) => n > 8_000)")

        await cable.pull()
        await until(page, "h.states.at(-1) === 'lost'")
        await cable.plug()
        back = await until(page, "h.states.at(-1) === 'listening' && h.counts.played > 4_000")
        tasks.cancel_scope.cancel()

    states = back["states"]
    assert states[:3] == ["connecting", "listening", "silent"]
    assert "lost" in states[3:]
