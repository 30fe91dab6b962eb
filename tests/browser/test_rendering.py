"""Glue: pages as the server renders them, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from app.auth.identity import Identity, Role
from app.screens.navigation import navigation_for
from app.screens.rendering import ScreenFiles, render
from tests.browser.preview import OPERATOR


def client_showing(
    name: str, identity: Identity | None, *, message: str = "", call_id: str = ""
) -> TestClient:
    def page(request: Request) -> Response:
        return render(request, name, identity=identity, message=message, call_id=call_id)

    return TestClient(Starlette(routes=[Route("/page", page), Mount("/static", ScreenFiles())]))


def test_what_a_page_is_given_is_escaped() -> None:
    client = client_showing("error.html", None, message="<script>alert(1)</script>")

    page = client.get("/page").text

    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_call_id_cannot_break_out_of_its_attribute() -> None:
    client = client_showing("call.html", OPERATOR, call_id='"><img src=x>')

    page = client.get("/page").text

    assert "<img" not in page


def test_pages_are_never_kept_and_run_nothing_from_elsewhere() -> None:
    headers = client_showing("error.html", None).get("/page").headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_page_for_nobody_offers_neither_pages_nor_signing_out() -> None:
    page = client_showing("error.html", None).get("/page").text

    assert "/logout" not in page
    assert 'name="csrf-token" content=""' in page


def test_a_file_that_has_not_changed_is_not_sent_again() -> None:
    client = client_showing("error.html", None)
    first = client.get("/static/css/tokens.css")

    again = client.get("/static/css/tokens.css", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "no-cache"
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("role", "hrefs"),
    [
        (Role.OPERATOR, "/calls /reports"),
        (
            Role.SUPERVISOR,
            "/calls /board /search /judgements /rules /scripts /measures /reports /statistics",
        ),
        (
            Role.AUDITOR,
            (
                "/calls /search /judgements /rules /trials /scripts /measures"
                " /reports /statistics /trail /retention"
            ),
        ),
        (
            Role.ADMINISTRATOR,
            "/admin /rules /trials /scripts /measures /notices /statistics /trail /retention",
        ),
    ],
)
def test_each_role_is_shown_the_pages_it_may_open(role: Role, hrefs: str) -> None:
    shown = navigation_for(replace(OPERATOR, role=role), "/calls/c-1")

    assert [item.href for item in shown] == hrefs.split()


def test_who_must_choose_a_password_is_led_nowhere_else() -> None:
    assert navigation_for(replace(OPERATOR, must_change_password=True), "/password") == ()
