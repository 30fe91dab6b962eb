"""Pages that the server writes, in the language of the browser that asks."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx

from app.auth.identity import Role
from app.screens.language import COOKIE, Language
from tests.app.small_office import Browser, Office


def in_english(browser: Browser) -> Browser:
    browser.client.cookies.set(COOKIE, Language.ENGLISH.value)
    return browser


def way_back(answer: httpx.Response) -> str:
    """Return where the switch to the other language leads in the end."""
    found = re.search(r'class="site-language" href="([^"]+)"', answer.text)
    assert found is not None
    return parse_qs(urlsplit(found[1]).query)["back"][0]


async def test_the_switch_stands_on_the_page_for_signing_in_and_keeps_where_one_wanted_to_go(
    office: Office,
) -> None:
    page = await office.browser().get("/login?next=/calls/c-1")

    assert '<html lang="ja">' in page.text
    assert way_back(page) == "/login?next=/calls/c-1"


async def test_a_refusal_is_told_in_the_language_of_the_page(office: Office) -> None:
    page = await in_english(office.browser()).sign_in("nobody", "wrong password")

    assert '<html lang="en">' in page.text
    assert "The login name or the password is wrong." in page.text
    assert way_back(page) == "/login"


async def test_the_answer_to_a_form_leads_back_to_the_page_that_holds_it(office: Office) -> None:
    browser = in_english(await office.signed_in("tanaka", Role.ADMINISTRATOR))

    page = await browser.post("/admin/users", {"login": "x y", "role": "operator"})

    assert page.status_code == 400
    assert "Please enter a login name" in page.text
    assert way_back(page) == "/admin"


async def test_an_administrator_reads_roles_states_and_moments_in_english(office: Office) -> None:
    browser = in_english(await office.signed_in("tanaka", Role.ADMINISTRATOR))

    page = (await browser.get("/admin")).text

    assert "Administrator" in page
    assert "Active" in page
    assert re.search(r"\d+ [A-Z][a-z]+ \d{4} \d\d:\d\d", page)
    assert not re.search(
        r"[ぁ-ゖ]", page.split("<main")[1].split("<script")[0].replace("tanakaさん", "")
    )
