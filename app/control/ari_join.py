"""Adapter: a supervisor's stay in a call of Asterisk: their telephone and a snoop channel in one bridge.

The supervisor's own telephone rings first. Only when it is picked up is the call tapped, and when either
hangs up everything that was made for the stay is taken down again. Each stay is a Stasis application of
its own, so that two never hear each other's events, and its event socket is open as long as it lasts.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import anyio
import structlog
from anyio.abc import TaskStatus
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus, WebSocketException

from app.control.ari import AriRequests, AriServer, refusal_of
from app.control.certificates import untrusted
from app.control.ports import ControlFailed, ExchangeAway, ExchangeRefused, JoinMode
from app.direct_socket import DirectSocket

RING_S: Final = 30
OPEN_S: Final = 5.0
SNOOP_S: Final = 5.0
TAKE_DOWN_S: Final = 10.0
_EVENT_BYTES: Final = 1 << 20
_WHISPER: Final = {JoinMode.LISTEN: "none", JoinMode.TALK: "both"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stay:
    """The names of everything that is made for one stay."""

    app: str
    channel_id: str
    """The call's own."""
    mode: JoinMode
    extension: str

    @property
    def phone_id(self) -> str:
        return f"{self.app}-phone"

    @property
    def snoop_id(self) -> str:
        return f"{self.app}-snoop"

    @property
    def bridge_id(self) -> str:
        return f"{self.app}-bridge"


async def stay_in_call(
    requests: AriRequests, server: AriServer, stay: Stay, *, task_status: TaskStatus[None]
) -> None:
    """Bring the supervisor in, say so through *task_status*, stay until somebody hangs up, tidy up.

    Raises:
        ControlFailed: it did not come about; nothing is left in the exchange.
    """
    joined = False
    try:
        async with _events_of(server, stay.app) as events:
            try:
                await _bring_in(requests, server, stay, events)
                joined = True
                task_status.started()
                await _until_left(events, {stay.phone_id, stay.snoop_id})
            finally:
                await _take_down(requests, stay)
    except (ControlFailed, OSError, WebSocketException) as error:
        if joined:  # nobody waits any more: the supervisor hears it on the telephone
            log.warning("a supervisor's stay in a call was cut off", reason=type(error).__name__)
            return
        if isinstance(error, ControlFailed):
            raise
        raise _cut_off() from error
    except Exception:
        if not joined:
            raise
        # A defect ends this stay alone: raised here it would end all stays, and the server.
        log.exception("a supervisor's stay in a call broke off")


async def _bring_in(
    requests: AriRequests, server: AriServer, stay: Stay, events: ClientConnection
) -> None:
    await requests.make_bridge(stay.bridge_id)
    await requests.ring(
        stay.phone_id,
        endpoint=server.endpoint.replace("{extension}", stay.extension),
        app=stay.app,
        caller_id="Mimamori",
        timeout_s=RING_S,
    )
    await _until_in(
        events,
        stay.phone_id,
        RING_S + OPEN_S,
        ExchangeRefused(
            "supervisor_no_answer",
            "監督者の電話機が応答しませんでした。受話器を取れるようにして、もう一度お試しください。",
        ),
    )
    await requests.snoop(
        stay.channel_id, stay.snoop_id, app=stay.app, spy="both", whisper=_WHISPER[stay.mode]
    )
    await _until_in(events, stay.snoop_id, SNOOP_S, _cut_off())
    await requests.add_to_bridge(stay.bridge_id, (stay.phone_id, stay.snoop_id))


async def _until_in(
    events: ClientConnection, channel_id: str, within_s: float, failed: ControlFailed
) -> None:
    with anyio.move_on_after(within_s):
        while True:
            event, about = _read(await events.recv())
            if about == channel_id and event == "StasisStart":
                return
            if about == channel_id and event in ("ChannelDestroyed", "StasisEnd"):
                break
    raise failed


async def _until_left(events: ClientConnection, channel_ids: set[str]) -> None:
    while True:
        event, about = _read(await events.recv())
        if about in channel_ids and event in ("ChannelDestroyed", "StasisEnd"):
            return


async def _take_down(requests: AriRequests, stay: Stay) -> None:
    # Also when the server stops or the request is given up: nobody may stay in a call unseen.
    with anyio.move_on_after(TAKE_DOWN_S, shield=True):
        await _quietly(requests.hang_up(stay.snoop_id))
        await _quietly(requests.hang_up(stay.phone_id))
        await _quietly(requests.take_down(stay.bridge_id))


async def _quietly(request: Awaitable[None]) -> None:
    try:
        await request
    except ControlFailed as failed:
        if failed.code != "channel_gone":
            log.warning("something made for a supervisor's stay may be left", code=failed.code)


@asynccontextmanager
async def _events_of(server: AriServer, app: str) -> AsyncIterator[ClientConnection]:
    """Register *app* with Asterisk and hear its events while the block lasts."""
    address = "ws" + server.url.removeprefix("http") + f"/events?app={quote(app, safe='')}"
    secret = base64.b64encode(f"{server.user}:{server.password}".encode()).decode("ascii")
    try:
        opened = await DirectSocket(
            address,
            additional_headers={"Authorization": f"Basic {secret}"},
            open_timeout=OPEN_S,
            close_timeout=OPEN_S,
            max_size=_EVENT_BYTES,
            ssl=server.trusted if address.startswith("wss:") else None,
        )
    except InvalidStatus as refused:
        raise refusal_of(refused.response.status_code) from refused
    except (OSError, TimeoutError, WebSocketException) as error:
        raise untrusted(error) or ExchangeAway(
            "ari_unreachable",
            "電話交換機につながりません。電話機で操作し、管理者に連絡してください。",
        ) from error
    async with opened:
        yield opened


def _read(message: str | bytes) -> tuple[str, str]:
    """Return an event's kind and the id of the channel that it is about; empty where it says neither."""
    try:
        event: Any = json.loads(message)
        return str(event["type"]), str(event["channel"]["id"])
    except (ValueError, RecursionError, TypeError, KeyError):
        return "", ""


def _cut_off() -> ExchangeRefused:
    return ExchangeRefused(
        "join_cut_off",
        "電話交換機が監督者を通話につなげませんでした。内線で職員に声をかけ、管理者に連絡してください。",
    )
