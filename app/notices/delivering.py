"""Glue: notices on their way: one task reads what is owed, one for each route delivers, and none waits for another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from random import SystemRandom
from typing import Any, Final, cast

import anyio
import structlog
from starlette.requests import HTTPConnection

from app.errors import Conflict, NotFound
from app.events import Event
from app.notices.backoff import Pace
from app.notices.choosing import TOLD_BY
from app.notices.models import NoticeRow
from app.notices.outbox import Outbox
from app.notices.ports import Channel, NotDelivered
from app.notices.routes import Route
from app.notices.wording import Notice
from app.ports import Clock, EventBus
from app.services import services_of

LOOK_AGAIN_S: Final = 60.0
"""At the latest: another server of the same database may have left something."""
AFTER_DEFECT_S: Final = 15.0
_CHANCE: Final = SystemRandom().random

log = structlog.get_logger()


class Bell:
    """Wakes who waits; what rings between looking and waiting is not missed."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def ring(self) -> None:
        self._event.set()
        self._event = anyio.Event()

    @property
    def next_ring(self) -> anyio.Event:
        return self._event


class NoticeDesk:
    """The office's routes at work. Without routes it does nothing and says so."""

    def __init__(
        self,
        *,
        routes: Mapping[str, Route],
        channels: Mapping[str, Channel],
        outbox: Outbox,
        bus: EventBus,
        clock: Clock,
        pace: Pace,
        chance: Callable[[], float] = _CHANCE,
    ) -> None:
        self.routes = routes
        self._channels = channels
        self._outbox = outbox
        self._bus = bus
        self._clock = clock
        self._pace = pace
        self._chance = chance
        self._bells = {name: Bell() for name in routes}
        self._arrived: dict[str, str] = {}
        """Handed over, with what was imperfect, while the tables were away: to be marked, not sent again."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the block lasts. A try that has begun is brought to its end, at most 30 s later."""
        await self._outbox.open()
        if not self.routes:
            yield
            return
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._lasting, self._read_events)
            for route in self.routes.values():
                tasks.start_soon(self._lasting, self._deliver_all, route)
            try:
                yield
            finally:
                tasks.cancel_scope.cancel()

    async def test(self, route_name: str) -> NoticeRow:
        """Send a test by *route_name*, once, and return what came of it.

        Raises:
            NotFound: there is no such route (``route_unknown``).
        """
        route = self.routes.get(route_name)
        if route is None:
            raise NotFound("route_unknown", "この名前の送り先は設定されていません。")
        with anyio.CancelScope(shield=True):
            notice = await self._outbox.begin_test(route)
            await self._send(route, notice, tried=self._pace.tries)
            row = await self._outbox.notice(notice.notice_id)
        if row is None:
            raise Conflict("notice_gone", "テストの記録が残っていません。もう一度お試しください。")
        return row

    async def retry(self, notice_id: str) -> NoticeRow:
        """Have a failed notice tried anew; raises as ``Outbox.retry`` says."""
        row = await self._outbox.retry(notice_id)
        self._bells[row.route].ring()
        return row

    async def _read_events(self) -> None:
        async with self._bus.subscribe(_may_tell) as events:
            self._ring(await self._outbox.collect())
            async for _ in events:
                self._ring(await self._outbox.collect())
        # Cut off for being too slow: what was missed is in the tables, and is read on return.

    def _ring(self, routes: frozenset[str]) -> None:
        for name in routes:
            self._bells[name].ring()

    async def _deliver_all(self, route: Route) -> None:
        rung = self._bells[route.name].next_ring
        due = await self._outbox.next_due(route.name)
        wait_s = (due - self._clock.now()).total_seconds() if due is not None else LOOK_AGAIN_S
        if wait_s > 0:
            with anyio.move_on_after(min(wait_s, LOOK_AGAIN_S)):
                await rung.wait()
            return
        # Not cut off half way: nobody would know whether it had arrived.
        with anyio.CancelScope(shield=True):
            claim = await self._outbox.claim(route)
            if claim is not None:
                await self._send(route, claim.notice, tried=claim.tries)

    async def _send(self, route: Route, notice: Notice, *, tried: int) -> None:
        told = {"route": route.name, "kind": notice.kind.value, "notice_id": notice.notice_id}
        if notice.notice_id in self._arrived:
            await self._mark(notice.notice_id)
            return
        try:
            problem = await self._channels[route.name].send(notice)
        except NotDelivered as refused:
            wait_s = self._pace.wait_s(tried, self._chance(), refused.at_least_s)
            if refused.final:
                wait_s = None
            await self._outbox.not_delivered(notice.notice_id, refused.code, wait_s)
            said = log.warning if wait_s is None else log.info
            said("notice not delivered", code=refused.code, tries=tried, **told)
        except Exception:
            await self._outbox.not_delivered(
                notice.notice_id, "defect", self._pace.wait_s(tried, self._chance())
            )
            raise
        else:
            self._arrived[notice.notice_id] = problem
            await self._mark(notice.notice_id)
            log.info("notice delivered", tries=tried, **told)

    async def _mark(self, notice_id: str) -> None:
        await self._outbox.delivered(notice_id, self._arrived[notice_id])
        del self._arrived[notice_id]

    async def _lasting(self, step: Callable[..., Awaitable[None]], *args: Route) -> None:
        """Repeat *step* for ever. Whatever goes wrong with a notice, calls are judged on."""
        while True:
            try:
                await step(*args)
            except Exception as error:  # noqa: BLE001 - the boundary of notices, as above
                # Its kind only: what a library says of it may hold an address that is a key.
                log.warning("notices stopped for a moment", error=type(error).__name__)
                await anyio.sleep(AFTER_DEFECT_S)


def _may_tell(event: Event) -> bool:
    return event.type in TOLD_BY


def desk_of(connection: HTTPConnection) -> NoticeDesk:
    """Return the desk of the application that serves *connection*."""
    services: Any = services_of(connection)
    return cast("NoticeDesk", services.notices)
