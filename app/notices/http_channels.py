"""Adapter: notices over HTTP: signed to one's own system, or into a chat. No redirect is followed, no answer read."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio
import httpx

from app.control.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature_of
from app.notices.ports import NotDelivered
from app.notices.problems import ANSWERED
from app.notices.routes import Route
from app.notices.wording import Notice
from app.ports import Clock

TIMEOUT_S: Final = 10.0
_FINAL: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 415, 422})
"""What is answered so is answered the same a minute later."""
_JSON: Final = "application/json; charset=utf-8"


def http_client(*, proxy: str | None = None, ca_file: Path | None = None) -> httpx.AsyncClient:
    """Return what requests are sent with.

    Raises:
        OSError: *ca_file* cannot be read (``ssl.SSLError`` is one).
    """
    trusted: ssl.SSLContext | bool = ssl.create_default_context(cafile=ca_file) if ca_file else True
    return httpx.AsyncClient(
        timeout=TIMEOUT_S,
        headers={"User-Agent": "mimamori", "Content-Type": _JSON},
        trust_env=False,
        follow_redirects=False,
        proxy=proxy,
        verify=trusted,
        # A kept connection may be closed just as it is used again, and then nobody knows what arrived.
        limits=httpx.Limits(max_keepalive_connections=0),
    )


class WebhookChannel:
    """Implements ``Channel``: one POST, signed like the clicks to a CTI (docs/notices.md)."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        route: Route,
        clock: Clock,
        body_of: Callable[[Notice], bytes],
    ) -> None:
        self._client = client
        self._route = route
        self._clock = clock
        self._body_of = body_of

    async def send(self, notice: Notice) -> str:
        body = self._body_of(notice)
        now_s = int(self._clock.now().timestamp())
        headers = {
            "Idempotency-Key": notice.notice_id,
            TIMESTAMP_HEADER: str(now_s),
            SIGNATURE_HEADER: signature_of(self._route.secret, now_s, body),
        }
        await _post(self._client, self._route.url, body, headers)
        return ""


class ChatChannel:
    """Implements ``Channel`` for Slack, Teams and what takes the same. They know no repeated message again."""

    def __init__(
        self, client: httpx.AsyncClient, route: Route, body_of: Callable[[Notice], bytes]
    ) -> None:
        self._client = client
        self._route = route
        self._body_of = body_of

    async def send(self, notice: Notice) -> str:
        await _post(self._client, self._route.url, self._body_of(notice), {})
        return ""


async def _post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> None:
    try:
        # The client's own limit counts each step; one that answers a byte at a time would pass it.
        with anyio.fail_after(TIMEOUT_S + 1):
            async with client.stream("POST", url, content=body, headers=headers) as answer:
                _check(answer)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
        code = "tls_failed" if _is_about_tls(error) else "unreachable"
        raise NotDelivered(code) from error
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise NotDelivered("no_answer") from error


def _check(answer: httpx.Response) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    asked = answer.headers.get("Retry-After", "")
    at_least_s = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 0
    raise NotDelivered(f"{ANSWERED}{status}", final=status in _FINAL, at_least_s=at_least_s)


def _is_about_tls(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
