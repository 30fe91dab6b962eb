"""Rules of the player of a call's sound, driven where it runs: bursts, gaps, clocks that differ, silenced tracks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.screen import Screen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

STAGE = """async () => {
  // What the browser's own sound thread would bring.
  globalThis.sampleRate = 48_000;
  globalThis.AudioWorkletProcessor = class {
    constructor() {
      this.port = { postMessage: (told) => (this.told = told) };
    }
  };
  globalThis.registerProcessor = (_name, whole) => (globalThis.Player = whole);
  await import("/static/js/listen-worklet.js");
  const player = new Player({ processorOptions: { tracks: 2 } });
  const LOUD = 0x80; // the loudest mu-law code; 0xff is nothing
  const hear = (track, fromMs, ms, code) =>
    player.port.onmessage({
      data: { type: "sound", track, positionMs: fromMs, mulaw: new Uint8Array(ms * 8).fill(code) },
    });
  const both = (fromMs, ms, code = LOUD) => [0, 1].forEach((track) => hear(track, fromMs, ms, code));
  const sound = (ms) => {
    const heard = [];
    for (let frames = 0; frames < ms * 48; frames += 128) {
      const output = [new Float32Array(128)];
      player.process([], [output]);
      heard.push(...output[0]);
    }
    return heard;
  };
  const tell = (message) => player.port.onmessage({ data: message });
  PLAY
}"""


async def played(screen: Screen, play: str) -> Any:
    """Return what *play* says, with a player on an empty stage."""
    await screen.open_list()
    return await screen.page.evaluate(STAGE.replace("PLAY", play))


async def test_nothing_sounds_before_enough_is_stored_and_then_everything(screen: Screen) -> None:
    before, after = await played(
        screen,
        """both(1_000, 100); const before = Math.max(...sound(50));
           both(1_100, 100); return [before, Math.max(...sound(50))];""",
    )

    assert before == 0
    assert after == 1  # both at their loudest: held back at the edge


async def test_a_burst_after_a_halt_is_skipped_to_what_is_newest(screen: Screen) -> None:
    waiting_ms, at_ms, skipped = await played(
        screen,
        """for (let at = 0; at < 9_000; at += 100) both(at, 100, at < 8_500 ? 0xff : LOUD);
           const loudest = Math.max(...sound(10));
           return [player.waiting / 8, player.at / 8 * loudest, player.counts.skipped / 8];""",
    )

    assert waiting_ms < 380
    assert at_ms > 8_800
    assert skipped > 8_000


async def test_a_gap_is_silent_for_as_long_as_it_lasts(screen: Screen) -> None:
    silent_ms = await played(
        screen,
        """both(0, 120); both(220, 100);
           const heard = sound(310);
           return heard.filter((sample) => Math.abs(sample) < 0.01).length / 48;""",
    )

    assert silent_ms == pytest.approx(100, abs=10)


@pytest.mark.parametrize("pace", [0.99, 1.01])
async def test_clocks_that_differ_never_leave_the_listener_far_behind(
    screen: Screen, pace: float
) -> None:
    most_ms, underruns, heard = await played(
        screen,
        f"""let most = 0, heard = 0;
            for (let at = 0, due = 0; at < 60_000; at += 40) {{
              both(at, 40);
              for (due += 40 * {pace}; due > 0; due -= 128 / 48) heard += sound(128 / 48).length;
              most = Math.max(most, player.waiting / 8);
            }}
            return [most, player.counts.underruns, player.counts.played / heard];""",
    )

    assert most_ms < 500
    assert underruns <= 12  # a breath each, where the sound comes too slowly
    assert heard > 0.95


async def test_a_silenced_track_is_not_heard_and_its_loudness_is_told_all_the_same(
    screen: Screen,
) -> None:
    heard, peaks = await played(
        screen,
        """tell({ type: "mute", track: 0, muted: true });
           hear(0, 0, 400, LOUD); hear(1, 0, 400, 0xff); hear(7, 0, 400, LOUD);
           const heard = Math.max(...sound(260));
           return [heard, player.told.peak];""",
    )

    assert heard == 0
    assert peaks[0] > 0.9
    assert peaks[1] == 0


async def test_at_the_end_what_is_stored_is_played_and_the_player_goes(screen: Screen) -> None:
    goes_on, played_ms = await played(
        screen,
        """both(0, 60); tell({ type: "ended" });
           sound(100);
           return [player.process([], [[new Float32Array(128)]]), player.counts.played / 48];""",
    )

    assert goes_on is False
    assert played_ms == pytest.approx(60, abs=2)
