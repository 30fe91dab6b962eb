"""Adapter: a page under test, and what it complained about."""

from __future__ import annotations

from typing import Any

from playwright.async_api import ConsoleMessage, Error, Locator, Page, Request, expect

from tests.browser.preview import Preview
from tests.browser.scenes import CALL


class Screen:
    def __init__(self, page: Page, preview: Preview) -> None:
        self.page = page
        self.preview = preview
        self.complaints: list[str] = []
        self.expected_complaints: list[str] = []
        self.foreign_requests: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", self._failed)
        page.on("request", self._requested)

    async def open_call(self, call_id: str = CALL) -> None:
        await self.page.goto(f"{self.preview.address}/calls/{call_id}")
        await self.is_linked()

    async def open_list(self) -> None:
        await self.page.goto(f"{self.preview.address}/calls")
        await self.is_linked()

    async def is_linked(self) -> None:
        await expect(self.find("#link")).not_to_have_attribute("data-state", "connecting")

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    async def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in await self.find(selector).all_inner_texts()]

    async def press(self, key: str) -> None:
        await self.page.keyboard.press(key)

    async def evaluate(self, expression: str) -> Any:
        return await self.page.evaluate(expression)

    def forgive_lost_sockets_and_refusals(self) -> None:
        """Chromium writes each into its console; the page itself cannot keep it quiet."""
        self.complaints = _Forgiving(self.complaints)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _failed(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.preview.address, "data:")):
            self.foreign_requests.append(request.url)


class _Forgiving(list[str]):
    def append(self, text: str) -> None:
        if "WebSocket connection to" not in text and "Failed to load resource" not in text:
            super().append(text)
