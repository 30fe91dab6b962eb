"""What an administrator sees of notices and can do about them; nobody else, and no word of a call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from app.auth.access import every_route, roles_of
from app.auth.identity import Role
from app.notices import endpoints, pages
from app.notices.models import NoticeRow
from app.notices.repository import FAILURES
from app.notices.settings import RouteSettings
from app.settings import Settings
from tests.app.notices.office import NUMBER, SECRET, WORDS, Office, webhook
from tests.app.notices.receivers import WebReceiver
from tests.app.small_office import Browser
from tests.app.small_office import open_office as open_accounts


@asynccontextmanager
async def administrator(
    calls: Office, settings: Settings, role: Role = Role.ADMINISTRATOR, **routes: RouteSettings
) -> AsyncIterator[Browser]:
    """Somebody who has signed in, in an office with these routes."""
    accounts = open_accounts(settings, calls.database, calls.clock)
    accounts.app.include_router(endpoints.router)
    accounts.app.include_router(pages.router)
    async with calls.desk(**routes) as desk:
        accounts.app.state.services.notices = desk
        yield await accounts.signed_in("suzuki", role)


def wordless(answer: httpx.Response) -> bool:
    secrets = (WORDS, NUMBER, SECRET, "/in", "sato", "physical_attack", "身体的")
    return not any(secret in answer.text for secret in secrets)


async def test_routes_and_deliveries_are_shown_without_secrets_and_words(
    calls: Office, settings: Settings, web: WebReceiver
) -> None:
    web.answers = [404]
    async with administrator(calls, settings, cti=webhook(web.url, with_words=True)) as browser:
        await calls.begin()
        await calls.rise(2)
        await web.has(1)
        await calls.note("help_requested")
        await web.has(2)
        await calls.note("help_withdrawn")

        seen = await browser.client.get("/v1/notices")
        page = await browser.get("/notices")

    (route,) = seen.json()["routes"]
    assert route["whereto"] == httpx.URL(web.url).netloc.decode()
    assert {one["kind"] for one in seen.json()["deliveries"]} == {"level", "help"}
    (failure,) = seen.json()["failures"]
    assert failure["problem"] == "answered_404"
    assert "送り先のアドレスを確かめてください" in failure["problem_words"]
    assert "届かなかったお知らせ" in page.text
    assert wordless(seen)
    assert wordless(page)


async def test_a_test_says_what_came_of_it(
    calls: Office, settings: Settings, web: WebReceiver
) -> None:
    web.answers = [200, 401, 200]
    async with administrator(calls, settings, cti=webhook(web.url)) as browser:
        good = await browser.post("/notices/test", {"route": "cti"})
        bad = await browser.post("/notices/test", {"route": "cti"})
        over_rest = await browser.client.post(
            "/v1/notices/test",
            json={"route": "cti"},
            headers={"Origin": browser.origin, "X-CSRF-Token": browser.csrf_token},
        )
        unknown = await browser.post("/notices/test", {"route": "nobody"})

    assert "送り先で確かめてください" in good.text
    assert "応答 401" in bad.text
    assert over_rest.json()["state"] == "sent"
    assert "届かなかったお知らせ" not in bad.text
    assert (unknown.status_code, "設定されていません" in unknown.text) == (404, True)


async def test_a_failed_notice_is_tried_anew_with_a_click(
    calls: Office, settings: Settings, web: WebReceiver
) -> None:
    web.answers = [404]
    async with administrator(calls, settings, cti=webhook(web.url)) as browser:
        await calls.begin()
        await calls.rise(2)
        await web.has(1)
        await calls.rise(3)
        await web.has(2)
        failed = (await calls.rows())[0]

        clicked = await browser.post("/notices/retry", {"notice_id": failed.id})
        await web.has(3)
        again = await browser.post("/notices/retry", {"notice_id": "nothing"})

    assert clicked.status_code == 303
    assert again.status_code == 404
    assert [row.state for row in await calls.rows()] == ["sent", "sent"]


async def test_how_many_failed_is_told_also_where_only_the_latest_are_shown(
    calls: Office, settings: Settings
) -> None:
    await calls.begin()
    async with calls.database.transaction() as session:
        session.add_all(
            NoticeRow(
                id=f"n{number}",
                route="cti",
                call_id="c1",
                event_seq=number,
                kind="level",
                subject=f"level.{number}",
                level=2,
                section="市民課",
                at=calls.clock.now(),
                state="failed",
                tries=8,
                next_try_at=calls.clock.now(),
                problem="unreachable",
            )
            for number in range(FAILURES + 3)
        )
    async with administrator(calls, settings) as browser:
        page = (await browser.get("/notices")).text

    heading = page.partition('id="failed-heading"')[2].partition("</section>")[0]
    assert f"{FAILURES + 3}件" in heading
    assert f"新しい順に{FAILURES}件を表示しています。" in heading


async def test_without_routes_the_page_says_that_nothing_is_sent(
    calls: Office, settings: Settings
) -> None:
    async with administrator(calls, settings) as browser:
        page = await browser.get("/notices")

    assert "どこにも、何も送りません" in page.text


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERVISOR, Role.AUDITOR])
async def test_nobody_else_sees_or_sends_them(
    calls: Office, settings: Settings, web: WebReceiver, role: Role
) -> None:
    async with administrator(calls, settings, role, cti=webhook(web.url)) as browser:
        answers = [
            await browser.get("/notices"),
            await browser.get("/v1/notices"),
            await browser.post("/notices/test", {"route": "cti"}),
            await browser.post("/notices/retry", {"notice_id": "n"}),
        ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert web.arrived == []


async def test_another_site_cannot_have_a_test_sent(
    calls: Office, settings: Settings, web: WebReceiver
) -> None:
    async with administrator(calls, settings, cti=webhook(web.url)) as browser:
        answer = await browser.post(
            "/notices/test", {"route": "cti"}, Origin="https://elsewhere.example"
        )

    assert answer.status_code == 403
    assert web.arrived == []


def test_every_route_of_notices_is_for_administrators_alone() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(endpoints.router)
    app.include_router(pages.router)

    roles = [roles_of(route) for route in every_route(app.routes)]

    assert roles == [frozenset({Role.ADMINISTRATOR})] * 6
