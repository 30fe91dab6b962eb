"""Adapter: Asterisk's REST interface (ARI): hang up a channel, bring a supervisor to one.

Source: docs.asterisk.org, Asterisk REST Interface: Channels, Bridges and Events. Used are
``GET /channels`` and ``/channels/{id}``, ``DELETE /channels/{id}``, ``POST /channels/{id}`` (originate with
an id), ``POST /channels/{id}/snoop/{snoopId}``, ``POST`` and ``DELETE /bridges/{id}``,
``POST /bridges/{id}/addChannel`` and the events of one Stasis application (``app.control.ari_join``).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

import anyio
import httpx

from app.control.certificates import untrusted
from app.control.ports import (
    ControlFailed,
    ExchangeAway,
    ExchangeRefused,
    NotControllable,
    OutcomeUnknown,
)

TIMEOUT_S: Final = 5.0
_GRACE_S: Final = 1.0
CALL_CHANNEL_KEYS: Final = ("caller_channel_id",)
"""Of the call's metadata: given on purpose, so it is the call's own."""
STREAM_CHANNEL_KEYS: Final = ("channel_id", "channel")
"""The channel that brings the sound. With chan_websocket that is a leg of its own, not the call."""
MEDIA_LEGS: Final = ("WebSocket/", "AudioSocket/", "Snoop/", "UnicastRTP/")
"""Channels that only carry a copy of the sound: hanging one up ends the watching, not the call."""
_LONGEST_ID: Final = 150


@dataclass(frozen=True, slots=True)
class AriServer:
    url: str
    """As ``control_address`` gives it, with ``/ari`` at its end."""
    user: str
    password: str = field(repr=False)
    trusted: ssl.SSLContext = field(repr=False)
    app: str = "mimamori"
    endpoint: str = "PJSIP/{extension}"
    """What Asterisk dials to make a supervisor's telephone ring."""


class AriRequests:
    """One request, one answer; whatever goes wrong is a ``ControlFailed``."""

    def __init__(self, client: httpx.AsyncClient, server: AriServer) -> None:
        self._client = client
        self._root = server.url

    async def hang_up(self, channel_id: str) -> None:
        await self._ask("DELETE", f"/channels/{_segment(channel_id)}", {"reason": "normal"})

    async def channel_of_call(self, exchange: Mapping[str, str]) -> str:
        """Return the id of the call's own channel, as Asterisk knows it now.

        Raises:
            NotControllable: no channel is known, or only one that carries a copy of the sound.
            ExchangeRefused: there is no such channel any more.
        """
        named = named_channel(exchange)
        if named is None:
            raise no_channel()
        if "/" in named:  # a name such as PJSIP/100-0000002a; ids have no slash
            channels = await self._json("GET", "/channels")
            channel = _with_name(channels, named)
        else:
            channel = await self._json("GET", f"/channels/{_segment(named)}")
        if not isinstance(channel, dict) or not isinstance(channel.get("id"), str):
            raise _not_understood()
        if str(channel.get("name", "")).startswith(MEDIA_LEGS):
            raise only_media_leg()
        return str(channel["id"])

    async def ring(
        self, channel_id: str, *, endpoint: str, app: str, caller_id: str, timeout_s: int
    ) -> None:
        """Make a telephone ring; who picks up enters *app*."""
        await self._ask(
            "POST",
            f"/channels/{_segment(channel_id)}",
            {
                "endpoint": endpoint,
                "app": app,
                "callerId": caller_id,
                "timeout": str(timeout_s),
            },
        )

    async def snoop(
        self, channel_id: str, snoop_id: str, *, app: str, spy: str, whisper: str
    ) -> None:
        path = f"/channels/{_segment(channel_id)}/snoop/{_segment(snoop_id)}"
        await self._ask("POST", path, {"spy": spy, "whisper": whisper, "app": app})

    async def make_bridge(self, bridge_id: str) -> None:
        await self._ask("POST", f"/bridges/{_segment(bridge_id)}", {"type": "mixing"})

    async def add_to_bridge(self, bridge_id: str, channel_ids: tuple[str, ...]) -> None:
        path = f"/bridges/{_segment(bridge_id)}/addChannel"
        await self._ask("POST", path, {"channel": ",".join(channel_ids)})

    async def take_down(self, bridge_id: str) -> None:
        await self._ask("DELETE", f"/bridges/{_segment(bridge_id)}", {})

    async def _json(self, method: str, path: str) -> object:
        answer = await self._ask(method, path, {})
        try:
            told: object = answer.json()
        except (ValueError, RecursionError):
            raise _not_understood() from None
        return told

    async def _ask(self, method: str, path: str, query: Mapping[str, str]) -> httpx.Response:
        try:
            with anyio.fail_after(TIMEOUT_S + _GRACE_S):
                answer = await self._client.request(
                    method, f"{self._root}{path}", params=dict(query)
                )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise untrusted(error) or ExchangeAway(
                "ari_unreachable",
                "電話交換機につながりません。電話機で操作し、管理者に連絡してください。",
            ) from error
        except (httpx.HTTPError, TimeoutError) as error:
            if method == "GET":  # a question changes nothing, answered or not
                raise ExchangeAway(
                    "ari_no_answer",
                    "電話交換機から返事がありません。何も行っていません。電話機で操作し、管理者に連絡してください。",
                ) from error
            raise OutcomeUnknown(
                "ari_silent",
                "電話交換機から返事がありません。行われたかどうか分からないので、電話機で確かめてください。",
            ) from error
        if not answer.is_success:
            raise refusal_of(answer.status_code)
        return answer


def ari_client(server: AriServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        auth=httpx.BasicAuth(server.user, server.password),
        timeout=TIMEOUT_S,
        verify=server.trusted,
        headers={"User-Agent": "mimamori", "Accept": "application/json"},
        trust_env=False,
        follow_redirects=False,
        # A kept connection may be closed just as it is used again, and then nobody knows what arrived.
        limits=httpx.Limits(max_keepalive_connections=0),
    )


def named_channel(exchange: Mapping[str, str]) -> str | None:
    """Return the call's own channel as its metadata names it, if something usable is there."""
    keys: tuple[str, ...] = CALL_CHANNEL_KEYS
    if not exchange.get("channel", "").startswith(MEDIA_LEGS):
        keys += STREAM_CHANNEL_KEYS
    for key in keys:
        named = exchange.get(key, "").strip()
        usable = named.isascii() and named.isprintable() and named.strip(".") != ""
        if usable and len(named) <= _LONGEST_ID:
            return named
    return None


def refusal_of(status: int) -> ControlFailed:
    """Return what a status that is no success means; the exchange's own words are not repeated."""
    if status == 401:
        return ExchangeRefused(
            "ari_sign_in",
            "電話交換機が接続の利用者名とパスワードを受け付けません。電話機で操作し、"
            "管理者に MIMAMORI_TELEPHONY__CONTROL__ARI__USER と __PASSWORD の確認を頼んでください。",
        )
    if status == 403:
        return ExchangeRefused(
            "ari_forbidden",
            "電話交換機の接続用の利用者に、この操作の権限がありません。電話機で操作し、"
            "管理者に ari.conf(read_only = no)の確認を頼んでください。",
        )
    if status == 404:
        return _gone()
    if status in (400, 409, 412, 422):
        return ExchangeRefused(
            "ari_not_possible",
            "電話交換機は、いまこの通話にはできないと答えました。電話機で操作してください。",
        )
    return ExchangeRefused(
        "ari_failed",
        f"電話交換機でエラーが起きました(応答 {status})。電話機で操作し、管理者に連絡してください。",
    )


def no_channel() -> NotControllable:
    return NotControllable(
        "channel_unknown",
        "電話交換機から、この通話そのものの回線が知らされていません。電話機で操作し、"
        "管理者に caller_channel_id の設定を頼んでください。",
    )


def only_media_leg() -> NotControllable:
    return NotControllable(
        "channel_is_media_leg",
        "分かっているのは音声を写す回線だけで、通話そのものの回線が分かりません。電話機で操作し、"
        "管理者に caller_channel_id の設定を頼んでください。",
    )


def _gone() -> ExchangeRefused:
    return ExchangeRefused(
        "channel_gone", "電話交換機には、この通話がもうありません。電話機で確かめてください。"
    )


def _not_understood() -> ExchangeRefused:
    return ExchangeRefused(
        "ari_not_understood",
        "電話交換機の答えを読み取れませんでした。電話機で操作し、管理者に連絡してください。",
    )


def _with_name(channels: object, name: str) -> object:
    if not isinstance(channels, list):
        raise _not_understood()
    for channel in channels:
        if isinstance(channel, dict) and channel.get("name") == name:
            return channel
    raise _gone()


def _segment(name: str) -> str:
    return quote(name, safe="")
