"""Adapter: questions to one HTTP server: direct, bounded, and every way in which they fail by name.

Direct means: no proxy of the environment, no redirect. What the library says of an error is not
repeated, because it may hold a header, and so the key.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import anyio
import httpx

from asr.errors import RecogniserGaveUp, RecogniserLost
from asr.openai_protocol import MAX_ANSWER_BYTES, Fault, fault_of, reason_of, wanted_pause_ms

_CONNECT_TIMEOUT_S: Final = 3.0
_KEPT_S: Final = 30.0
"""A caller's next sentence should not wait for another handshake."""
_LINE_CUT: Final = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


class NotNow(Exception):  # noqa: N818 - a fact, translated by the recogniser that asks
    """Asking again may work; ``pause_ms`` is how long the server wants to be left alone."""

    def __init__(self, reason: str, pause_ms: int | None = None) -> None:
        super().__init__(reason)
        self.pause_ms = pause_ms


class NotTaken(Exception):  # noqa: N818
    """This question gets no answer here; the next may."""


def direct_client(
    headers: Mapping[str, str],
    trusted: ssl.SSLContext,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """Return a client that keeps one connection; *transport* replaces the network."""
    return httpx.AsyncClient(
        # A small answer can unpack to more memory than there is.
        headers={"User-Agent": "mimamori", "Accept-Encoding": "identity", **headers},
        verify=trusted,
        trust_env=False,
        follow_redirects=False,
        limits=httpx.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_S
        ),
        transport=transport,
    )


def timeout(left_s: float) -> httpx.Timeout:
    return httpx.Timeout(left_s, connect=min(left_s, _CONNECT_TIMEOUT_S))


def trusted_certificates(ca_file: Path | None, *, needed: bool = True) -> ssl.SSLContext:
    """Return the system's certificates, and those in *ca_file*; blocking, 35 ms.

    If not *needed* and there is no *ca_file*, none is read and nobody is trusted.

    Raises:
        RecogniserGaveUp: there are none in *ca_file*.
    """
    if not needed and ca_file is None:
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusted = ssl.create_default_context()
    if ca_file is not None:
        try:
            trusted.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise RecogniserGaveUp(
                f"{ca_file} holds no certificates that can be read: set "
                "MIMAMORI_ASR__SERVER_CA_FILE to a PEM file"
            ) from error
    return trusted


async def ask(
    client: httpx.AsyncClient,
    request: httpx.Request,
    host: str,
    *,
    accepted: frozenset[int] = frozenset(),
) -> tuple[int, bytes]:
    """Return status and content of a success; the status alone if it is in *accepted*.

    Raises:
        NotNow: nobody answers, or the server has trouble that passes.
        NotTaken: it refuses this question, or its answer is too large.
        RecogniserGaveUp: it refuses whatever it is asked.
        RecogniserLost: it cannot be asked.
        TimeoutError: it has not answered in time.
    """
    with _foreign_errors(host):
        answer = await client.send(request, stream=True)
        try:
            if answer.status_code in accepted:
                return answer.status_code, b""
            if answer.is_success:
                return answer.status_code, await _content(answer, host)
        finally:
            await answer.aclose()
    reason = reason_of(answer.status_code, host)
    match fault_of(answer.status_code):
        case Fault.SETTING:
            raise RecogniserGaveUp(reason)
        case Fault.SEGMENT:
            raise NotTaken(reason)
        case Fault.MOMENT:
            raise NotNow(reason, wanted_pause_ms(answer.headers))


async def _content(answer: httpx.Response, host: str) -> bytes:
    if answer.headers.get("content-encoding", "identity") != "identity":
        raise NotTaken(f"{host} packs its answers although it was asked not to: switch that off")
    parts, size = [], 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise NotTaken(f"{host} answers with more than {MAX_ANSWER_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


@contextmanager
def _foreign_errors(host: str) -> Iterator[None]:
    try:
        yield
    except httpx.TimeoutException as error:
        if not isinstance(error, httpx.ConnectTimeout):
            raise TimeoutError from None
        raise _unreachable(error, host) from None
    except (httpx.TransportError, OSError, anyio.BrokenResourceError) as error:
        raise _unreachable(error, host) from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise RecogniserLost(
            f"the recognition server {host} cannot be asked ({type(error).__name__})"
        ) from None


def _unreachable(error: Exception, host: str) -> NotNow | RecogniserGaveUp:
    refused = _refused_by_tls(error)
    if refused is not None:
        return RecogniserGaveUp(
            f"no trusted connection to the recognition server {host} ({refused}): check that "
            "MIMAMORI_ASR__SERVER_URL begins with what the server speaks, http or https, and name "
            "its certificate in MIMAMORI_ASR__SERVER_CA_FILE"
        )
    return NotNow(
        f"the recognition server {host} cannot be reached ({type(error).__name__}): check that "
        "it runs, and MIMAMORI_ASR__SERVER_URL"
    )


def _refused_by_tls(error: BaseException | None) -> str | None:
    """Return OpenSSL's words for what is wrong with a certificate or a handshake, if that was it."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and not isinstance(error, _LINE_CUT):
            # "unable to get local issuer certificate", "WRONG_VERSION_NUMBER"
            said = getattr(error, "verify_message", None) or getattr(error, "reason", None)
            return said or type(error).__name__
        error = error.__cause__ or error.__context__
    return None
