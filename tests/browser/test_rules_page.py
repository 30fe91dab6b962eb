"""Glue: 「検知ルールの点検」 on the real server: what is read there, and what an administrator decides."""

from __future__ import annotations

import pytest
from playwright.async_api import BrowserContext, Page, expect

from app.auth.identity import Role
from detection.types import Severity
from tests.app.rule_cases import QUOTE, RULE, Raised, keep
from tests.app.running import RunningServer
from tests.browser.signing_in import arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

THREAT_RULE = "mental.threat_of_harm"
NOTE = "名簿の読み上げと聞き間違えるため、辞書の修正を依頼"


async def with_alerts(server: RunningServer) -> None:
    """Fourteen of thirty false, most threats false, one rule that was always right."""
    now = server.services.clock.now()
    await keep(
        server.services.database,
        [
            *(Raised(false=place < 14, at=now) for place in range(30)),
            *(
                Raised(THREAT_RULE, severity=Severity.STOP, false=place < 10, at=now)
                for place in range(12)
            ),
            *(Raised("mental.die", at=now) for _ in range(12)),
            Raised("mental.die", at=now, detector_version="d2"),
            *(Raised("mental.die", early=True, at=now) for _ in range(3)),
        ],
    )


async def arrive_there(context: BrowserContext, server: RunningServer, role: Role) -> Page:
    return await arrive(context, server, role, href="/rules", heading="検知ルールの点検")


async def rules_in(page: Page, table: str) -> list[str]:
    return await page.locator(f"#{table} tbody th code").all_inner_texts()


async def test_an_office_without_alerts_is_told_what_will_stand_here(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await arrive_there(context, server, Role.AUDITOR)

    await expect(page.locator("#nothing-counted")).to_contain_text(
        "お知らせのあった通話はありません"
    )
    await expect(page.locator("#nothing-proposed")).to_be_visible()
    await expect(page.locator("table")).to_have_count(0)


async def test_doubtful_rules_come_first_with_a_plain_reason_and_nobody_is_named(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_alerts(server)
    page = await arrive_there(context, server, Role.SUPERVISOR)

    assert await rules_in(page, "proposed") == [THREAT_RULE, RULE]
    assert await rules_in(page, "others") == ["mental.die"]
    reasons = await page.locator(".rule-reason").all_inner_texts()
    assert reasons[0].startswith("12件のうち10件が誤検知でした。身の安全に関わるルール")
    assert reasons[1] == "30件のうち14件が誤検知でした。ルールの見直しを検討してください。"
    await expect(page.locator("#others td").nth(2)).to_contain_text("ほかに取り下げ3件")
    await page.locator("#others summary").click()
    await expect(page.locator("#others li")).to_have_text(
        ["d2・p1: 1件のうち誤検知0件", "d1・p1: 12件のうち誤検知0件"]
    )
    await expect(page.locator("main form, main button")).to_have_count(0)
    text = await page.inner_text("main")
    assert QUOTE not in text
    assert "sato" not in text


async def test_an_administrator_reviews_switches_off_and_takes_it_back(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_alerts(server)
    page = await arrive_there(context, server, Role.ADMINISTRATOR)
    mine = page.locator("#proposed tr", has_text=RULE)

    await mine.locator("summary").click()
    await mine.locator("textarea").fill(NOTE)
    await mine.get_by_role("button", name="この役所では使わない").click()
    await expect(page.locator("#off tbody tr")).to_have_count(1)
    await expect(page.locator("#off")).to_contain_text(NOTE)
    assert await rules_in(page, "proposed") == [THREAT_RULE]

    await page.get_by_role("button", name="また使う").click()
    await expect(page.locator("#off")).to_have_count(0)
    assert await rules_in(page, "proposed") == [THREAT_RULE, RULE]

    await mine.locator("summary").click()
    await mine.locator("textarea").fill(NOTE)
    await mine.get_by_role("button", name="見直し済みにする").click()
    await expect(page.locator("#others")).to_contain_text("見直し済み")
    assert await rules_in(page, "proposed") == [THREAT_RULE]
    assert await rules_in(page, "others") == [RULE, "mental.die"]


async def test_a_rule_about_threats_cannot_be_switched_off_and_the_form_says_why(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_alerts(server)
    page = await arrive_there(context, server, Role.ADMINISTRATOR)
    threat = page.locator("#proposed tr", has_text=THREAT_RULE)

    await threat.locator("summary").click()

    await expect(threat.get_by_role("button")).to_have_text(["見直し済みにする"])
    await expect(threat.locator(".form")).to_contain_text("使用をやめることはできません")


async def test_a_note_of_blanks_comes_back_with_its_reason_at_the_field(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_alerts(server)
    page = await arrive_there(context, server, Role.ADMINISTRATOR)
    mine = page.locator("#proposed tr", has_text=RULE)

    await mine.locator("summary").click()
    await mine.locator("textarea").fill("  ")
    await mine.get_by_role("button", name="見直し済みにする").click()

    await expect(mine.locator("textarea")).to_be_focused()
    await expect(mine.locator("textarea")).to_have_accessible_description(
        "確認したことと、決めた理由。通話の言葉や氏名は書かないでください。 見直しの内容を入力してください。"
    )
    assert await page.title() == "エラー:検知ルールの点検 | 見守り"


async def test_nothing_scrolls_sideways_and_every_button_is_large_enough(
    context: BrowserContext, server: RunningServer
) -> None:
    await with_alerts(server)
    page = await arrive_there(context, server, Role.ADMINISTRATOR)
    for width in (1024, 1280, 1920):
        await page.set_viewport_size({"width": width, "height": 720})
        await page.locator("#proposed summary").first.click()

        wide = await page.evaluate("document.documentElement.scrollWidth")
        small = await page.evaluate(
            """[...document.querySelectorAll("main .button, main summary, .spans a")]
              .filter((b) => b.checkVisibility()).map((b) => b.getBoundingClientRect())
              .filter((r) => r.height < 44 || r.width < 44).length"""
        )

        assert (wide <= width, small) == (True, 0)
        await page.locator("#proposed summary").first.click()
