"""Glue: as much of Asterisk's REST interface as clicks use, over real HTTP, with its documented errors."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

USER: Final = "mimamori"
PASSWORD: Final = "over and out"


@dataclass
class FakeAri:
    """An exchange with one call in it, on channel ``1700000000.7``."""

    channels: dict[str, str] = field(
        default_factory=lambda: {"1700000000.7": "PJSIP/trunk-00000007"}
    )
    """Id to name of the channels that exist."""
    picks_up: bool = True
    """Whether the telephones that are made to ring are answered; else they are gone at once."""
    failing: dict[str, int] = field(default_factory=dict)
    """Status to answer requests with whose path ends like this."""
    loses_events: bool = False
    """Close the event socket when a telephone is to ring."""
    ends_when_ringing: str = ""
    """This channel hangs up while a telephone rings."""
    events_moved_to: str = ""
    """Redirect whoever wants to hear events to this address."""
    events_asked: int = 0
    """How often somebody wanted to."""
    forgets_snoops: bool = False
    """Answer that a channel snoops, and let it be gone."""
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    bridges: dict[str, set[str]] = field(default_factory=dict)
    in_stasis: dict[str, str] = field(default_factory=dict)
    """Channel id to the application that it is in."""
    sockets: dict[str, WebSocket] = field(default_factory=dict)
    """Application to its event socket."""
    changed: anyio.Event = field(default_factory=anyio.Event)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/ari/channels", self._list),
                Route("/ari/channels/{channel_id}", self._get),
                Route("/ari/channels/{channel_id}", self._ring, methods=["POST"]),
                Route("/ari/channels/{channel_id}", self._hang_up, methods=["DELETE"]),
                Route("/ari/channels/{channel_id}/snoop/{snoop_id}", self._snoop, methods=["POST"]),
                Route("/ari/bridges/{bridge_id}", self._make_bridge, methods=["POST"]),
                Route("/ari/bridges/{bridge_id}", self._take_down, methods=["DELETE"]),
                Route("/ari/bridges/{bridge_id}/addChannel", self._add, methods=["POST"]),
                WebSocketRoute("/ari/events", self._events),
            ]
        )

    def done(self) -> list[tuple[str, str]]:
        """Return method and path of what was asked, names of stays left out."""
        return [(method, path) for method, path, _ in self.asked]

    async def hang_up(self, channel_id: str) -> None:
        """Somebody puts the receiver down."""
        del self.channels[channel_id]
        app = self.in_stasis.pop(channel_id, None)
        for members in self.bridges.values():
            members.discard(channel_id)
        if app is not None:
            await self._tell(app, "StasisEnd", channel_id)
            await self._tell(app, "ChannelDestroyed", channel_id)
        self._change()

    async def until(self, gone: str) -> None:
        """Wait until the bridge or channel whose name ends like this is gone."""
        with anyio.fail_after(10):
            while any(name.endswith(gone) for name in (*self.channels, *self.bridges)):
                await self.changed.wait()

    def _change(self) -> None:
        self.changed.set()
        self.changed = anyio.Event()

    def _refusal(self, request: Request) -> Response | None:
        path = request.url.path.removeprefix("/ari")
        self.asked.append((request.method, path, dict(request.query_params)))
        if not _signed_in(request.headers.get("authorization")):
            return JSONResponse({"message": "Authentication required"}, 401)
        for ending, status in self.failing.items():
            if path.endswith(ending):
                return JSONResponse({"message": "as told"}, status)
        return None

    async def _list(self, request: Request) -> Response:
        return self._refusal(request) or JSONResponse([self._shown(c) for c in self.channels])

    async def _get(self, request: Request) -> Response:
        channel_id = request.path_params["channel_id"]
        if (refused := self._refusal(request)) is not None:
            return refused
        if channel_id not in self.channels:
            return _error(404, "Channel not found")
        return JSONResponse(self._shown(channel_id))

    async def _ring(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        query, channel_id = request.query_params, request.path_params["channel_id"]
        app = query["app"]
        if self.loses_events:
            await self.sockets.pop(app).close(1011)
            return JSONResponse({"id": channel_id})
        if self.ends_when_ringing:
            await self.hang_up(self.ends_when_ringing)
        self.channels[channel_id] = f"{query['endpoint']}-00000099"
        if self.picks_up:
            self.in_stasis[channel_id] = app
            await self._tell(app, "StasisStart", channel_id)
        else:
            del self.channels[channel_id]
            await self._tell(app, "ChannelDestroyed", channel_id)
        return JSONResponse({"id": channel_id})

    async def _hang_up(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        channel_id = request.path_params["channel_id"]
        if request.query_params.get("reason", "normal") not in ("normal", "busy", "congestion"):
            return _error(400, "Invalid reason for hangup provided")
        if channel_id not in self.channels:
            return _error(404, "Channel not found")
        await self.hang_up(channel_id)
        return Response(status_code=204)

    async def _snoop(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        if request.path_params["channel_id"] not in self.channels:
            return _error(404, "Channel not found")
        query, snoop_id = request.query_params, request.path_params["snoop_id"]
        directions = {"none", "both", "out", "in"}
        if not {query["spy"], query["whisper"]} <= directions:
            return _error(400, "Invalid parameters")
        if query["app"] not in self.sockets or self.forgets_snoops:
            await self._tell(query["app"], "ChannelDestroyed", snoop_id)
            return JSONResponse({"id": snoop_id})  # its Stasis() fails: the channel is gone at once
        self.channels[snoop_id] = f"Snoop/{request.path_params['channel_id']}-00000001"
        self.in_stasis[snoop_id] = query["app"]
        await self._tell(query["app"], "StasisStart", snoop_id)
        return JSONResponse({"id": snoop_id})

    async def _make_bridge(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        self.bridges[request.path_params["bridge_id"]] = set()
        return JSONResponse({"id": request.path_params["bridge_id"]})

    async def _take_down(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        if self.bridges.pop(request.path_params["bridge_id"], None) is None:
            return _error(404, "Bridge not found")
        self._change()
        return Response(status_code=204)

    async def _add(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        members = self.bridges.get(request.path_params["bridge_id"])
        if members is None:
            return _error(404, "Bridge not found")
        wanted = request.query_params["channel"].split(",")
        if any(channel_id not in self.channels for channel_id in wanted):
            return _error(400, "Channel not found")
        if any(channel_id not in self.in_stasis for channel_id in wanted):
            return _error(422, "Channel not in Stasis application")
        members.update(wanted)
        return Response(status_code=204)

    async def _events(self, websocket: WebSocket) -> None:
        self.events_asked += 1
        if self.events_moved_to:
            await websocket.send_denial_response(RedirectResponse(self.events_moved_to, 302))
            return
        if not _signed_in(websocket.headers.get("authorization")):
            await websocket.send_denial_response(_error(401, "Authentication required"))
            return
        await websocket.accept()
        app = websocket.query_params["app"]
        self.sockets[app] = websocket
        try:
            while (await websocket.receive())["type"] != "websocket.disconnect":
                pass
        except (WebSocketDisconnect, RuntimeError):
            pass
        self.sockets.pop(app, None)
        self._change()

    async def _tell(self, app: str, kind: str, channel_id: str) -> None:
        if (socket := self.sockets.get(app)) is not None:
            await socket.send_text("not an event, and not JSON")
            await socket.send_text(json.dumps({"type": "DeviceStateChanged"}))
            await socket.send_text(
                json.dumps({"type": kind, "application": app, "channel": {"id": channel_id}})
            )

    def _shown(self, channel_id: str) -> dict[str, Any]:
        return {"id": channel_id, "name": self.channels[channel_id], "state": "Up"}


def _signed_in(authorization: str | None) -> bool:
    word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    return authorization == f"Basic {word}"


def _error(status: int, message: str) -> JSONResponse:
    return JSONResponse({"message": message}, status)
