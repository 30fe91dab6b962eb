"""What every answer carries, how much is read of a request, and what a defect shows."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest
from fastapi import FastAPI

from app.answers import BODY_BYTES
from app.auth.identity import Role
from app.main import create_app
from app.settings import Settings
from tests.app.running import RunningServer

HTML = {"Accept": "text/html"}


@pytest.fixture
def defective(settings: Settings) -> FastAPI:
    app = create_app(settings)

    async def defect() -> None:
        raise ZeroDivisionError("the words of a caller")

    app.add_api_route("/defect", defect)
    app.add_api_route("/v1/defect", defect)
    return app


async def test_every_kind_of_answer_is_kept_from_caches_frames_and_other_sites(
    server: RunningServer,
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answers = {
            path: await client.get(path, headers=HTML)
            for path in ("/v1/me", "/healthz", "/login", "/nowhere", "/static/css/base.css", "/")
        }

    for path, answer in answers.items():
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], path
        assert answer.headers["Cache-Control"] in {"no-store", "no-cache"}, path
        assert "microphone=()" in answer.headers["Permissions-Policy"], path
    assert "script-src 'self'" in answers["/login"].headers["Content-Security-Policy"]


async def test_a_body_larger_than_any_request_needs_is_not_read(server: RunningServer) -> None:
    token = await server.token(Role.ADMINISTRATOR)
    body = b'{"login": "' + b"a" * BODY_BYTES + b'"}'

    async def in_pieces() -> AsyncIterator[bytes]:
        yield body[: BODY_BYTES // 2]
        yield body[BODY_BYTES // 2 :]

    headers = {"Content-Type": "application/json"}
    async with server.client(token) as client:
        declared = await client.post("/v1/users", content=body, headers=headers)
        undeclared = await client.post("/v1/users", content=in_pieces(), headers=headers)
    async with httpx.AsyncClient(base_url=server.url) as stranger:
        refused = await stranger.post("/v1/users", content=body, headers=headers)

    assert [declared.status_code, undeclared.status_code, refused.status_code] == [413] * 3
    assert [declared.json()["code"], undeclared.json()["code"]] == ["too_large"] * 2
    assert declared.headers["X-Content-Type-Options"] == "nosniff"


async def test_headers_without_end_are_not_kept(server: RunningServer) -> None:
    async def status_of(size: int) -> int | None:
        """Return None where the server hung up while it was still being told."""
        async with httpx.AsyncClient(base_url=server.url) as client:
            try:
                answer = await client.get("/healthz", headers={"X-Long": "a" * size})
            except httpx.TransportError:
                return None
            return answer.status_code

    usual = await status_of(8_000)
    endless = await status_of(8_000_000)

    assert usual == httpx.codes.OK
    assert endless in {None, httpx.codes.BAD_REQUEST}


async def test_the_interface_describes_itself_to_whoever_asks(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.get("/v1/openapi.json")

    assert answer.status_code == httpx.codes.OK
    assert "/v1/calls/{call_id}" in answer.json()["paths"]


async def test_no_answer_repeats_the_host_that_a_request_names(server: RunningServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answers = [
            await client.get(path, headers={"Host": "elsewhere.test", **HTML})
            for path in ("/static", "/calls/", "/login/", "/", "/calls")
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 303, 303]
    assert all("elsewhere" not in answer.headers.get("Location", "") for answer in answers)


@pytest.mark.parametrize(("path", "kind"), [("/defect", "text/html"), ("/v1/defect", "json")])
async def test_a_defect_is_told_in_japanese_and_without_its_words(
    defective: FastAPI, path: str, kind: str
) -> None:
    transport = httpx.ASGITransport(defective, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mimamori.test") as client:
        answer = await client.get(path, headers=HTML)

    assert answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR
    assert kind in answer.headers["Content-Type"]
    assert "エラー" in answer.text
    assert "caller" not in answer.text
    assert "Zero" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/nowhere", "/v1/me", "/v1/users"])
async def test_a_body_that_is_no_http_leaves_no_trace_where_nobody_reads_it(
    server: RunningServer, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)
    port = int(server.url.rsplit(":", 1)[1])
    head = f"POST {path} HTTP/1.1\r\nHost: office\r\nTransfer-Encoding: chunked\r\n\r\n"

    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(head.encode() + b"no length\r\n\r\n")
        answer = await stream.receive()
    async with httpx.AsyncClient(base_url=server.url) as client:
        alive = await client.get("/healthz")

    logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert alive.status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
