"""Glue: an operator, a supervisor and a caller's sound at once, on the real server; only the ear is scripted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from websockets.asyncio.client import ClientConnection

from app.auth.access import COOKIE
from app.auth.identity import Role
from app.joining.attendance import Because
from app.settings import Settings
from asr.types import Samples
from tests.app.control.office import RecordingControl
from tests.app.joining.joined_server import JoinedServer, Person, joined_server
from tests.app.running import hear, in_own_task, say
from tests.app.sounds import call_bytes, silence, speech
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CALL = "c-1"
FRAME_BYTES = 320
"""20 ms of two tracks of mu-law."""
PAUSE_MS = 1_200
ANSWER_MS = 20_000
INSULT = "お前、馬鹿か。この税金泥棒が。"
WARNING = "暴言が続くようでしたら、お電話を切らせていただきます。"
HEARD = """() => {
  window.heard = { received: [0, 0], most: [0, 0] };
  const whole = AudioWorkletNode;
  window.AudioWorkletNode = class extends whole {
    constructor(...given) {
      super(...given);
      this.port.addEventListener("message", ({ data }) => {
        window.heard.received = data.received;
        window.heard.most = data.peak.map((peak, at) => Math.max(peak, window.heard.most[at]));
      });
    }
  };
}"""
"""Listens beside the page to what its worklet counts of the samples that came."""


@dataclass(slots=True)
class Telephone:
    """Both ends of a line: sound goes out in real time, silence where nobody speaks."""

    stream: ClientConnection
    transcriber: ScriptedTranscriber
    waiting: bytes = b""
    talking: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    def speaks(self, who: str, text: str) -> None:
        """Let one side say *text*: its sound is real, its words are the transcriber's."""
        self.transcriber.say(text)
        sound: Samples = np.concatenate((speech(), silence(PAUSE_MS)))
        nothing = np.zeros_like(sound)
        self.waiting += call_bytes(*((sound, nothing) if who == "caller" else (nothing, sound)))

    async def run(self) -> None:
        with self.talking:
            await self._send_in_real_time()

    async def _send_in_real_time(self) -> None:
        begun, sent = anyio.current_time(), 0
        quiet = call_bytes(silence(20))
        while True:
            frame = self.waiting[:FRAME_BYTES] or quiet
            self.waiting = self.waiting[FRAME_BYTES:]
            await self.stream.send(frame)
            sent += 1
            await anyio.sleep_until(begun + sent * 0.020)


@dataclass(slots=True)
class Scene:
    """A live call with both of them at their screens."""

    server: JoinedServer
    telephone: Telephone
    operator: Page
    supervisor: Page

    async def ends(self) -> None:
        self.telephone.talking.cancel()
        await say(self.telephone.stream, {"type": "stop", "reason": "hangup"})
        await hear(self.telephone.stream)


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber(partials=[])


@pytest.fixture
def control() -> RecordingControl | None:
    return None


@pytest_asyncio.fixture(loop_scope="session")
async def server(
    tmp_path: Path, transcriber: ScriptedTranscriber, control: RecordingControl | None
) -> AsyncIterator[JoinedServer]:
    running = joined_server(Settings(data_dir=tmp_path), transcriber, call_control=control)
    async with in_own_task(running) as opened:
        yield opened


@asynccontextmanager
async def at_screen(
    browser: Browser, server: JoinedServer, person: Person, query: str = ""
) -> AsyncIterator[Page]:
    context = await browser.new_context(
        viewport={"width": 1280, "height": 720}, locale="ja-JP", reduced_motion="reduce"
    )
    context.set_default_timeout(ANSWER_MS)
    await context.add_cookies([{"name": COOKIE, "value": person.cookie, "url": server.running.url}])
    await context.add_init_script(f"({HEARD})()")
    page = await context.new_page()
    await page.goto(f"{server.running.url}/calls/{CALL}{query}")
    await expect(page.locator("#link")).to_have_attribute("data-state", "open", timeout=ANSWER_MS)
    yield page
    await context.close()


@asynccontextmanager
async def a_call(
    browser: Browser, server: JoinedServer, transcriber: ScriptedTranscriber
) -> AsyncIterator[Scene]:
    async with (
        server.person("sato", Role.OPERATOR) as sato,
        server.person("kato") as kato,
        server.running.stream() as stream,
    ):
        await say(stream, {"type": "start", "call_id": CALL, "operator": "sato"})
        await hear(stream)
        async with (
            at_screen(browser, server, sato) as operator,
            at_screen(browser, server, kato, "?listen=1") as supervisor,
            anyio.create_task_group() as tasks,
        ):
            telephone = Telephone(stream, transcriber)
            tasks.start_soon(telephone.run)
            yield Scene(server, telephone, operator, supervisor)
            telephone.talking.cancel()


async def shows(page: Page, selector: str, text: str) -> None:
    await expect(page.locator(selector)).to_contain_text(text, timeout=ANSWER_MS)


async def alert_on_both(scene: Scene) -> None:
    scene.telephone.speaks("caller", INSULT)
    for page in (scene.operator, scene.supervisor):
        await expect(page.locator(".alert")).to_have_count(1, timeout=ANSWER_MS)
        await shows(page, "#outcome", "カスハラのおそれ")


async def supervisor_joins(scene: Scene) -> None:
    await expect(scene.supervisor.locator("#join")).to_be_focused()
    await scene.supervisor.keyboard.press("Enter")
    await expect(scene.supervisor.locator("#sound-state")).to_have_attribute(
        "data-state", "listening", timeout=ANSWER_MS
    )
    await shows(scene.operator, "#from-there", "katoさんさんが聞いています")


async def sound_of_both_tracks_arrives(page: Page) -> dict[str, Any]:
    await page.wait_for_function(
        "() => heard.received.every((n) => n > 8_000) && heard.most.every((peak) => peak > 0.05)",
        timeout=ANSWER_MS,
    )
    heard: dict[str, Any] = await page.evaluate("window.heard")
    return heard


async def test_from_the_alert_to_the_end_of_the_call(
    browser: Browser, server: JoinedServer, transcriber: ScriptedTranscriber
) -> None:
    async with a_call(browser, server, transcriber) as scene:
        operator, supervisor = scene.operator, scene.supervisor
        await alert_on_both(scene)
        await supervisor_joins(scene)

        await supervisor.fill("#note", "落ち着いて続けてください。")
        await supervisor.press("#note", "Enter")
        await shows(operator, "#from-text", "落ち着いて続けてください。")
        await operator.keyboard.press("k")
        await shows(supervisor, ".joining-note-state", "職員が確認")

        scene.telephone.speaks("operator", WARNING)
        for page in (operator, supervisor):
            await expect(page.locator("#warnings")).to_have_text("1", timeout=ANSWER_MS)
        scene.telephone.speaks("caller", INSULT)
        heard = await sound_of_both_tracks_arrives(supervisor)

        await supervisor.click("#ask-take_over")
        await shows(operator, "#from-text", "「代わります」と言っています")
        await operator.click("#from-yes")
        await expect(operator.locator("#from-steps li")).to_have_count(4, timeout=ANSWER_MS)
        await shows(supervisor, "#ask-take_over-state", "電話機でつなぐ手順")
        await shows(supervisor, "#ask-take_over-steps", "監督者の内線を呼び出します。")

        await scene.ends()
        for page in (operator, supervisor):
            await shows(page, "#link-word", "通話終了")
        await supervisor.locator("#panel-joining").wait_for()
        await shows(supervisor, "#joining-stays", "通話の終了まで")
        await expect(supervisor.locator("#joining-live")).to_be_hidden()

    assert min(heard["most"]) > 0.05
    kinds = [kind for kind, _ in await server.actions()]
    assert kinds[0] == "supervisor_joined"
    assert [kind for kind in kinds if kind not in ("supervisor_joined", "break_proposed")] == [
        "supervisor_note",
        "supervisor_note_seen",
        "take_over_asked",
        "take_over_accepted",
        "telephone_instructions",
        "supervisor_left",
    ]


class TestWithAnExchangeThatCanBeAsked:
    @pytest.fixture
    def control(self) -> RecordingControl:
        return RecordingControl()

    async def test_an_accepted_take_over_makes_the_supervisors_telephone_ring(
        self,
        browser: Browser,
        server: JoinedServer,
        transcriber: ScriptedTranscriber,
        control: RecordingControl,
    ) -> None:
        async with a_call(browser, server, transcriber) as scene:
            operator, supervisor = scene.operator, scene.supervisor
            await supervisor_joins(scene)
            await supervisor.click("#ask-take_over")
            await expect(supervisor.locator("#ring-no")).to_be_focused()
            asked_before = list(control.asked)
            await supervisor.click("#ring-yes")
            await shows(operator, "#from-text", "「代わります」と言っています")
            await operator.click("#from-yes")

            await shows(operator, "#from-text", "監督者の電話機がつながりました")
            await shows(supervisor, "#ask-take_over-state", "つながりました")

        assert asked_before == []
        assert [(what, by.login) for what, _, by in control.asked] == [("join talk", "kato")]

    async def test_both_see_that_a_request_was_declined_and_that_somebody_closed_the_tab(
        self,
        browser: Browser,
        server: JoinedServer,
        transcriber: ScriptedTranscriber,
        control: RecordingControl,
    ) -> None:
        async with a_call(browser, server, transcriber) as scene:
            operator, supervisor = scene.operator, scene.supervisor
            await supervisor_joins(scene)
            await supervisor.click("#ask-three_way")
            await supervisor.click("#ring-yes")
            await shows(operator, "#from-text", "「一緒に入ります」と言っています")
            await operator.click("#from-no")
            await shows(supervisor, "#ask-three_way-state", "断りました")

            await supervisor.close()
            await shows(operator, "#from-there", "画面で見ています")
            await server.attendance.depart(CALL, "kato", None, Because.SILENT)
            await shows(operator, "#from-there", "いま聞いている監督者はいません")

        assert control.asked == []
