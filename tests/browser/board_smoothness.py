"""Adapter: how smooth the board is with 200 live calls: ``python -m tests.browser.board_smoothness``.

Serves the board in the preview, speaks for all calls at the rate of real ones – words so far every
second, a whole sentence every 5 s, levels, warnings, stalemates and help now and then – and prints
what the browser measured. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from functools import partial
from typing import Any, Final

import anyio
from playwright.async_api import CDPSession, Page, async_playwright, expect

from tests.browser.conftest import CHROMIUM, QUIET_ARGUMENTS
from tests.browser.parts.board import ask_for_help, many_calls, supervisor_of
from tests.browser.preview import OPERATOR, Preview, running
from tests.browser.scenes import Talk
from tests.browser.stage import Stage

STEPS_A_SECOND: Final = 20
"""Events come spread over the second, as those of calls that know nothing of each other do."""
SENTENCE_S: Final = 5
HEARD: Final = """
window.measured = { frames: [], long: [], delays: [] };
let last = null;
const frame = (at) => {
  if (last !== null) window.measured.frames.push(at - last);
  last = at;
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.measured.long.push(entry.duration);
}).observe({ type: "longtask" });
document.addEventListener("DOMContentLoaded", () => {
  const rows = document.getElementById("rows");
  new MutationObserver((changes) => {
    const sent = new Set();
    for (const { target } of changes) {
      for (const [, at] of (target.textContent ?? "").matchAll(/\\[(\\d+)\\]/g)) sent.add(Number(at));
    }
    if (sent.size === 0) return;
    // What was changed in this frame is on the screen when the next one begins.
    requestAnimationFrame(() => {
      const now = performance.timeOrigin + performance.now();
      for (const at of sent) if (!seen.has(at)) window.measured.delays.push(now - at / 1000);
      for (const at of sent) seen.add(at);
    });
  }).observe(rows, { childList: true, characterData: true, subtree: true });
  const seen = new Set();
});
"""


def speak(stage: Stage, call_id: str, second: int, number: int) -> None:
    """Tell what one call says in one second of its time."""
    talk, at = Talk(stage, call_id), f"{10 + second // 60}:{second % 60:02d}"
    turn = second + number
    if turn % SENTENCE_S:
        talk.saying("caller", at, "それで、こちらとしては先週からずっとお願いしているんですけど")
    else:
        sent_us = time.time_ns() // 1000
        talk.says("caller", at, f"先週からずっとお願いしているんです。[{sent_us}]")
    if turn % 30 == 11:
        stage.tell("stalemate.tick", call_id, {"stalemate_ms": 30_000 + second * 1000})
    if turn % 40 == 17:
        talk.level(turn // 40 % 4)
    if turn % 60 == 23:
        stage.tell("warning.spoken", call_id, {"count": 1 + turn // 60 % 3, "limit": 3})
    if turn % 400 == 29:
        ask_for_help(stage, call_id, by=stage.calls[call_id]["call"]["operator"])


async def speak_for_all(stage: Stage, seconds: int) -> None:
    calls = list(stage.calls)
    share = -(-len(calls) // STEPS_A_SECOND)
    begun = anyio.current_time()
    for step in range(seconds * STEPS_A_SECOND):
        await anyio.sleep_until(begun + step / STEPS_A_SECOND)
        from_number = step % STEPS_A_SECOND * share
        for number in range(from_number, min(from_number + share, len(calls))):
            speak(stage, calls[number], step // STEPS_A_SECOND, number)


async def measure(preview: Preview, page: Page, *, calls: int, seconds: int) -> dict[str, Any]:
    stage = preview.theatre.stage
    preview.theatre.identity = supervisor_of(OPERATOR)
    preview.portal.call(partial(many_calls, stage, calls))
    await page.add_init_script(HEARD)
    opened = time.perf_counter()
    await page.goto(f"{preview.address}/board")
    await expect(page.locator("#rows .board-row")).to_have_count(calls)
    first_ms = (time.perf_counter() - opened) * 1000
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("Performance.enable")
    await devtools.send("HeapProfiler.collectGarbage")
    heap_before = (await devtools.send("Runtime.getHeapUsage"))["usedSize"]
    await page.evaluate("Object.assign(window.measured, { frames: [], long: [], delays: [] })")
    before, busy_before = stage.seq, await busy(devtools)
    speaking = preview.portal.start_task_soon(speak_for_all, stage, seconds)
    await page.wait_for_timeout(seconds * 1000)
    await anyio.to_thread.run_sync(speaking.result)
    told = await page.evaluate("window.measured")
    busy_after = await busy(devtools)
    heap_during = (await devtools.send("Runtime.getHeapUsage"))["usedSize"]
    await devtools.send("HeapProfiler.collectGarbage")
    heap_after = (await devtools.send("Runtime.getHeapUsage"))["usedSize"]
    return {
        "calls": calls,
        "seconds": seconds,
        "open_ms": round(first_ms),
        "stored_events_per_s": round((stage.seq - before) / seconds, 1),
        "partials_per_s": calls * (SENTENCE_S - 1) // SENTENCE_S,
        "frame_ms": spread(told["frames"]),
        "long_tasks": len(told["long"]),
        "longest_task_ms": round(max(told["long"], default=0)),
        "page_busy_percent": {
            name: round(100 * (busy_after[name] - busy_before[name]) / seconds, 1)
            for name in busy_after
        },
        "event_to_drawn_ms": spread(told["delays"]),
        "sentences_drawn": len(told["delays"]),
        "heap_mb": {
            "opened": round(heap_before / 1e6, 1),
            "during": round(heap_during / 1e6, 1),
            "after": round(heap_after / 1e6, 1),
        },
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }


async def busy(devtools: CDPSession) -> dict[str, float]:
    """Return for how many seconds the page has worked so far, and at what."""
    told = (await devtools.send("Performance.getMetrics"))["metrics"]
    wanted = {
        "TaskDuration": "all",
        "ScriptDuration": "scripts",
        "RecalcStyleDuration": "styles",
        "LayoutDuration": "layout",
    }
    return {wanted[one["name"]]: one["value"] for one in told if one["name"] in wanted}


def spread(values: list[float]) -> dict[str, float]:
    """Return p50, p95 and the most of *values*."""
    ranked = sorted(values) or [0.0]

    def at(share: float) -> float:
        return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 1)

    return {"p50": at(0.5), "p95": at(0.95), "max": round(ranked[-1], 1)}


async def show(calls: int, seconds: int) -> None:
    with running() as preview:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=QUIET_ARGUMENTS
            )
            page = await browser.new_page(viewport={"width": 1280, "height": 720}, locale="ja-JP")
            figures = await measure(preview, page, calls=calls, seconds=seconds)
            await browser.close()
    print(json.dumps(figures, indent=2))  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the board with many live calls.")
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=30)
    chosen = parser.parse_args()
    anyio.run(show, chosen.calls, chosen.seconds)


if __name__ == "__main__":
    main()
