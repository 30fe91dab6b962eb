"""Adapter: how smooth the review of three hours is: ``python -m tests.browser.review_smoothness``.

Writes a call of three hours with 5,000 sentences, 300 findings, 200 deeds and its recording into a fresh
database, serves it, opens the page as an auditor and prints what the browser measured while it was opened,
scrolled, jumped about in and played at double speed. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import anyio
import httpx
from playwright.async_api import CDPSession, Page, async_playwright, expect

from app.auth.identity import Role
from app.ledger import Entry
from app.recordings.chunks import Kind
from app.settings import Settings
from tests.app.review.filled import THREE_HOURS, Filling, add_ended_call
from tests.app.review.recorded import add_recording
from tests.app.running import RunningServer, running_server
from tests.browser.board_smoothness import spread
from tests.browser.conftest import CHROMIUM, QUIET_ARGUMENTS
from tests.browser.reviewing import PLAYED, SEEKED
from tests.browser.signing_in import first_sign_in
from tests.fakes_transcriber import ScriptedTranscriber

CALL: Final = "r-1"
JUMPS: Final = 20
MEASURED: Final = """
window.measured = { frames: [], long: [], usable: null, waves: null };
let last = null;
const frame = (at) => {
  if (last !== null) window.measured.frames.push(at - last);
  last = at;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.measured.long.push(entry.duration);
}).observe({ type: "longtask", buffered: true });
document.addEventListener("DOMContentLoaded", () => {
  new MutationObserver(() => {
    if (document.body.dataset.usable) window.measured.usable ??= performance.now();
  }).observe(document.body, { attributes: true });
});
"""


async def recorded_call(server: RunningServer, filling: Filling) -> dict[str, Any]:
    """Write the call and its recording; return what asking for them costs without a browser."""
    now = server.services.clock.now()

    async def change(entry: Entry) -> str:
        return await add_ended_call(entry.session, now, CALL, filling=filling)

    await server.services.ledger.write(change)
    middle = filling.minutes * 30_000
    holes = [
        (Kind.PAUSED, middle, middle + 60_000),
        (Kind.LOST, middle * 3 // 2, middle * 3 // 2 + 5_000),
    ]
    await add_recording(server.services, CALL, filling, holes)
    async with server.client(await server.token(Role.AUDITOR)) as client:
        return {
            "review": await _asked(client, f"/v1/calls/{CALL}/review"),
            "peaks": await _asked(client, f"/v1/calls/{CALL}/recording/peaks?bins=2000"),
        }


async def _asked(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    took_ms = []
    for _ in range(3):
        began = time.perf_counter()
        answer = (await client.get(path)).raise_for_status()
        took_ms.append(round((time.perf_counter() - began) * 1000))
    return {"bytes": len(answer.content), "first_ms": took_ms[0], "again_ms": min(took_ms[1:])}


async def measure(page: Page, url: str, seconds: int) -> dict[str, Any]:
    await page.add_init_script(MEASURED)
    devtools = await page.context.new_cdp_session(page)
    await page.goto(f"{url}/calls/{CALL}/review")
    await expect(page.locator("body[data-usable]")).to_be_attached(timeout=30_000)
    await expect(page.locator(".lines .line").first).to_be_visible()
    opened = await page.evaluate(
        """({ usable_ms: Math.round(window.measured.usable),
              first_paint_ms: Math.round(performance.getEntriesByName("first-contentful-paint")[0].startTime) })"""
    )
    await page.wait_for_load_state("networkidle")
    opened |= await _told(page)
    opened["lines_in_page"] = await page.locator(".lines .line").count()
    opened["elements"] = await page.evaluate("document.querySelectorAll('*').length")
    scrolled = await _scrolled(page, seconds)
    jumped = await _jumped(page)
    played = await _played(page, seconds)
    await devtools.send("HeapProfiler.collectGarbage")
    heap = await _heap(devtools)
    return {
        "open": opened,
        "scroll": scrolled,
        "jump": jumped,
        "play_at_double_speed": played,
        "heap_mb": heap,
    }


async def _scrolled(page: Page, seconds: int) -> dict[str, Any]:
    await page.locator("#talk-scroll").hover()
    await _told(page)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        await page.mouse.wheel(0, 400)
        await page.wait_for_timeout(16)
    return await _told(page)


async def _jumped(page: Page) -> dict[str, Any]:
    """Go to places all over the call, as somebody does who looks for one."""
    whole = page.locator("#whole")
    box = await whole.bounding_box()
    assert box is not None
    began = time.perf_counter()
    await page.locator("#play").click()
    await page.evaluate(PLAYED)
    first_ms = round((time.perf_counter() - began) * 1000)
    await page.locator("#play").click()
    await _told(page)
    took_ms = []
    for number in range(JUMPS):
        share = (number * 7 % JUMPS + 0.5) / JUMPS
        began = time.perf_counter()
        await whole.click(position={"x": box["width"] * share, "y": 10})
        await page.evaluate(SEEKED)
        took_ms.append((time.perf_counter() - began) * 1000)
    return {
        "first_sound_ms": first_ms,
        "until_sound_is_there_ms": spread(took_ms),
        **await _told(page),
    }


async def _played(page: Page, seconds: int) -> dict[str, Any]:
    await page.select_option("#speed", "2")
    await page.locator("#play").click()
    await page.evaluate(SEEKED)
    await _told(page)
    place = "document.getElementById('sound').currentTime"
    from_s, began = await page.evaluate(place), time.perf_counter()
    await page.wait_for_timeout(seconds * 1000)
    to_s, took_s = await page.evaluate(place), time.perf_counter() - began
    told = await _told(page)
    await page.locator("#play").click()
    return {"sound_s_per_s": round((to_s - from_s) / took_s, 2), **told}


async def _told(page: Page) -> dict[str, Any]:
    """Return what happened since the last question."""
    told = await page.evaluate(
        """(() => { const { frames, long } = window.measured;
                    Object.assign(window.measured, { frames: [], long: [] });
                    return { frames, long }; })()"""
    )
    return {
        "frame_ms": spread(told["frames"]),
        "long_tasks": len(told["long"]),
        "longest_task_ms": round(max(told["long"], default=0)),
    }


async def _heap(devtools: CDPSession) -> float:
    used_bytes: int = (await devtools.send("Runtime.getHeapUsage"))["usedSize"]
    return round(used_bytes / 1e6, 1)


async def show(filling: Filling, seconds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        async with running_server(settings, ScriptedTranscriber()) as server:
            asked = await recorded_call(server, filling)
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=CHROMIUM, args=QUIET_ARGUMENTS
                )
                context = await browser.new_context(
                    viewport={"width": 1280, "height": 720}, locale="ja-JP"
                )
                page = await first_sign_in(context, server, Role.AUDITOR)
                figures = await measure(page, server.url, seconds)
                await browser.close()
    load = [round(one, 1) for one in os.getloadavg()]
    print(json.dumps({"answers": asked, **figures, "load_average": load}, indent=2))  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the review of a call of three hours.")
    parser.add_argument("--seconds", type=int, default=10, help="of scrolling, and of playing")
    chosen = parser.parse_args()
    anyio.run(show, THREE_HOURS, chosen.seconds)


if __name__ == "__main__":
    main()
