"""Adapter: a person's click as a signed HTTP POST to the office's CTI (docs/telephony/back.md).

Direct: no proxy of the environment, no redirect, and what is answered is not read beyond its status.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import anyio
import httpx

from app.control.addresses import control_address
from app.control.certificates import untrusted
from app.control.ports import (
    Ability,
    Clicker,
    ControlledCall,
    ExchangeAway,
    ExchangeRefused,
    JoinMode,
    OutcomeUnknown,
)
from app.control.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, signature_of
from app.ports import Clock

TIMEOUT_S: Final = 5.0
_GRACE_S: Final = 1.0
VERSION: Final = 1
_ALL: Final = Ability(join_modes=(JoinMode.TALK, JoinMode.LISTEN, JoinMode.WHISPER), can_end=True)


class WebhookControl:
    """Implements ``app.control.ports.CallControl``. The CTI decides how; it may always say no."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        secret: str,
        clock: Clock,
        new_request_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        """Send to *url* with *client*, as ``webhook_client`` makes it.

        Raises:
            ValueError: *url* is plain http to somewhere outside the office.
        """
        self._client = client
        self._url = control_address(url)
        self._secret = secret
        self._clock = clock
        self._new_request_id = new_request_id

    def ability(self, call: ControlledCall, by: Clicker) -> Ability:
        return _ALL

    async def join(self, call: ControlledCall, mode: JoinMode, by: Clicker) -> None:
        await self._post("join", call, by, {"mode": mode.value})

    async def end(self, call: ControlledCall, by: Clicker) -> None:
        await self._post("end", call, by, {})

    async def _post(
        self, action: str, call: ControlledCall, by: Clicker, more: dict[str, Any]
    ) -> None:
        request_id = self._new_request_id()
        body = request_body(action, request_id, call, by, more)
        now_s = int(self._clock.now().timestamp())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Idempotency-Key": request_id,
            TIMESTAMP_HEADER: str(now_s),
            SIGNATURE_HEADER: signature_of(self._secret, now_s, body),
        }
        try:
            status = await self._status_of(body, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            # Nothing has left this machine yet, so it cannot happen twice.
            status = await self._second_try(body, headers)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _unknown() from error
        if not 200 <= status < 300:
            raise ExchangeRefused(
                "cti_refused",
                f"電話の連携システムが受け付けませんでした(応答 {status})。"
                "電話機で操作するか、管理者に連絡してください。",
            )

    async def _second_try(self, body: bytes, headers: dict[str, str]) -> int:
        try:
            return await self._status_of(body, headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise untrusted(error) or ExchangeAway(
                "cti_unreachable",
                "電話の連携システムにつながりません。電話機で操作し、管理者に連絡してください。",
            ) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise _unknown() from error

    async def _status_of(self, body: bytes, headers: dict[str, str]) -> int:
        # The client's own limit counts each step; one that answers a byte at a time would pass it.
        with anyio.fail_after(TIMEOUT_S + _GRACE_S):
            async with self._client.stream(
                "POST", self._url, content=body, headers=headers
            ) as answer:
                return answer.status_code


def webhook_client(trusted: ssl.SSLContext) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=TIMEOUT_S,
        verify=trusted,
        headers={"User-Agent": "mimamori"},
        trust_env=False,
        follow_redirects=False,
        # A kept connection may be closed just as it is used again, and then nobody knows what arrived.
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def request_body(
    action: str, request_id: str, call: ControlledCall, by: Clicker, more: dict[str, Any]
) -> bytes:
    """Return the JSON that is signed and sent, byte for byte."""
    told = {
        "version": VERSION,
        "action": action,
        **more,
        "request_id": request_id,
        "call_id": call.call_id,
        "exchange": dict(call.exchange),
        "caller_number": call.caller_number,
        "called_number": call.called_number,
        "operator": call.operator,
        "section": call.section,
        "by": {"login": by.login, "name": by.display_name, "role": by.role.value},
    }
    # All ASCII, whatever is in it: a CTI that reads another encoding computes the same signature.
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def _unknown() -> OutcomeUnknown:
    return OutcomeUnknown(
        "cti_silent",
        "電話の連携システムから返事がありません。行われたかどうか分からないので、電話機で確かめてください。",
    )
