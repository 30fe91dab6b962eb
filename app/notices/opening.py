"""Glue: the routes that settings describe, each with the channel that serves it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from operator import attrgetter

import anyio
import httpx

from app.db import Database
from app.errors import Unavailable
from app.ledger import Ledger
from app.notices.backoff import Pace
from app.notices.composing import NumberOf
from app.notices.delivering import NoticeDesk
from app.notices.formats import slack_body, teams_body, webhook_body
from app.notices.http_channels import ChatChannel, WebhookChannel, http_client
from app.notices.outbox import Outbox
from app.notices.ports import Channel
from app.notices.routes import Route, RouteKind, routes_of
from app.notices.settings import NoticeSettings
from app.notices.smtp import MailChannel, MailServer
from app.ports import Clock, EventBus

MAIL_THREADS = 4


@asynccontextmanager
async def open_notices(
    settings: NoticeSettings,
    *,
    public_url: str,
    ledger: Ledger,
    database: Database,
    bus: EventBus,
    clock: Clock,
    number_of: NumberOf = attrgetter("caller_number"),
) -> AsyncIterator[NoticeDesk]:
    """Return the desk of what *settings* describe; it delivers while its own ``running`` lasts.

    Raises:
        Unavailable: they could never work, or would send in clear (``notice_settings``).
    """
    routes = routes_of(settings)
    async with _channels(settings, routes, clock) as channels:
        yield NoticeDesk(
            routes=routes,
            channels=channels,
            outbox=Outbox(
                ledger,
                database,
                routes,
                public_url=public_url,
                tries=settings.tries,
                number_of=number_of,
            ),
            bus=bus,
            clock=clock,
            pace=Pace(settings.tries, settings.first_retry_seconds, settings.longest_retry_seconds),
        )


@asynccontextmanager
async def _channels(
    settings: NoticeSettings, routes: Mapping[str, Route], clock: Clock
) -> AsyncIterator[Mapping[str, Channel]]:
    if not routes:
        yield {}
        return
    async with AsyncExitStack() as opened:
        try:
            direct = http_client(ca_file=settings.ca_file)
            outside = http_client(proxy=settings.proxy, ca_file=settings.ca_file)
        except (OSError, ssl.SSLError, ValueError, httpx.InvalidURL):
            raise Unavailable(
                "notice_settings",
                "設定 MIMAMORI_NOTICES__CA_FILE か MIMAMORI_NOTICES__PROXY を直してください: "
                "証明書のファイルかプロキシのアドレスを読めません。",
            ) from None
        await opened.enter_async_context(direct)
        await opened.enter_async_context(outside)
        for route in routes.values():
            _check_readable(route)
        server, threads = _mail_server(settings), anyio.CapacityLimiter(MAIL_THREADS)

        def channel(route: Route) -> Channel:
            match route.kind:
                case RouteKind.WEBHOOK:
                    return WebhookChannel(direct, route, clock, webhook_body)
                case RouteKind.SLACK:
                    return ChatChannel(outside, route, slack_body)
                case RouteKind.TEAMS:
                    return ChatChannel(outside, route, teams_body)
                case RouteKind.MAIL:
                    return MailChannel(server, route.to, threads)

        yield {name: channel(route) for name, route in routes.items()}


def _check_readable(route: Route) -> None:
    try:
        httpx.URL(route.url)
    except httpx.InvalidURL:
        raise Unavailable(
            "notice_settings",
            f"設定 MIMAMORI_NOTICES__ROUTES の {route.name} の url を直してください: "
            "アドレスとして読めません。",
        ) from None


def _mail_server(settings: NoticeSettings) -> MailServer:
    smtp = settings.smtp
    return MailServer(
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        sender=smtp.sender,
        user=smtp.user,
        password=smtp.password.get_secret_value() if smtp.password else "",
        ca_file=settings.ca_file,
    )
