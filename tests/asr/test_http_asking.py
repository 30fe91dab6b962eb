"""Every way in which a question over HTTP can fail has its place in our own tree."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Final

import anyio
import httpx
import pytest

from asr.errors import AsrError, RecogniserGaveUp, RecogniserLost
from asr.http_asking import NotNow, NotTaken, ask, direct_client

HOST = "asr.example"
KEY = "sk-nobody-may-read-this"
TIMED_OUT: Final = (
    httpx.TimeoutException,
    httpx.ReadTimeout,
    httpx.WriteTimeout,
    httpx.PoolTimeout,
)


class FailingTransport(httpx.AsyncBaseTransport):
    """Fails like a network: by raising."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


def exceptions_of(module: object) -> Iterator[type[Exception]]:
    for name in sorted(vars(module)):
        kind = vars(module)[name]
        if isinstance(kind, type) and issubclass(kind, Exception):
            yield kind


def one_of(kind: type[Exception]) -> Exception:
    """Return an exception of *kind* that quotes the key, as a careless library might."""
    if issubclass(kind, httpx.HTTPStatusError):
        request = httpx.Request("GET", f"https://{HOST}")
        return kind(KEY, request=request, response=httpx.Response(500, request=request))
    if issubclass(kind, httpx.StreamError) and kind is not httpx.StreamError:
        return kind()  # type: ignore[call-arg]
    return kind(KEY)


async def failing(error: Exception) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with direct_client(
        headers, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), FailingTransport(error)
    ) as client:
        await ask(client, client.build_request("GET", f"https://{HOST}/v1/models"), HOST)


@pytest.mark.parametrize(
    "kind",
    [
        *(kind for kind in exceptions_of(httpx) if kind is not httpx.CookieConflict),
        *(ConnectionResetError, OSError, anyio.BrokenResourceError),
    ],
)
async def test_whatever_the_library_raises_is_translated_and_not_quoted(
    kind: type[Exception],
) -> None:
    with pytest.raises((NotNow, NotTaken, RecogniserLost, TimeoutError)) as told:
        await failing(one_of(kind))

    assert isinstance(told.value, TimeoutError) == (kind in TIMED_OUT)
    assert KEY not in str(told.value)
    assert told.value.__suppress_context__
    assert isinstance(told.value, TimeoutError) or HOST in str(told.value)


def caused_by(cause: Exception) -> Exception:
    error = httpx.ConnectError("failed")
    error.__cause__ = httpx.ConnectError("failed below")
    error.__cause__.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (lambda: ssl.SSLCertVerificationError(1, "self-signed certificate"), RecogniserGaveUp),
        (lambda: ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong"), RecogniserGaveUp),
        (lambda: ssl.SSLEOFError(8, "cut"), NotNow),
        (lambda: OSError(111, "refused"), NotNow),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_not_asked_again(
    cause: Callable[[], Exception], expected: type[AsrError]
) -> None:
    with pytest.raises(expected) as told:
        await failing(caused_by(cause()))

    assert ("SERVER_CA_FILE" in str(told.value)) == (expected is RecogniserGaveUp)


async def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")

    async with direct_client({}, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        assert not client.trust_env
        assert not client.follow_redirects
