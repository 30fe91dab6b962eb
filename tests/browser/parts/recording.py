"""Adapter: the preview's answers for the mark that says whether a call is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from tests.browser.preview import Theatre

Json = dict[str, Any]
PART = "recording"


def recording(standing: str = "off", **facts: Any) -> Json:
    """Return what the server tells of a live call's recording."""
    return {
        "standing": standing,
        "reason": "",
        "reason_text": "",
        "paused": standing == "paused",
        "paused_by": "",
        "may_pause": standing != "off",
        "may_hear": False,
        **facts,
    }


def routes(theatre: Theatre) -> list[BaseRoute]:
    """Return what the part asks of its server."""

    def now(call_id: str) -> Json:
        found: Json = theatre.stage.beside[PART].get(call_id) or recording()
        return found

    async def read(request: Request) -> Response:
        return JSONResponse(now(request.path_params["call_id"]))

    async def change(request: Request) -> Response:
        if (refused := theatre._refusal(request)) is not None:
            return refused
        call_id, paused = request.path_params["call_id"], request.method == "POST"
        name = theatre.identity.display_name if paused else ""
        standing = "paused" if paused else "recording"
        theatre.stage.beside[PART][call_id] = recording(standing, paused_by=name)
        kind = "recording_paused" if paused else "recording_resumed"
        by = theatre.identity.login
        theatre.stage.tell("note", call_id, {"kind": kind, "by": by, "display_name": name})
        return JSONResponse(now(call_id))

    base = "/v1/calls/{call_id}/recording"
    return [
        Route(base, read, methods=["GET"]),
        Route(f"{base}/pause", change, methods=["POST", "DELETE"]),
    ]
