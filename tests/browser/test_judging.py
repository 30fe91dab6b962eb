"""Glue: judging a call on its review page: reasons, both sides, a second opinion, two at once; and the list."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from app.auth.identity import Role
from tests.app.past_calls import RUDE, Past, keep_calls
from tests.app.running import RunningServer
from tests.browser.signing_in import arrive

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

REASON = "お願いの後も侮辱を繰り返した。"
SIDE = "収集漏れの問合せ。市の手違いだった。"


async def at_the_list(context: BrowserContext, server: RunningServer, role: Role) -> Page:
    return await arrive(context, server, role, href="/judgements", heading="判断待ちの通話")


async def opened(page: Page, call_id: str = "c1") -> Page:
    await page.locator(f"tr[data-call-id='{call_id}'] a").click()
    await expect(page.locator("#judge-form")).to_be_visible()
    return page


async def judged_by_another(
    server: RunningServer,
    verdict: str = "not_harassment",
    seen: int = 0,
    *,
    second_wanted: bool = False,
) -> None:
    """Somebody else judges the call, from another screen."""
    token = await server.token(Role.AUDITOR, "", "ueda")
    async with server.client(token) as ueda:
        body = {
            "verdict": verdict,
            "reason": "一度だけだった。",
            "callers_side": SIDE,
            "seen": seen,
            "second_wanted": second_wanted,
        }
        answer = await ueda.post("/v1/calls/c1/judgements", json=body)
    assert answer.status_code == httpx.codes.CREATED


async def fill_in(page: Page, verdict: str = "harassment") -> None:
    await page.check(f"input[name='verdict'][value='{verdict}']")
    await page.fill("#judge-reason", REASON)
    await page.fill("#judge-side", SIDE)


async def test_an_office_where_nothing_waits_is_told_so(
    context: BrowserContext, server: RunningServer
) -> None:
    page = await at_the_list(context, server, Role.AUDITOR)

    await expect(page.locator("#judge-empty-word")).to_have_text(
        "判断を待っている通話はありません。"
    )
    await page.select_option("#judge-show", "judged")
    await expect(page.locator("#judge-empty-word")).to_have_text("判断済みの通話はありません。")


async def test_a_judgement_needs_reasons_and_the_callers_side_and_then_leaves_the_list(
    context: BrowserContext, server: RunningServer
) -> None:
    await keep_calls(server.services.database, [Past("c1", marks=("help_requested",))])
    page = await opened(await at_the_list(context, server, Role.AUDITOR))

    await page.click("#judge-send")
    await expect(page.locator("#judge-verdict-error")).to_be_visible()
    await page.check("input[name='verdict'][value='harassment']")
    await page.check("input[name='accommodation'][value='yes']")
    await expect(page.locator("#judge-cautions")).to_contain_text("配慮を求める申出そのものは")
    await page.click("#judge-send")
    await expect(page.locator("#judge-reason-error")).to_have_text("判断の理由を入力してください。")
    await page.fill("#judge-reason", REASON)
    await page.click("#judge-send")
    await expect(page.locator("#judge-side-error")).to_contain_text("相手方の事情・言い分も")
    await page.fill("#judge-side", SIDE)
    await page.click("#judge-findings summary")
    await page.locator("#judge-findings-list li").first.get_by_text("誤り").click()
    await page.click("#judge-send")

    one = page.locator(".judge-one")
    await expect(one).to_have_count(1)
    await expect(one).to_contain_text(REASON)
    await expect(one).to_contain_text(SIDE)
    await expect(one).to_contain_text("× 00:10")
    standing = page.locator("#judge-standing .judge-verdict")
    await expect(standing).to_have_text("該当")
    await expect(standing).to_be_in_viewport(ratio=1)
    await page.goto(f"{server.url}/judgements")
    await expect(page.locator("#judge-empty-word")).to_have_text(
        "判断を待っている通話はありません。"
    )
    assert RUDE not in await page.inner_text("main")


async def test_how_long_the_call_is_kept_follows_the_judgement_without_a_reload(
    context: BrowserContext, server: RunningServer
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    page = await opened(await at_the_list(context, server, Role.AUDITOR))
    await expect(page.locator("#records-facts")).to_contain_text("通常の通話")

    await fill_in(page)
    await page.click("#judge-send")

    await expect(page.locator(".judge-one")).to_have_count(1)
    await expect(page.locator("#records-facts")).to_contain_text("事案の通話")
    await expect(page.locator("#records-facts")).to_contain_text("「該当」と判断されました")


async def test_an_opinion_that_is_asked_for_stands_on_the_list_of_calls_and_leads_to_it(
    context: BrowserContext, server: RunningServer
) -> None:
    await keep_calls(server.services.database, [Past("c1"), Past("c2")])
    await judged_by_another(server, second_wanted=True)
    page = await arrive(context, server, Role.AUDITOR, href="/calls", heading="通話一覧")

    await page.get_by_text("ご意見を求められている通話が1件あります。").click()

    await expect(page.locator("h1")).to_contain_text("判断待ちの通話")
    await expect(page.locator("#judge-show")).to_have_value("second_wanted")
    await expect(page.locator("#judge-rows tr")).to_have_count(1)


async def test_opinions_that_differ_stay_undecided_until_one_of_the_two_judges_again(
    context: BrowserContext, server: RunningServer
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    await judged_by_another(server)
    page = await at_the_list(context, server, Role.AUDITOR)
    await page.select_option("#judge-show", "judged")
    await page.locator("tr[data-call-id='c1'] a").click()
    await expect(page.locator("#judge-standing .judge-verdict")).to_have_text("非該当")

    await page.get_by_text("意見を加える", exact=True).click()
    await fill_in(page)
    await page.click("#judge-send")
    stands = page.locator("#judge-standing .judge-verdict")
    await expect(stands).to_have_text("判断保留(意見が分かれています)")
    await expect(page.locator(".judge-one")).to_have_count(2)

    await page.get_by_text("新しい判断を加える", exact=True).click()
    await fill_in(page, "not_harassment")
    await page.click("#judge-send")
    await expect(stands).to_have_text("非該当")
    await expect(page.locator(".judge-one")).to_have_count(3)


async def test_who_is_second_is_told_of_the_other_judgement_and_loses_nothing(
    context: BrowserContext, server: RunningServer
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    page = await opened(await at_the_list(context, server, Role.AUDITOR))
    await fill_in(page)
    await judged_by_another(server, "harassment")

    await page.click("#judge-send")
    await expect(page.locator("#judge-trouble")).to_contain_text("ほかの方がこの通話を判断しました")
    await expect(page.locator(".judge-one")).to_have_count(1)
    await expect(page.locator("#judge-reason")).to_have_value(REASON)
    await expect(page.locator("#judge-side")).to_have_value(SIDE)

    await page.click("#judge-send")
    await expect(page.locator(".judge-one")).to_have_count(2)
    await expect(page.locator("#judge-standing .judge-verdict")).to_have_text("該当")


async def test_a_supervisor_waits_for_the_auditor_and_reads_why(
    context: BrowserContext, server: RunningServer
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    page = await at_the_list(context, server, Role.SUPERVISOR)

    await page.locator("tr[data-call-id='c1'] a").click()

    await expect(page.locator("#judge-why-not")).to_have_text(
        "監査担当者の判断の後に、意見を書けます。"
    )
    await expect(page.locator("#judge-new")).to_be_hidden()
