"""Glue: pictures of every state for ``docs/screenshots``: ``python -m tests.browser.screenshots docs/screenshots``."""

from __future__ import annotations

import argparse
import base64
from dataclasses import replace
from pathlib import Path
from typing import Final

import anyio
import numpy as np
from playwright.async_api import Browser, Page, async_playwright, expect

from app.auth.identity import Role
from app.screens.language import COOKIE, Language
from tests.browser.conftest import CHROMIUM, QUIET_ARGUMENTS
from tests.browser.parts import joining
from tests.browser.parts.board import four_calls, many_calls, supervisor_of
from tests.browser.png import Pixels, palette_png
from tests.browser.preview import OPERATOR, Preview, running
from tests.browser.scenes import CALL, Talk, alert, ms

UNPACK: Final = """async (encoded) => {
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const drawing = canvas.getContext("2d");
  drawing.drawImage(picture, 0, 0);
  const { data, width, height } = drawing.getImageData(0, 0, picture.width, picture.height);
  let letters = "";
  for (let at = 0; at < data.length; at += 32768) letters += String.fromCharCode(...data.subarray(at, at + 32768));
  return { bytes: btoa(letters), width, height };
}"""
PICTURES: Final = {
    "no-call": ("nothing", "light"),
    "list": ("list", "light"),
    "quiet": ("quiet", "light"),
    "complaint": ("complaint", "light"),
    "level-1": ("level1", "light"),
    "level-2": ("level2", "light"),
    "level-3": ("level3", "light"),
    "level-3-dark": ("level3", "dark"),
    "half-a-sentence": ("quiet", "light"),
    "withdrawn": ("quiet", "light"),
    "welfare": ("welfare", "light"),
    "threat-card": ("level3", "light"),
    "welfare-card": ("welfare", "light"),
    "break": ("hard-call", "light"),
    "explanation": ("level2", "light"),
    "help-requested": ("help", "light"),
    "help-failed": ("level2", "light"),
    "recognition-behind": ("behind", "light"),
    "recognition-down": ("down", "light"),
    "connection-lost": ("level1", "light"),
    "ended": ("ended", "light"),
    "supervisor": ("help", "light"),
    "join": ("level2", "light"),
    "note": ("level2", "light"),
    "take-over": ("level2", "light"),
    "auditor": ("ended", "light"),
    "board-4": ("nothing", "light"),
    "board-200": ("nothing", "light"),
    "same-request": ("demand", "light"),
    "english": ("level2", "light"),
}
TABLET: Final = "-tablet"
ON_A_TABLET: Final = ("quiet", "level-1", "level-2", "level-3", "help-requested", "join", "board-4")
"""Taken at 1024 x 768 as well."""
SIZES: Final = {True: (1024, 768), False: (1280, 720)}
ENGLISH: Final = frozenset({"english"})
BOARDS: Final = {"board-4": four_calls, "board-200": many_calls}
"""Who is on the supervisors' board."""
OTHERS: Final = {
    "break": replace(
        OPERATOR, login="tanaka", display_name="田中 一郎", role=Role.SUPERVISOR, user_id=2
    ),
    "supervisor": replace(
        OPERATOR, login="tanaka", display_name="田中 一郎", role=Role.SUPERVISOR, user_id=2
    ),
    "join": replace(
        OPERATOR, login="tanaka", display_name="田中 一郎", role=Role.SUPERVISOR, user_id=2
    ),
    "auditor": replace(
        OPERATOR, login="kansa", display_name="山本 久", role=Role.AUDITOR, section="", user_id=3
    ),
}
"""Who looks, where it is not the operator."""
ALL: Final = (*PICTURES, *(f"{name}{TABLET}" for name in ON_A_TABLET))


async def take(browser: Browser, preview: Preview, picture_name: str, folder: Path) -> None:
    name = picture_name.removesuffix(TABLET)
    scene, theme = PICTURES[name]
    width, height = SIZES[picture_name.endswith(TABLET)]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="ja-JP",
        timezone_id="Asia/Tokyo",
    )
    preview.clear()
    preview.theatre.identity = OTHERS.get(name, OPERATOR)
    preview.play(scene)
    if name in BOARDS:
        preview.theatre.identity = supervisor_of(OPERATOR)
        preview.portal.call(BOARDS[name], preview.theatre.stage)
    if name in ENGLISH:
        english = Language.ENGLISH.value
        await context.add_cookies([{"name": COOKIE, "value": english, "url": preview.address}])
    page = await context.new_page()
    path = "/calls" if scene in ("nothing", "list") else "/calls/c-1"
    if name == "break" or name in BOARDS:
        path = "/board"
    await page.goto(preview.address + path)
    await expect(page.locator("#link")).not_to_have_attribute("data-state", "connecting")
    await _spoil(page, preview, name)
    await keep(page, folder / f"{picture_name}.png")
    await context.close()


async def keep(page: Page, path: Path) -> None:
    """Store what *page* shows, small."""
    picture = await page.screenshot()
    browser = page.context.browser
    assert browser is not None
    png = palette_png(await _pixels(browser, picture))
    await anyio.Path(path).write_bytes(png)


async def _pixels(browser: Browser, picture: bytes) -> Pixels:
    """Let the browser unpack its own picture."""
    page = await browser.new_page()
    unpacked = await page.evaluate(UNPACK, base64.b64encode(picture).decode())
    await page.close()
    rgba = np.frombuffer(base64.b64decode(unpacked["bytes"]), np.uint8)
    return rgba.reshape(unpacked["height"], unpacked["width"], 4)[:, :, :3]


async def _spoil(page: Page, preview: Preview, name: str) -> None:
    if name == "connection-lost":
        preview.theatre.refusing = True
        preview.cut_sockets()
        await expect(page.locator("#link")).to_have_attribute("data-state", "waiting")
    if name in ("half-a-sentence", "withdrawn"):
        await _hear_half(page, preview, withdrawn=name == "withdrawn")
    if name in ("join", "note", "take-over"):
        await joining.show(page, preview.portal, preview.theatre.stage, name)
    if name == "explanation":
        await page.locator(".alert-more:visible").first.click()
    if name == "help-failed":
        preview.theatre.stage.failing["/help"] = 9
        await page.locator("#help").click()
        await expect(page.locator(".help-place")).to_have_attribute("data-help", "failed")


async def _hear_half(page: Page, preview: Preview, *, withdrawn: bool) -> None:
    """Show an alert before its sentence is over, and perhaps what the whole of it says."""
    talk, at = Talk(preview.theatre.stage), "1:20"
    half = "今からそっちに行って殴ってやるから待って"
    utterance_id = preview.portal.call(talk.saying, "caller", at, half)
    early = alert("physical_attack", 3, "殴ってやる", ms(at), utterance_id, check=True)
    risen = {"level": 3, "outcome": "harassment_suspected", "top_level": 0}
    preview.tell("alert.raised", CALL, early)
    preview.tell("level.changed", CALL, risen)
    sentence = "ただいまのお言葉は、職員の安全に関わります。警察に通報することがあります。"
    preview.portal.call(talk.suggests, "emergency", sentence, None)
    await expect(page.locator(".alert-check:visible")).to_have_count(1)
    if withdrawn:
        whole = f"{half}ろって、夫が隣の人に言われました"
        preview.portal.call(talk.says, "caller", at, whole)
        preview.tell("alert.closed", CALL, {**early, "withdrawn": True})
        preview.tell("level.changed", CALL, {**risen, "level": 0, "outcome": "ordinary"})
        preview.portal.call(talk.suggests, "listen", "", None)
        await expect(page.locator("#toast")).to_contain_text("取り下げ")


async def take_all(names: list[str], folder: Path) -> None:
    with running() as preview:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=[*QUIET_ARGUMENTS, "--disable-lcd-text"]
            )
            for name in names:
                await take(browser, preview, name, folder)
            await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Photograph the screens, state by state.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=sorted(ALL), action="append")
    chosen = parser.parse_args()
    anyio.run(take_all, chosen.only or list(ALL), chosen.folder)


if __name__ == "__main__":
    main()
