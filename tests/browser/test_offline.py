"""Glue: trouble on the real server: a screen that was away comes back complete, and all screens agree."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect
from websockets.asyncio.client import ClientConnection

from app.auth.access import COOKIE
from app.auth.identity import Role
from app.bench.screens_people import Person, sign_in_people
from app.settings import Settings
from tests.app.running import SECTION, RunningServer, hear, in_own_task, running_server, say
from tests.app.sounds import call_bytes, sentences
from tests.browser.cable import Cable, cable_to
from tests.fakes_transcriber import ScriptedTranscriber

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

FRAME_BYTES = 3_200
INSULT = "お前、馬鹿か。この税金泥棒が。"
DEMAND = "担当者をクビにしろ。土下座して謝れ。"
AWAY_MS = 60_000
AGREE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Office:
    """A server, the cable to it, and two people who are signed in."""

    server: RunningServer
    cable: Cable
    operator: Person
    supervisor: Person

    async def page(
        self, context: BrowserContext, person: Person, path: str, *, clock: bool = False
    ) -> Page:
        await context.add_cookies(
            [{"name": COOKIE, "value": person.secret, "url": self.cable.address}]
        )
        page = await context.new_page()
        if clock:
            await page.clock.install()
        await page.goto(self.cable.address + path)
        await expect(page.locator("#link-word")).to_have_text("正常に動作中")
        return page

    def desk(self, person: Person) -> httpx.AsyncClient:
        """Speak to the server as the person's browser does, past the cable."""
        url = self.server.url
        return httpx.AsyncClient(base_url=url, headers=person.headers(url), timeout=20)


@pytest.fixture
def transcriber() -> ScriptedTranscriber:
    return ScriptedTranscriber("除雪のことで聞きたいんですけど。", "どうなっているんですか。")


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path, transcriber: ScriptedTranscriber) -> AsyncIterator[Office]:
    settings = Settings(data_dir=tmp_path)
    async with in_own_task(running_server(settings, transcriber)) as server:
        port = urlsplit(server.url).port
        assert port is not None
        async with in_own_task(cable_to(port)) as cable:
            [operator] = await sign_in_people(tmp_path, ["sato"], Role.OPERATOR, SECTION)
            [supervisor] = await sign_in_people(tmp_path, ["suzuki"], Role.SUPERVISOR, SECTION)
            yield Office(server, cable, operator, supervisor)


@pytest_asyncio.fixture(loop_scope="session")
async def other_context(browser: Browser) -> AsyncIterator[BrowserContext]:
    async with AsyncExitStack() as stack:
        opened = await browser.new_context(viewport={"width": 1280, "height": 720}, locale="ja-JP")
        stack.push_async_callback(opened.close)
        yield opened


async def begin(stream: ClientConnection, operator: str = "sato") -> str:
    await say(stream, {"type": "start", "operator": operator, "from": "011-000-1234"})
    call_id: str = (await hear(stream))["call_id"]
    return call_id


async def speak(stream: ClientConnection, count: int) -> None:
    sound = call_bytes(sentences(count))
    for at in range(0, len(sound), FRAME_BYTES):
        await stream.send(sound[at : at + FRAME_BYTES])


async def csrf_of(client: httpx.AsyncClient) -> dict[str, str]:
    page = (await client.get("/calls")).text
    return {"X-CSRF-Token": page.partition('name="csrf-token" content="')[2].partition('"')[0]}


async def act(
    office: Office, person: Person, method: str, path: str, **sent: Any
) -> httpx.Response:
    async with office.desk(person) as client:
        return await client.request(method, path, headers=await csrf_of(client), **sent)


async def record_of(office: Office, call_id: str) -> dict[str, Any]:
    async with office.desk(office.operator) as client:
        record: dict[str, Any] = (await client.get(f"/v1/calls/{call_id}")).json()
    return record


async def shown_on(page: Page) -> dict[str, Any]:
    """Return what a person reads there, apart from clocks that go on."""
    return {
        "lines": await page.locator(".line").all_inner_texts(),
        "level": await page.inner_text("#level-word"),
        "outcome": await page.inner_text("#outcome"),
        # Their places are a tab's own: what stands on a screen does not move, what is opened later is in order.
        "alerts": sorted(
            text.replace("\nF\n", "\n") for text in await page.locator(".alert").all_inner_texts()
        ),
        "dismissed": await page.locator("#dismissed-list li").count(),
        "warnings": await page.inner_text("#warnings"),
        "help": await page.inner_text("#help-word"),
        "next": await page.inner_text("#say-text"),
        "from supervisor": await page.locator("#from-text, #from-earlier-list").all_inner_texts(),
    }


async def show_the_same(one: Page, other: Page) -> None:
    """Fail unless two screens come to show the same; each draws at most once in some milliseconds."""
    with anyio.move_on_after(AGREE_SECONDS):
        while await shown_on(one) != await shown_on(other):
            pass
    assert await shown_on(one) == await shown_on(other)


async def test_a_screen_that_was_away_for_a_minute_comes_back_complete_and_nothing_comes_twice(
    context: BrowserContext, office: Office, transcriber: ScriptedTranscriber
) -> None:
    async with office.server.stream() as stream:
        call_id = await begin(stream)
        page = await office.page(context, office.operator, f"/calls/{call_id}", clock=True)
        await speak(stream, 2)
        await expect(page.locator(".line")).to_have_count(2)

        await office.cable.pull()
        transcriber.say(INSULT, "ですから、対応できないと言っています。", DEMAND)
        await speak(stream, 3)
        async with office.server.screen(
            await office.server.token(Role.SUPERVISOR), "?after=0"
        ) as ear:
            while (await hear(ear))["data"].get("text") != DEMAND:
                pass
        helped = await act(office, office.operator, "POST", f"/v1/calls/{call_id}/help")
        noted = await act(
            office,
            office.supervisor,
            "POST",
            f"/v1/calls/{call_id}/notes",
            json={"text": "そのままお話しください。"},
        )
        await page.clock.run_for(AWAY_MS)
        await expect(page.locator("#link-word")).to_have_text("再接続中…")
        stood = await page.locator(".line").count()
        await office.cable.plug()
        await page.clock.run_for(10_000)

        await expect(page.locator("#link-word")).to_have_text("正常に動作中")
        await expect(page.locator("#help-word")).to_have_text("応援要請中")
        fresh = await office.page(context, office.operator, f"/calls/{call_id}")
        record = await record_of(office, call_id)
        assert (helped.status_code, noted.status_code, stood) == (204, 204, 2)
        await show_the_same(page, fresh)
        said = [one["text"] for one in record["utterances"]]
        assert await page.locator(".line").count() == len(said) == len(set(said))
        assert [note["kind"] for note in record["notes"]] == ["help_requested", "supervisor_note"]
        assert record["call"]["level"] > 0


async def test_two_tabs_of_one_operator_agree_after_actions_in_either(
    context: BrowserContext, office: Office, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say("除雪のことで聞きたいんですけど。", INSULT)
    async with office.server.stream() as stream:
        call_id = await begin(stream)
        one = await office.page(context, office.operator, f"/calls/{call_id}")
        other = await office.page(context, office.operator, f"/calls/{call_id}")
        await speak(stream, 3)
        for page in (one, other):
            await expect(page.locator(".alert")).to_have_count(1)
        await expect(one.locator("#said")).to_be_visible()

        await one.keyboard.press("s")
        await expect(other.locator("#warnings")).to_have_text("1")
        await other.keyboard.press("h")
        await expect(one.locator("#help-word")).to_have_text("応援要請中")
        await one.keyboard.press("f")
        await expect(other.locator(".alert")).to_have_count(0)

        await expect(one.locator(".alert")).to_have_count(0)
        await expect(other.locator("#level-word")).to_have_text("通常")
        await expect(other.locator("#help-word")).to_have_text("応援要請中")
        await show_the_same(one, other)


async def test_a_supervisors_list_and_the_calls_page_agree(
    context: BrowserContext,
    other_context: BrowserContext,
    office: Office,
    transcriber: ScriptedTranscriber,
) -> None:
    transcriber.say("除雪のことで聞きたいんですけど。", INSULT)
    async with office.server.stream() as stream:
        call_id = await begin(stream)
        listed = await office.page(other_context, office.supervisor, "/calls")
        watched = await office.page(other_context, office.supervisor, f"/calls/{call_id}")
        desk = await office.page(context, office.operator, f"/calls/{call_id}")
        await speak(stream, 3)
        row = listed.locator(f"tr[data-call-id='{call_id}']")
        await expect(watched.locator(".alert")).to_have_count(1)
        await expect(watched.locator("#level-word")).not_to_have_text("通常")
        level = await watched.inner_text("#level-word")

        await expect(row.locator(".call-state")).to_contain_text(level)
        await expect(desk.locator("#level-word")).to_have_text(level)
        await expect(row.locator(".call-words")).to_have_text(f"「{INSULT}」")
        await desk.keyboard.press("h")
        await expect(row.locator(".call-help")).to_be_visible()
        await expect(watched.locator("#help-seen")).not_to_have_text("応援要請なし")
        await watched.click("#help-withdraw")
        await expect(row.locator(".call-help")).to_be_hidden()
        await expect(desk.locator("#help-word")).to_have_text("応援を呼ぶ")
        await desk.keyboard.press("f")
        await expect(row.locator(".call-state")).to_contain_text("通常")
        await expect(watched.locator("#level-word")).to_have_text("通常")


async def test_a_note_of_ten_thousand_characters_is_refused_with_the_reason(
    office: Office,
) -> None:
    async with office.server.stream() as stream:
        call_id = await begin(stream)

        refused = await act(
            office,
            office.supervisor,
            "POST",
            f"/v1/calls/{call_id}/notes",
            json={"text": "長" * 10_000},
        )

        assert refused.status_code in (400, 422)
        assert "字" in refused.json()["message"]
        assert (await record_of(office, call_id))["notes"] == []


async def test_with_recognition_down_help_reaches_the_supervisor_and_a_screen_that_returns_knows_both(
    context: BrowserContext,
    other_context: BrowserContext,
    office: Office,
    transcriber: ScriptedTranscriber,
) -> None:
    async with office.server.stream() as stream:
        call_id = await begin(stream)
        listed = await office.page(other_context, office.supervisor, "/calls")
        desk = await office.page(context, office.operator, f"/calls/{call_id}", clock=True)
        await office.cable.pull()
        transcriber.ready = False
        await desk.clock.run_for(AWAY_MS)
        await office.cable.plug()
        await desk.clock.run_for(10_000)
        await expect(desk.locator("#link-word")).to_have_text("認識停止中")

        await desk.keyboard.press("h")

        await expect(desk.locator("#help-word")).to_have_text("応援要請中")
        await listed.reload()
        row = listed.locator(f"tr[data-call-id='{call_id}']")
        await expect(row.locator(".call-help")).to_be_visible()
        await expect(listed.locator("#link-word")).to_have_text("認識停止中")
