"""Glue: the controls that an office has set, put together once (for ``app.bootstrap``)."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import anyio.to_thread
import httpx

from app.clock import SystemClock
from app.control.addresses import control_address
from app.control.ari import AriServer
from app.control.ari_control import open_ari_control
from app.control.certificates import trusted_certificates
from app.control.ports import Ability, CallControl, Clicker, ControlledCall, JoinMode
from app.control.signing import LEAST_SECRET_CHARACTERS
from app.control.webhook import WebhookControl, webhook_client
from app.errors import Unavailable
from app.ports import Clock
from app.telephony.settings import AriSettings, ControlSettings

_PREFIX = "MIMAMORI_TELEPHONY__CONTROL__"


@asynccontextmanager
async def open_call_control(
    settings: ControlSettings,
    *,
    operators_by_extension: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[CallControl | None]:
    """Open what *settings* name; None where they name nothing. Asks nobody anything before a click.

    Args:
        settings: ``settings.telephony.control``.
        operators_by_extension: ``settings.telephony.operators_by_extension``, by which Asterisk learns
            which telephone is whose.
        clock: the server's, for signatures.

    Raises:
        Unavailable: half a setting, or an address where nothing of a call should go (``control_settings``).
    """
    controls: list[CallControl] = []
    async with AsyncExitStack() as opened:
        trusted = await anyio.to_thread.run_sync(_trusted, settings)
        server = ari_server(settings.ari, trusted)
        if server is not None:
            controls.append(
                await opened.enter_async_context(
                    open_ari_control(server, operators_by_extension or {})
                )
            )
        if settings.webhook_url:
            url = _address("WEBHOOK_URL", settings.webhook_url)
            secret = settings.webhook_secret
            if secret is None or len(secret.get_secret_value()) < LEAST_SECRET_CHARACTERS:
                raise _wrong("WEBHOOK_SECRET", f"{LEAST_SECRET_CHARACTERS} 文字以上の値が必要です")
            client = await opened.enter_async_context(webhook_client(trusted))
            controls.append(
                WebhookControl(client, url, secret.get_secret_value(), clock or SystemClock())
            )
        yield one_control(controls)


def ari_server(settings: AriSettings, trusted: ssl.SSLContext) -> AriServer | None:
    """Return the server that *settings* describe; None where they name none.

    Raises:
        Unavailable: they are not complete (``control_settings``).
    """
    if not settings.url:
        return None
    password = settings.password.get_secret_value() if settings.password else ""
    if not settings.user or not password or ":" in settings.user:
        raise _wrong("ARI__USER", "ARI__PASSWORD とともに必要で、: は使えません")
    if not settings.app.isascii() or not settings.app.isidentifier():
        raise _wrong("ARI__APP", "半角の英数字と _ だけで書いてください")
    if "{extension}" not in settings.endpoint:
        raise _wrong("ARI__ENDPOINT", "PJSIP/{extension} のように {extension} を含めてください")
    return AriServer(
        _address("ARI__URL", settings.url),
        settings.user,
        password,
        trusted,
        settings.app,
        endpoint=settings.endpoint,
    )


def one_control(controls: list[CallControl]) -> CallControl | None:
    if len(controls) > 1:
        return FirstAble(controls)
    return controls[0] if controls else None


class FirstAble:
    """Several exchanges as one: each click goes to the first that can do it, and to no other."""

    def __init__(self, controls: list[CallControl]) -> None:
        self._controls = tuple(controls)

    def ability(self, call: ControlledCall, by: Clicker) -> Ability:
        abilities = [control.ability(call, by) for control in self._controls]
        joins = next((a for a in abilities if a.can_join), abilities[0])
        ends = next((a for a in abilities if a.can_end), abilities[0])
        return Ability(joins.join_modes, joins.why_no_join, ends.can_end, ends.why_no_end)

    async def join(self, call: ControlledCall, mode: JoinMode, by: Clicker) -> None:
        able = (c for c in self._controls if mode in c.ability(call, by).join_modes)
        await next(able, self._controls[0]).join(call, mode, by)

    async def end(self, call: ControlledCall, by: Clicker) -> None:
        able = (c for c in self._controls if c.ability(call, by).can_end)
        await next(able, self._controls[0]).end(call, by)


def _trusted(settings: ControlSettings) -> ssl.SSLContext:
    addresses = (settings.ari.url or "", settings.webhook_url or "")
    needed = any(address.strip().lower().startswith("https:") for address in addresses)
    try:
        return trusted_certificates(settings.ca_file, needed=needed)
    except OSError:
        raise _wrong("CA_FILE", "証明書を読み取れません") from None


def _address(variable: str, url: str) -> str:
    try:
        address = control_address(url)
        httpx.URL(address)
    except (ValueError, httpx.InvalidURL) as error:
        reason = str(error) if isinstance(error, ValueError) else "アドレスとして読めません"
        raise _wrong(variable, reason) from None
    return address


def _wrong(variable: str, reason: str) -> Unavailable:
    return Unavailable("control_settings", f"設定 {_PREFIX}{variable} を直してください: {reason}。")
