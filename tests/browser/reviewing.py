"""Glue: a review page on the real server, opened by somebody who has just signed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from playwright.async_api import BrowserContext, Locator, Page, expect

from app.auth.identity import Role
from app.ledger import Entry
from app.recordings.chunks import Kind
from tests.app.review.filled import Filling, add_ended_call
from tests.app.review.recorded import Hole, add_recording
from tests.app.running import SECTION, RunningServer
from tests.browser.signing_in import first_sign_in

CALL: Final = "r-1"
ORDINARY: Final = Filling()
HOLES: Final[Sequence[Hole]] = ((Kind.PAUSED, 70_000, 80_000), (Kind.LOST, 200_000, 210_000))
SOUND: Final = "document.getElementById('sound')"
COUNTED_GAINS: Final = """
window.gains = [];
const made = AudioContext.prototype.createGain;
AudioContext.prototype.createGain = function () {
  const gain = made.call(this);
  window.gains.push(gain);
  return gain;
};
"""
LOUDEST: Final = """
async ([place, seconds]) => {
  const gain = window.gains[place];
  const ear = gain.context.createAnalyser();
  gain.connect(ear);
  const heard = new Float32Array(ear.fftSize);
  const until = gain.context.currentTime + seconds;
  let loudest = 0;
  while (gain.context.currentTime < until) {
    await new Promise(requestAnimationFrame);
    ear.getFloatTimeDomainData(heard);
    loudest = Math.max(loudest, ...heard.map(Math.abs));
  }
  return loudest;
}
"""
"""How loud one side comes out of the page."""
PLAYED: Final = """
new Promise((there) => {
  const sound = document.getElementById("sound");
  const place = sound.currentTime;
  const look = () => (sound.currentTime > place ? there() : requestAnimationFrame(look));
  look();
})
"""
SEEKED: Final = """
new Promise((there) => {
  const sound = document.getElementById("sound");
  if (sound.seeking) sound.addEventListener("seeked", there, { once: true });
  else there();
})
"""


class ReviewPage:
    """What a person does on the page, and what they find there."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )

    async def open(self, query: str = "") -> None:
        await self.page.goto(f"{self.url}/calls/{CALL}/review{query}")
        await expect(self.page.locator("body[data-usable]")).to_be_attached()

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def line(self, at: str) -> Locator:
        """The line of the transcript that begins then."""
        return self.page.locator(".lines .line").filter(has=self.page.get_by_text(at, exact=True))

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def at_ms(self) -> int:
        """Where the sound is, once it has come there."""
        await self.page.evaluate(SEEKED)
        at_s: float = await self.page.evaluate(f"{SOUND}.currentTime")
        return round(at_s * 1000)

    async def playing(self) -> bool:
        return not await self.page.evaluate(f"{SOUND}.paused")


async def with_call(
    server: RunningServer,
    *,
    filling: Filling = ORDINARY,
    recorded: bool = True,
    holes: Sequence[Hole] = HOLES,
    **facts: Any,
) -> None:
    now = server.services.clock.now()

    async def change(entry: Entry) -> str:
        return await add_ended_call(entry.session, now, CALL, filling=filling, **facts)

    await server.services.ledger.write(change)
    if recorded:
        await add_recording(server.services, CALL, filling, holes)


async def signed_in(
    context: BrowserContext,
    server: RunningServer,
    role: Role = Role.AUDITOR,
    section: str = SECTION,
) -> ReviewPage:
    await context.add_init_script(COUNTED_GAINS)
    page = await first_sign_in(context, server, role, section=section)
    return ReviewPage(page, server.url)
