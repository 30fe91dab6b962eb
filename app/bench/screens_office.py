"""Glue: the screens of an office. Each reads and follows as its page does, and goes where the page would go."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import anyio
import httpx

from app.bench.screens_line import ScreenLine, open_line
from app.bench.screens_people import Person
from app.bench.screens_tally import Head, ScreenKind, Sight, Tally
from app.bench.server import BenchServer

ASK_AGAIN_SECONDS: Final = 0.2
"""How long a list waits after a call has begun before it asks again, as its page does."""
COME_BACK_SECONDS: Final = 0.5
READ_SECONDS: Final = 30
CONNECTIONS: Final = 32
BOARD: Final = "/v1/board"
LIVE: Final = "/v1/calls?state=live&limit=200"
"""What a server without a board has."""


@dataclass(frozen=True, slots=True)
class People:
    operators: Sequence[Person]
    supervisors: Sequence[Person]


class Office:
    """Opens one screen for each person and keeps it open; what arrives is counted in *tally*."""

    def __init__(self, server: BenchServer, people: People, tally: Tally) -> None:
        self._server, self._people, self._tally = server, people, tally
        self._epoch = time.time() - time.monotonic()
        self.read_failures = 0

    async def work(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Report as started when every screen is open, then go on until cancelled."""
        waiting = len(self._people.operators) + len(self._people.supervisors)
        all_open = anyio.Event()

        def opened() -> None:
            nonlocal waiting
            waiting -= 1
            if waiting == 0:
                all_open.set()

        limits = httpx.Limits(max_connections=CONNECTIONS)
        async with (
            httpx.AsyncClient(
                base_url=self._server.url, timeout=READ_SECONDS, limits=limits, trust_env=False
            ) as client,
            anyio.create_task_group() as screens,
        ):
            for person in self._people.supervisors:
                board = _Board(self, client, person, opened)
                screens.start_soon(board.watch)
            for person in self._people.operators:
                desk = _Desk(self, client, person, opened)
                screens.start_soon(desk.work)
            await all_open.wait()
            task_status.started()

    def sight(self, kind: ScreenKind, after: int) -> Sight:
        return Sight(self._tally, kind, after=after, opened_at=time.monotonic(), epoch=self._epoch)

    async def open(
        self,
        person: Person,
        sight: Sight,
        call_id: str | None,
        hear: Callable[[Head], None],
        on_close: Callable[[], None],
    ) -> ScreenLine:
        query = f"after={sight.last}" + ("" if call_id is None else f"&call_id={call_id}")

        def take(frame: bytes, read_at: float) -> None:
            head = sight.take(frame, read_at)
            if head is not None:
                hear(head)

        url = f"{self._server.websocket_url}/v1/events?{query}"
        return await open_line(url, person.headers(self._server.url), take, on_close)

    async def read(self, client: httpx.AsyncClient, person: Person, path: str) -> httpx.Response:
        """Return the answer; ask again while the server cannot be reached."""
        while True:
            try:
                return await client.get(path, headers=person.headers(self._server.url))
            except httpx.HTTPError:
                self.read_failures += 1
                await anyio.sleep(COME_BACK_SECONDS)

    def lost(self, line: ScreenLine) -> None:
        self._tally.lost(line.close_code)


def _once(opened: Callable[[], None]) -> Callable[[], None]:
    told = False

    def tell() -> None:
        nonlocal told
        if not told:
            told = True
            opened()

    return tell


class _Desk:
    """An operator's screen: the list until a call of theirs begins, then the call until it ends."""

    def __init__(
        self, office: Office, client: httpx.AsyncClient, person: Person, opened: Callable[[], None]
    ) -> None:
        self._office, self._client, self._person = office, client, person
        self._opened = _once(opened)

    async def work(self) -> None:
        while True:
            listed = await self._read("/v1/calls?state=live&limit=50")
            await self._read("/v1/calls?state=ended&limit=50")
            calls: list[dict[str, Any]] = listed["calls"]
            if calls:
                await self._attend(calls[0]["call_id"])
            else:
                await self._wait(listed["seq"])

    async def _wait(self, seq: int) -> None:
        await self._follow(ScreenKind.LIST, seq, None, b"call.started")
        await anyio.sleep(ASK_AGAIN_SECONDS)

    async def _attend(self, call_id: str) -> None:
        detail = await self._read(f"/v1/calls/{call_id}")
        if detail["call"]["ended_at"] is None:
            await self._follow(ScreenKind.CALL, detail["seq"], call_id, b"call.ended")

    async def _follow(self, kind: ScreenKind, seq: int, call_id: str | None, until: bytes) -> None:
        """Show one page until an event of type *until* comes or the socket is lost."""
        over = anyio.Event()

        def hear(head: Head) -> None:
            if head.type == until:
                over.set()

        sight = self._office.sight(kind, seq)
        lost = anyio.Event()

        def on_close() -> None:
            lost.set()
            over.set()

        line = await self._office.open(self._person, sight, call_id, hear, on_close)
        self._opened()
        try:
            await over.wait()
            if lost.is_set():
                self._office.lost(line)
                await anyio.sleep(COME_BACK_SECONDS)
        finally:
            line.close()

    async def _read(self, path: str) -> dict[str, Any]:
        answer = await self._office.read(self._client, self._person, path)
        answer.raise_for_status()
        body: dict[str, Any] = answer.json()
        return body


class _Board:
    """A supervisor's screen: every call of the section, asked for again when one begins."""

    def __init__(
        self, office: Office, client: httpx.AsyncClient, person: Person, opened: Callable[[], None]
    ) -> None:
        self._office, self._client, self._person = office, client, person
        self._opened = _once(opened)
        self._path = BOARD

    async def watch(self) -> None:
        sight = self._office.sight(ScreenKind.BOARD, await self._read())
        while True:
            await self._follow(sight)
            await anyio.sleep(COME_BACK_SECONDS)

    async def _follow(self, sight: Sight) -> None:
        news, lost = anyio.Event(), False
        begun: list[str] = []

        def hear(head: Head) -> None:
            if head.type == b"call.started":
                begun.append(head.call_id)
                news.set()

        def on_close() -> None:
            nonlocal lost
            lost = True
            news.set()

        line = await self._office.open(self._person, sight, None, hear, on_close)
        self._opened()
        try:
            while True:
                await news.wait()
                if lost:
                    self._office.lost(line)
                    return
                await anyio.sleep(ASK_AGAIN_SECONDS)
                news, asked = anyio.Event(), begun.copy()
                begun.clear()
                await self._read(asked)
        finally:
            line.close()

    async def _read(self, only: Sequence[str] = ()) -> int:
        query = "?" + "&".join(f"call={call_id}" for call_id in only) if only else ""
        path = self._path if self._path == LIVE else self._path + query
        answer = await self._office.read(self._client, self._person, path)
        if answer.status_code == httpx.codes.NOT_FOUND and self._path == BOARD:
            self._path = LIVE
            return await self._read()
        answer.raise_for_status()
        seq: int = answer.json()["seq"]
        return seq
