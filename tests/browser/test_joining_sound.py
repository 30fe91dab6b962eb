"""Glue: the sound of a call on its page: where it does not come, where it breaks off, and how it comes back."""

from __future__ import annotations

import anyio
import pytest
from playwright.async_api import expect

from tests.browser.parts.joining import FORGOTTEN, REFUSED, STALLED
from tests.browser.preview import Preview
from tests.browser.scenes import CALL
from tests.browser.screen import Screen
from tests.browser.test_joining import joins, of_call, sent, supervisor

__all__ = ["supervisor"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LATER = """
window.later = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + window.later;
"""
"""The page's clock, which a test can put forward."""


async def until_sent(screen: Screen, preview: Preview, ending: str, count: int) -> None:
    with anyio.fail_after(10):
        while sent(preview, ending) < count:
            await screen.evaluate("new Promise(requestAnimationFrame)")


@pytest.mark.parametrize(
    ("code", "state", "words"),
    [
        (4403, "refused", "権限がありません"),
        (4409, "refused", "終了しています"),
        (1012, "lost", "つなぎ直しています"),
        (4503, "lost", "届きしだい聞こえます"),
    ],
)
async def test_sound_that_does_not_come_says_why(
    supervisor: Screen, preview: Preview, code: int, state: str, words: str
) -> None:
    preview.play("level2")
    of_call(preview, **{REFUSED: code})
    supervisor.forgive_lost_sockets_and_refusals()
    await supervisor.open_call()

    await supervisor.find("#join").click()

    await expect(supervisor.find("#sound-state")).to_have_attribute("data-state", state)
    await expect(supervisor.find("#sound-state")).to_contain_text(words)


async def test_sound_that_was_lost_comes_back_by_itself(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    of_call(preview, **{REFUSED: 1012})
    supervisor.forgive_lost_sockets_and_refusals()
    await supervisor.open_call()
    await supervisor.find("#join").click()
    await expect(supervisor.find("#sound-state")).to_have_attribute("data-state", "lost")

    of_call(preview, **{REFUSED: None})

    await expect(supervisor.find("#sound-state")).to_have_attribute("data-state", "listening")


PLAYERS = """
const whole = AudioWorkletNode;
window.told = [];
window.AudioWorkletNode = class extends whole {
  constructor(...given) {
    super(...given);
    const index = window.told.push(0) - 1;
    this.port.addEventListener("message", () => (window.told[index] += 1));
  }
};
"""
"""Counts beside the page how often each of its players tells how it goes."""


async def test_sound_that_was_lost_leaves_no_player_behind(
    supervisor: Screen, preview: Preview
) -> None:
    await supervisor.page.context.add_init_script(PLAYERS)
    preview.play("level2")
    supervisor.forgive_lost_sockets_and_refusals()
    await supervisor.open_call()
    await joins(supervisor)
    of_call(preview, **{REFUSED: 1012})
    await expect(supervisor.find("#sound-state")).to_have_attribute("data-state", "lost")
    of_call(preview, **{REFUSED: None})
    await expect(supervisor.find("#sound-state")).to_have_attribute("data-state", "listening")

    with anyio.fail_after(20):
        told = await supervisor.evaluate("""new Promise((ok) => {
          let before = null;
          const look = () => {
            if (window.told[1] >= 2) before ??= window.told[0];
            if (window.told[1] >= 8) ok([before, window.told[0]]);
            else setTimeout(look, 50);
          };
          look();
        })""")

    assert told[0] == told[1]


async def test_a_line_that_brings_no_sound_says_so_and_when_it_comes_again(
    supervisor: Screen, preview: Preview
) -> None:
    preview.play("level2")
    await supervisor.open_call()
    await joins(supervisor)

    of_call(preview, **{STALLED: True})
    await expect(supervisor.find("#sound-state")).to_have_attribute(
        "data-state", "silent", timeout=15_000
    )
    await expect(supervisor.find("#sound-state")).to_contain_text("音が届いていません")
    of_call(preview, **{STALLED: False})

    await expect(supervisor.find("#sound-state")).to_have_text("聞いています")


async def test_sound_that_the_browser_stops_asks_for_a_press_and_comes_back_with_it(
    supervisor: Screen, preview: Preview
) -> None:
    await supervisor.page.context.add_init_script(
        "const whole = AudioContext;"
        "window.AudioContext ="
        " class extends whole { constructor(...given) { super(...given); window.speaker = this; } };"
    )
    preview.play("level2")
    await supervisor.open_call()
    await joins(supervisor)

    await supervisor.evaluate("window.speaker.suspend()")
    await expect(supervisor.find("#sound-state")).to_contain_text("画面を一度押してください")
    await supervisor.find("#joining-there").click()

    await expect(supervisor.find("#sound-state")).to_have_text("聞いています")


async def test_who_still_hears_comes_back_to_a_server_that_has_forgotten_them(
    supervisor: Screen, preview: Preview
) -> None:
    await supervisor.page.context.add_init_script(LATER)
    preview.play("level2")
    supervisor.forgive_lost_sockets_and_refusals()
    await supervisor.open_call()
    await joins(supervisor)
    of_call(preview, **{FORGOTTEN: True})

    await supervisor.evaluate("window.later = 60_000")

    await expect(supervisor.find("#sound-state")).to_have_text("聞いています")
    await until_sent(supervisor, preview, "/joined", 3)  # came, was refused, came again
    await expect(supervisor.find("#joining-told")).to_be_empty()


async def test_a_page_whose_timers_are_slowed_down_gives_its_sign_of_life_at_each_event(
    supervisor: Screen, preview: Preview
) -> None:
    await supervisor.page.context.add_init_script(LATER + "window.setInterval = () => 1;")
    preview.play("level2")
    await supervisor.open_call()
    await joins(supervisor)
    await supervisor.press("l")
    await expect(supervisor.find("#sound-state")).to_have_text("音は止めています")
    await supervisor.evaluate("window.later = 60_000")

    preview.tell("stalemate.tick", CALL, {"stalemate_ms": 30_000})

    await until_sent(supervisor, preview, "/joined", 2)
