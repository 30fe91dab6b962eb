"""「電話へ」 in a real browser on the real server: what is offered, asked and sent, by mouse and by keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, expect
from websockets.asyncio.client import ClientConnection

from app.auth.administration import Administration
from app.auth.identity import Role
from app.control.ports import Ability, ExchangeRefused, JoinMode
from app.settings import Settings
from asr.types import Encoding
from asr.wav import wav_bytes
from tests.app.control.clicked import Clicked, clicked_server
from tests.app.running import SECTION, hear, in_own_task, say
from tests.browser.conftest import browser, context
from tests.fakes_transcriber import ScriptedTranscriber

__all__ = ["browser", "context"]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "fields of green barley"


@pytest_asyncio.fixture(loop_scope="session")
async def office(tmp_path: Path) -> AsyncIterator[Clicked]:
    settings = Settings(data_dir=tmp_path)
    async with in_own_task(clicked_server(settings, ScriptedTranscriber())) as clicked:
        tone = wav_bytes(Encoding.PCM_S16LE, 8_000, [np.full(16_000, 0.25, dtype=np.float32)])
        for name in ("recording_notice", "warning_1", "warning_2", "warning_3", "closing"):
            clicked.announcements.add(name, tone)
        yield clicked


async def sign_in(
    context: BrowserContext, office: Clicked, login: str = "sato", role: Role = Role.OPERATOR
) -> Page:
    services = office.server.services
    accounts = Administration(services.database, services.clock)
    made = await accounts.create_user(
        login=login, display_name="佐藤 花子", role=role, section=SECTION
    )
    given = await accounts.reset_password(made.user.id, must_change=False)
    page = await context.new_page()
    await page.goto(f"{office.server.url}/login")
    await page.fill("#login", login)
    await page.fill("#password", given.one_time_password)
    await page.click("main button")
    await expect(page).to_have_url(f"{office.server.url}/calls")
    return page


async def begin(stream: ClientConnection) -> str:
    await say(stream, {"type": "start", "operator": "sato", "from": "011-000-1234"})
    call_id: str = (await hear(stream))["call_id"]
    return call_id


async def open_call(page: Page, office: Clicked, call_id: str, *, offered: bool = True) -> Locator:
    await page.goto(f"{office.server.url}/calls/{call_id}")
    await expect(page.locator("#link")).to_have_attribute("data-state", "open")
    tab = page.locator("[data-panel='telephone']")
    await expect(tab).to_be_visible(visible=offered)
    if offered and await tab.get_attribute("aria-expanded") == "false":
        await tab.click()
    return page.locator("#telephone")


async def test_an_announcement_is_played_after_a_yes_and_the_result_is_shown(
    context: BrowserContext, office: Clicked
) -> None:
    page = await sign_in(context, office)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        await expect(telephone.get_by_role("button")).to_have_count(7)
        await telephone.get_by_role("button", name="警告2を流す").click()
        await expect(page.locator("#ask-title")).to_contain_text("警告2を流す")
        await expect(page.locator("#ask-call")).to_contain_text("****1234")
        await expect(page.locator("#ask-level")).to_have_text("通常")
        await expect(page.locator("#ask-what")).to_contain_text("約2秒")
        before = list(office.line.played)
        await page.locator("#ask-yes").click()

        await expect(page.locator("#telephone-state")).to_contain_text("「警告2」を流しました")

    assert before == []
    assert [len(sound) for sound in office.line.played] == [32_000]


async def test_a_call_is_ended_by_keys_alone_and_enter_by_itself_ends_nothing(
    context: BrowserContext, office: Clicked
) -> None:
    page = await sign_in(context, office)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        end = telephone.get_by_role("button", name="通話を終える")
        await end.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#ask")).to_be_visible()
        await expect(page.locator("#ask-no")).to_be_focused()
        await page.keyboard.press("Enter")  # who only presses it again has not said yes
        await expect(page.locator("#ask")).to_be_hidden()
        await expect(end).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator("#ask")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator("#ask")).to_be_hidden()
        nothing_yet = list(office.control.asked)
        await page.keyboard.press("Enter")
        await expect(page.locator("#ask-no")).to_be_focused()
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.type("h 三度の警告の後")
        await page.keyboard.press("Enter")
        await expect(page.locator("#ask")).to_be_visible()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Space")

        await expect(page.locator("#telephone-state")).to_contain_text("受け付けました")
        await expect(page.locator("#help-word")).to_have_text("応援を呼ぶ")

    assert nothing_yet == []
    assert [what for what, _, _ in office.control.asked] == ["end"]


async def test_keys_of_the_page_do_nothing_while_somebody_is_asked(
    context: BrowserContext, office: Clicked
) -> None:
    page = await sign_in(context, office)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        await telephone.get_by_role("button", name="通話を終える").click()
        await expect(page.locator("#ask-no")).to_be_focused()

        await page.keyboard.press("h")
        await page.keyboard.press("Escape")
        await page.keyboard.press("h")

        await expect(page.locator("#help-word")).to_have_text("応援要請中")


async def test_a_supervisor_chooses_how_to_join(context: BrowserContext, office: Clicked) -> None:
    page = await sign_in(context, office, "kacho", Role.SUPERVISOR)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        await telephone.get_by_role("button", name="通話に加わる").click()
        await page.get_by_label("聞くだけ").check()
        await page.locator("#ask-yes").click()

        await expect(page.locator("#telephone-state")).to_contain_text("受け付けました")

    assert [(what, by.login) for what, _, by in office.control.asked] == [("join listen", "kacho")]


async def test_what_the_exchange_refuses_is_said_in_its_place_and_on_the_other_screen(
    context: BrowserContext, office: Clicked
) -> None:
    office.control.failing = ExchangeRefused("cti_refused", "断られました。電話機で操作します。")
    sato = await sign_in(context, office)
    async with office.server.stream() as stream:
        call_id = await begin(stream)
        telephone = await open_call(sato, office, call_id)
        await telephone.get_by_role("button", name="上司に加わってもらう").click()
        await expect(sato.locator("#ask-what")).to_contain_text("課の監督者")
        await sato.locator("#ask-yes").click()

        await expect(sato.locator("#telephone-state")).to_have_text(
            "断られました。電話機で操作します。"
        )
        await expect(sato.locator("#telephone-state")).to_have_attribute("data-outcome", "failed")


async def test_after_a_defect_nobody_is_told_to_press_again(
    context: BrowserContext, office: Clicked
) -> None:
    office.control.failing = ZeroDivisionError()
    page = await sign_in(context, office)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        await telephone.get_by_role("button", name="通話を終える").click()
        await page.locator("#ask-yes").click()

        await expect(page.locator("#telephone-state")).to_contain_text("行われたか分かりません")
        await expect(page.locator("#telephone-state")).to_have_attribute("data-outcome", "failed")


async def test_while_one_runs_no_other_can_be_asked_for(
    context: BrowserContext, office: Clicked
) -> None:
    office.control.hold = anyio.Event()
    page = await sign_in(context, office)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        end = telephone.get_by_role("button", name="通話を終える")
        await end.click()
        await page.locator("#ask-yes").click()
        await expect(page.locator("#telephone-state")).to_contain_text("行っています")
        await end.click(force=True)
        await expect(page.locator("#ask")).to_be_hidden()
        await expect(end).to_have_attribute("aria-disabled", "true")
        office.control.hold.set()

        await expect(end).to_have_attribute("aria-disabled", "false")

    assert len(office.control.asked) == 1


async def test_where_nothing_can_be_done_there_is_nothing_to_see(
    context: BrowserContext, office: Clicked
) -> None:
    office.control.can = Ability()
    for found in office.announcements.survey().playable:
        office.announcements.remove(found.name)
    page = await sign_in(context, office)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream), offered=False)
        await expect(page.locator("#level-word")).to_have_text("通常")

        await expect(telephone).to_be_hidden()


async def test_the_buttons_leave_with_the_call(context: BrowserContext, office: Clicked) -> None:
    office.control.can = Ability(join_modes=(JoinMode.TALK,), can_end=True)
    page = await sign_in(context, office)
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        await telephone.get_by_role("button", name="通話を終える").click()
        await expect(page.locator("#ask")).to_be_visible()
        await expect(page.locator("#ask-modes")).to_be_hidden()
        await say(stream, {"type": "stop"})
        await hear(stream)

        await expect(page.locator("#ask")).to_be_hidden()
        await expect(telephone).to_be_hidden()


@pytest.mark.parametrize("width", [1024, 1280])
async def test_every_button_can_be_hit_and_nothing_sticks_out(
    context: BrowserContext, office: Clicked, width: int
) -> None:
    page = await sign_in(context, office)
    await page.set_viewport_size({"width": width, "height": 720})
    async with office.server.stream() as stream:
        telephone = await open_call(page, office, await begin(stream))
        await expect(telephone.get_by_role("button")).to_have_count(7)
        boxes = [await b.bounding_box() for b in await telephone.get_by_role("button").all()]
        place, talk = (
            await telephone.bounding_box(),
            await page.locator("#talk-scroll").bounding_box(),
        )

    assert place is not None
    assert talk is not None
    assert talk["height"] > 200
    assert place["x"] + place["width"] <= width
    assert place["y"] + place["height"] <= 720
    for box in boxes:
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= place["x"] + place["width"]
