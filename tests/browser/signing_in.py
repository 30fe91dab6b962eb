"""Glue: people who sign in for the first time on the real server, in a browser."""

from __future__ import annotations

from typing import Final

from playwright.async_api import BrowserContext, Page, expect

from app.auth.administration import Administration
from app.auth.identity import Role
from tests.app.running import SECTION, RunningServer

PASSWORD: Final = "fields of green barley"


async def first_sign_in(
    context: BrowserContext,
    server: RunningServer,
    role: Role,
    *,
    login: str = "",
    display_name: str = "田中 一郎",
    section: str = SECTION,
) -> Page:
    """Sign in for the first time, which means to choose a password; by default as ``my-<role>``."""
    accounts = Administration(server.services.database, server.services.clock)
    made = await accounts.create_user(
        login=login or f"my-{role.value}", display_name=display_name, role=role, section=section
    )
    page = await context.new_page()
    await page.goto(f"{server.url}/login")
    await page.fill("#login", made.user.login)
    await page.fill("#password", made.one_time_password)
    await page.click("main button")
    # Not before it is there: the page of before has a field for the present password as well.
    await page.wait_for_url("**/password")
    await page.fill("input[autocomplete='current-password']", made.one_time_password)
    for field in await page.locator("input[autocomplete='new-password']").all():
        await field.fill(PASSWORD)
    await page.click("main button")
    await page.wait_for_url(lambda url: not url.endswith(("/login", "/password")))
    return page


async def arrive(
    context: BrowserContext, server: RunningServer, role: Role, *, href: str, heading: str
) -> Page:
    """Sign in for the first time, and open the page *href* by the navigation."""
    page = await first_sign_in(context, server, role)
    link = page.locator(f"nav a[href='{href}']")
    await link.wait_for(state="attached")
    menu = page.locator("nav details", has=page.locator(f"a[href='{href}']"))
    if await menu.count():
        await menu.locator("summary").click()
    await link.click()
    await expect(page.locator("h1")).to_have_text(heading)
    await page.wait_for_load_state("load")  # what is measured has its style sheets
    return page
