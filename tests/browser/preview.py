"""Adapter: serves the screens on a scripted stage, so that every state can be seen without a telephone.

``python -m tests.browser.preview --scene level3 --port 8010`` and open the address that it prints.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from socket import socket

import anyio
import uvicorn
from anyio.from_thread import BlockingPortal, start_blocking_portal
from anyio.streams.memory import MemoryObjectSendStream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.auth.identity import Identity, Role
from app.screens.language import Language
from app.screens.pages import choose_language
from app.screens.rendering import ScreenFiles, render
from tests.browser.parts import aids, board, caller, joining, progress, recording
from tests.browser.scenes import SCENES
from tests.browser.stage import Json, Stage

PARTS = (progress, joining, caller, aids, board, recording)
CSRF = "preview-token"
OPERATOR = Identity(
    login="sato",
    display_name="佐藤 花子",
    role=Role.OPERATOR,
    section="道路管理課",
    user_id=1,
    csrf_token=CSRF,
)


@dataclass(slots=True)
class Theatre:
    """The stage, its sockets, and the faults that a test wants."""

    stage: Stage = field(default_factory=Stage)
    identity: Identity = OPERATOR
    sockets: dict[WebSocket, MemoryObjectSendStream[Json]] = field(default_factory=dict)
    refusing: bool = False
    """No socket gets through: as if the event server were gone."""
    connections: list[str] = field(default_factory=list)
    """The query of every socket that came."""

    def __post_init__(self) -> None:
        self.stage.on_event = self._publish

    def _publish(self, event: Json) -> None:
        for outbox in self.sockets.values():
            outbox.send_nowait(event)

    async def cut_sockets(self, code: int = 1012) -> None:
        """Close every socket as a restarting server would."""
        for websocket in list(self.sockets):
            self.sockets.pop(websocket).close()
            with contextlib.suppress(WebSocketDisconnect):  # the page may leave at the same moment
                await websocket.close(code)

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", lambda _request: PlainTextResponse("ok")),
                Route("/language/{language}", self._language),
                Route("/calls", self._calls_page),
                Route("/calls/{call_id}", self._call_page),
                Route("/v1/calls", self._list),
                Route("/v1/calls/{call_id}", self._read),
                Route("/v1/calls/{call_id}/help", self._help, methods=["POST", "DELETE"]),
                Route("/v1/calls/{call_id}/script-used", self._script_used, methods=["POST"]),
                Route("/v1/alerts/{alert_id}/false-alarm", self._wrong, methods=["POST", "DELETE"]),
                WebSocketRoute("/v1/events", self._events),
                *(route for part in PARTS for route in part.routes(self)),
                Mount("/static", ScreenFiles()),
            ]
        )

    async def _language(self, request: Request) -> Response:
        language = Language(request.path_params["language"])
        return await choose_language(request, language, request.query_params.get("back", "/"))

    async def _calls_page(self, request: Request) -> Response:
        return render(request, "calls.html", identity=self.identity)

    async def _call_page(self, request: Request) -> Response:
        call_id = request.path_params["call_id"]
        return render(request, "call.html", identity=self.identity, call_id=call_id)

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        return JSONResponse(
            self.stage.listed(
                live=query["state"] == "live",
                limit=int(query.get("limit", "50")),
                before=query.get("before"),
            )
        )

    async def _read(self, request: Request) -> Response:
        call_id = request.path_params["call_id"]
        if call_id not in self.stage.calls:
            return JSONResponse({"code": "call_unknown", "message": ""}, 404)
        return JSONResponse(self.stage.snapshot(call_id))

    async def _help(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        kind = "help_requested" if request.method == "POST" else "help_withdrawn"
        data = {"kind": kind, "text": "", "by": self.identity.login}
        self.stage.tell("note", request.path_params["call_id"], data)
        return Response(status_code=204)

    async def _script_used(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        body = await request.json()
        self.stage.tell("script.used", request.path_params["call_id"], {**body, "by": "sato"})
        return Response(status_code=204)

    async def _wrong(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        alert_id = request.path_params["alert_id"]
        self.stage.mark_false(alert_id, false_alarm=request.method == "POST")
        return Response(status_code=204)

    def _refusal(self, request: Request) -> Response | None:
        path = request.url.path
        if request.headers.get("x-csrf-token") != CSRF:
            return JSONResponse({"code": "csrf", "message": ""}, 403)
        for ending, left in self.stage.failing.items():
            if path.endswith(ending) and left > 0:
                self.stage.failing[ending] = left - 1
                return JSONResponse({"code": "unavailable", "message": ""}, 503)
        self.stage.requests.append((request.method, path))
        return None

    async def _events(self, websocket: WebSocket) -> None:
        if self.refusing:
            await websocket.close(1013)
            return
        query = websocket.query_params
        self.connections.append(str(websocket.url.query))
        wanted = query.get("call_id")
        outbox, inbox = anyio.create_memory_object_stream[Json](10_000)
        for event in self.stage.log[int(query["after"]) :]:
            outbox.send_nowait(event)
        # Before the page knows that it is connected: what is told then and never stored would be lost.
        self.sockets[websocket] = outbox
        try:
            await websocket.accept()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_notice_departure, websocket, tasks.cancel_scope)
                with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                    async for event in inbox:
                        if wanted is None or event["call_id"] == wanted:
                            await websocket.send_json(event)
        finally:
            self.sockets.pop(websocket, None)
            inbox.close()
            outbox.close()


async def _notice_departure(websocket: WebSocket, scope: anyio.CancelScope) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    scope.cancel()


@dataclass(slots=True)
class Preview:
    """A running preview, spoken to from another thread."""

    address: str
    theatre: Theatre
    portal: BlockingPortal

    def tell(self, event_type: str, call_id: str, data: Json) -> None:
        self.portal.call(self.theatre.stage.tell, event_type, call_id, data)

    def play(self, scene: str) -> None:
        self.portal.call(SCENES[scene], self.theatre.stage)

    def cut_sockets(self, code: int = 1012) -> None:
        self.portal.call(self.theatre.cut_sockets, code)

    def clear(self) -> None:
        """Begin anew: no call, no fault."""
        self.cut_sockets(1001)
        self.theatre.refusing = False
        self.theatre.connections.clear()
        self.theatre.identity = OPERATOR
        stage = self.theatre.stage
        for held in (stage.calls, stage.log, stage.requests, stage.failing, stage.beside):
            held.clear()


@contextlib.contextmanager
def running(port: int = 0) -> Iterator[Preview]:
    """Serve a fresh theatre in a thread of its own; a free port where none is given."""
    theatre = Theatre()
    config = uvicorn.Config(
        theatre.application(),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        ws="websockets-sansio",
    )
    server = _Server(config)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_serving(server)):
        bound = server.servers[0].sockets[0].getsockname()[1]
        yield Preview(f"http://127.0.0.1:{bound}", theatre, portal)


class _Server(uvicorn.Server):
    """Says when its socket is bound."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.bound = anyio.Event()

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self.bound.set()


@contextlib.asynccontextmanager
async def _serving(server: _Server) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        with anyio.fail_after(10):
            await server.bound.wait()
        yield
        server.should_exit = True


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Serve the screens on a scripted stage.")
    parser.add_argument("--scene", choices=sorted(SCENES), default="level2")
    parser.add_argument("--port", type=int, default=8010)
    chosen = parser.parse_args(arguments)
    with running(chosen.port) as preview:
        preview.play(chosen.scene)
        print(f"{preview.address}/calls  {preview.address}/calls/c-1  (Ctrl-C ends it)")  # noqa: T201
        with contextlib.suppress(KeyboardInterrupt):
            preview.portal.call(anyio.sleep_forever)


if __name__ == "__main__":
    main()
