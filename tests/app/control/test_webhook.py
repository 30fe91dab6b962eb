"""A click as a signed request to the office's CTI, over real HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.auth.identity import Role
from app.control.addresses import control_address
from app.control.opening import open_call_control
from app.control.ports import (
    CallControl,
    Clicker,
    ControlFailed,
    ControlledCall,
    ExchangeAway,
    ExchangeRefused,
    JoinMode,
    OutcomeUnknown,
)
from app.control.signing import is_signed, signature_of
from app.control.webhook import request_body
from app.errors import Unavailable
from app.telephony.settings import ControlSettings
from tests.app.control.serving import own_certificate, peer, refusing_port, serving
from tests.fakes_clock import MONDAY_MORNING, FakeClock

EXAMPLE = "v1=b5bec87334c9f3a2c273a95937663373d32cebc43dcc96916652b7e6bc181c53"
SECRET = "a secret of the office, long enough"
CALL = ControlledCall(
    call_id="native.42",
    operator="sato",
    section="市民課",
    caller_number="0123456789",
    called_number="0119999999",
    exchange={"channel_id": "1700000000.7"},
)
CHIEF = Clicker("kacho", "課長", Role.SUPERVISOR)


@dataclass
class Cti:
    """The office's side: checks the signature as docs/telephony/back.md says, then answers."""

    status: int = 204
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.received.append((dict(request.headers), body))
        if not self.is_ours(dict(request.headers), body):
            return Response(status_code=401)
        if 300 <= self.status < 400:
            return RedirectResponse("/elsewhere", self.status)
        return Response(status_code=self.status)

    def is_ours(self, headers: dict[str, str], body: bytes) -> bool:
        signed = headers["mimamori-timestamp"].encode() + b"." + body
        expected = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, headers["mimamori-signature"])

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/calls", self.take, methods=["POST"])])

    def told(self) -> dict[str, Any]:
        ((_, body),) = self.received
        answer: dict[str, Any] = json.loads(body)
        return answer


@asynccontextmanager
async def control(
    url: str, secret: str = SECRET, ca_file: Path | None = None
) -> AsyncIterator[CallControl]:
    settings = ControlSettings.model_validate(
        {"webhook_url": url, "webhook_secret": secret, "ca_file": ca_file}
    )
    async with open_call_control(settings, clock=FakeClock()) as opened:
        assert opened is not None
        yield opened


async def test_a_click_arrives_signed_with_everything_but_words() -> None:
    cti = Cti()

    async with serving(cti.app) as url, control(f"{url}/calls") as opened:
        await opened.join(CALL, JoinMode.LISTEN, CHIEF)

    told = cti.told()
    headers, _ = cti.received[0]
    assert headers["mimamori-timestamp"] == str(int(MONDAY_MORNING.timestamp()))
    assert headers["idempotency-key"] == told.pop("request_id")
    assert told == {
        "version": 1,
        "action": "join",
        "mode": "listen",
        "call_id": "native.42",
        "exchange": {"channel_id": "1700000000.7"},
        "caller_number": "0123456789",
        "called_number": "0119999999",
        "operator": "sato",
        "section": "市民課",
        "by": {"login": "kacho", "name": "課長", "role": "supervisor"},
    }


async def test_every_click_has_an_id_of_its_own() -> None:
    cti = Cti()

    async with serving(cti.app) as url, control(f"{url}/calls") as opened:
        await opened.end(CALL, CHIEF)
        await opened.end(CALL, CHIEF)

    first, second = (json.loads(body)["request_id"] for _, body in cti.received)
    assert first != second


async def test_a_cti_with_another_secret_does_nothing() -> None:
    cti = Cti()

    async with serving(cti.app) as url, control(f"{url}/calls", SECRET + "!") as opened:
        with pytest.raises(ExchangeRefused) as refused:
            await opened.end(CALL, CHIEF)

    assert (refused.value.code, refused.value.sent, refused.value.known) == (
        "cti_refused",
        True,
        True,
    )


@pytest.mark.parametrize("status", [301, 302, 307, 400, 403, 404, 409, 429, 500, 503])
async def test_any_answer_but_success_is_an_error_and_is_asked_once(status: int) -> None:
    cti = Cti(status=status)

    async with serving(cti.app) as url, control(f"{url}/calls") as opened:
        with pytest.raises(ExchangeRefused, match=str(status)):
            await opened.end(CALL, CHIEF)

    assert len(cti.received) == 1


async def test_a_cti_that_nobody_started_is_away() -> None:
    with refusing_port() as port:
        async with control(f"http://127.0.0.1:{port}/calls") as opened:
            with pytest.raises(ExchangeAway) as away:
                await opened.end(CALL, CHIEF)

    assert not away.value.sent


async def test_a_line_cut_after_the_request_is_not_asked_again() -> None:
    connections = 0

    async def cut(stream: SocketStream) -> None:
        nonlocal connections
        connections += 1
        async with stream:
            await stream.receive()

    async with peer(cut) as url, control(f"{url}/calls") as opened:
        with pytest.raises(OutcomeUnknown) as unknown:
            await opened.end(CALL, CHIEF)

    assert connections == 1
    assert not unknown.value.known


async def test_a_cti_that_says_nothing_leaves_the_outcome_open() -> None:
    async def hang(stream: SocketStream) -> None:
        async with stream:
            await anyio.sleep_forever()

    async with peer(hang) as url, control(f"{url}/calls") as opened:
        with pytest.raises(OutcomeUnknown, match="電話機で確かめて"):
            await opened.end(CALL, CHIEF)


async def test_a_certificate_is_believed_only_if_the_office_says_so(tmp_path: Path) -> None:
    cti, own = Cti(), own_certificate(tmp_path / "own.pem")

    async with serving(cti.app, certificate=own) as url:
        async with control(f"{url}/calls") as opened:
            with pytest.raises(ExchangeAway, match="CA_FILE") as away:
                await opened.end(CALL, CHIEF)
        async with control(f"{url}/calls", ca_file=own) as opened:
            await opened.end(CALL, CHIEF)

    assert away.value.code == "control_untrusted"
    assert len(cti.received) == 1


async def test_a_file_without_certificates_stops_the_start(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()

    for file in (empty, tmp_path / "missing.pem"):
        with pytest.raises(Unavailable, match="CONTROL__CA_FILE"):
            async with control("https://cti.example/calls", ca_file=file):
                pass


# Signature


def test_the_example_of_the_documentation_is_right() -> None:
    body = b'{"version":1,"action":"end","call_id":"native.42"}'

    signature = signature_of("office-secret-for-the-example", 1775466000, body)

    page = (Path(__file__).parents[3] / "docs/telephony/back.md").read_text(encoding="utf-8")
    assert signature == EXAMPLE
    assert f"`{EXAMPLE}`" in page
    assert f"`{body.decode()}`" in page


@given(st.text(min_size=1), st.integers(0, 10**17), st.binary(max_size=200))
def test_what_is_signed_is_known_again_and_nothing_else(
    secret: str, timestamp_s: int, body: bytes
) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    signature = signature_of(secret, timestamp_s, body)

    assert is_signed(secret, str(timestamp_s), body, signature)
    assert not is_signed(secret, str(timestamp_s + 1), body, signature)
    assert not is_signed(secret, str(timestamp_s), body + b" ", signature)
    assert not is_signed(secret + "x", str(timestamp_s), body, signature)


@given(st.text(), st.text())
def test_no_header_whatever_breaks_the_check(timestamp: str, signature: str) -> None:
    assert not is_signed(SECRET, timestamp, b"{}", signature)


def test_the_body_is_ascii_whatever_is_in_it() -> None:
    body = request_body("end", "id", CALL, CHIEF, {})

    assert body.isascii()
    assert json.loads(body)["section"] == "市民課"


# Where it may go


@pytest.mark.parametrize(
    "url",
    [
        "https://cti.example/calls",
        "http://127.0.0.1:8080/calls",
        "http://localhost/calls?office=1",
        "http://10.1.2.3/calls",
        "http://192.168.0.5/calls",
        "http://[::1]:80/calls",
    ],
)
def test_control_goes_over_tls_or_inside_the_office(url: str) -> None:
    assert control_address(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://cti.example/calls",
        "http://8.8.8.8/calls",
        "http://169.254.169.254/calls",
        "http://127.0.0.1.example/calls",
        "ftp://127.0.0.1/calls",
        "https://user:word@cti.example/calls",
        "https://cti.example/calls#here",
        "https:///calls",
        "https://[::1/calls",
        "https://cti.example:99999/calls",
        "https://cti.example/a b",
        "",
    ],
)
def test_an_address_that_anybody_may_read_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match=r"アドレス|https"):
        control_address(url)


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"webhook_url": "http://cti.example/", "webhook_secret": SECRET}, "WEBHOOK_URL"),
        ({"webhook_url": "https://cti.example/"}, "WEBHOOK_SECRET"),
        ({"webhook_url": "https://cti.example/", "webhook_secret": "short"}, "WEBHOOK_SECRET"),
        ({"ari": {"url": "https://pbx.example/ari"}}, "ARI__USER"),
        ({"ari": {"url": "https://pbx.example/ari", "user": "u"}}, "ARI__USER"),
        ({"ari": {"url": "http://pbx.example/", "user": "u", "password": "p"}}, "ARI__URL"),
        (
            {"ari": {"url": "https://pbx.example/", "user": "u", "password": "p", "app": "a,b"}},
            "ARI__APP",
        ),
    ],
)
async def test_half_a_setting_stops_the_start_and_is_named(
    settings: dict[str, Any], variable: str
) -> None:
    with pytest.raises(Unavailable, match=f"MIMAMORI_TELEPHONY__CONTROL__{variable}") as refused:
        async with open_call_control(ControlSettings.model_validate(settings)):
            pass

    assert "example" not in refused.value.message
    assert SECRET not in refused.value.message


async def test_without_settings_there_is_no_control() -> None:
    async with open_call_control(ControlSettings()) as opened:
        assert opened is None


def test_every_failure_is_unavailable_and_says_so_in_japanese() -> None:
    for kind in ControlFailed.__subclasses__():
        assert kind("code", "文").status == 503
