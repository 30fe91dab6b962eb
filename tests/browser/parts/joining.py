"""Adapter: the preview's answers for the part "joining": what was told so far, and a sound of two tones."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any, Final

import anyio
import numpy as np
from playwright.async_api import Page, expect
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.errors import AppError
from app.joining.endpoints import note_text
from app.joining.mulaw_tracks import sound_frame
from app.joining.phrases import quick_phrases
from app.joining.schemas import NoteIn
from asr.codec import encode_mulaw
from tests.browser.scenes import CALL
from tests.browser.stage import Json, Stage

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

    from tests.browser.preview import Theatre

PIECE_MS: Final = 40
INSTRUCTIONS: Final = (
    "お相手に、上司に代わることをお伝えします。通話を保留にします。"
    "電話機の「転送」を押し、監督者の内線を呼び出します。監督者が出たら、つなぎます。"
)
RINGS: Final = "telephone_rings"
"""Where a call's record carries this fact, the exchange could make the supervisor's telephone ring."""
REFUSED: Final = "sound_refused"
"""Where it carries this, the sound socket closes with this code, at once or as soon as it does."""
FORGOTTEN: Final = "joined_forgotten"
"""Where it carries this, the next sign of life is refused: the server was started anew."""
STALLED: Final = "sound_stalled"
"""Where it carries this, no sound arrives for those who listen."""


def routes(theatre: Theatre) -> list[BaseRoute]:
    """Return what the part asks of its server."""
    desk = Desk(theatre)
    base = "/v1/calls/{call_id}"
    return [
        Route(f"{base}/joined", desk.read, methods=["GET"]),
        Route(f"{base}/joined", desk.come, methods=["POST", "DELETE"]),
        Route(f"{base}/notes", desk.write, methods=["POST"]),
        Route(f"{base}/notes/{{note_id:int}}/seen", desk.see, methods=["POST"]),
        Route(f"{base}/requests", desk.ask, methods=["POST"]),
        Route(f"{base}/requests/{{request_id:int}}/answer", desk.answer, methods=["POST"]),
        WebSocketRoute(f"{base}/sound", desk.sound),
    ]


class Desk:
    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre

    async def read(self, request: Request) -> Response:
        call_id = request.path_params["call_id"]
        stage = self._theatre.stage
        if call_id not in stage.calls:
            return JSONResponse({"code": "call_unknown", "message": ""}, 404)
        told = self._told(call_id)
        rings = bool(stage.calls[call_id]["call"].get(RINGS))
        return JSONResponse({**joined(told), "call_id": call_id, "seq": stage.seq, RINGS: rings})

    async def come(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        if request.method == "DELETE":
            self._tell(
                request, "supervisor.left", {**self._me, "listening": False, "because": "left"}
            )
        elif await request.body():
            call_id = request.path_params["call_id"]
            if self._theatre.stage.calls[call_id]["call"].pop(FORGOTTEN, None):
                return JSONResponse({"code": "not_joined", "message": "抜けました。"}, 409)
        else:
            # Whichever came first, the sound or the button: who hears is told to hear.
            people = joined(self._told(request.path_params["call_id"]))["people"]
            listening = any(one["listening"] for one in people if one["login"] == self._me["login"])
            self._tell(request, "supervisor.joined", {**self._me, "listening": listening})
        return Response(status_code=204)

    async def write(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        try:
            text = note_text(NoteIn.model_validate(await request.json()))
        except AppError as error:
            return JSONResponse({"code": error.code, "message": error.message}, error.status)
        self._note(request, "supervisor_note", text=text, note_id=self._theatre.stage.seq + 1)
        return Response(status_code=204)

    async def see(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        self._note(request, "supervisor_note_seen", note_id=request.path_params["note_id"])
        return Response(status_code=204)

    async def ask(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        kind = (await request.json())["kind"]
        self._note(request, f"{kind}_asked", request_id=self._theatre.stage.seq + 1)
        return JSONResponse({}, 201)

    async def answer(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        request_id = request.path_params["request_id"]
        accepted = (await request.json())["accepted"]
        kind = next(
            event["data"]["kind"].removesuffix("_asked")
            for event in self._theatre.stage.log
            if event["data"].get("request_id") == request_id
        )
        self._note(
            request, f"{kind}_{'accepted' if accepted else 'declined'}", request_id=request_id
        )
        if accepted:
            self._note(request, "telephone_instructions", request_id=request_id, text=INSTRUCTIONS)
        return JSONResponse({"result": "instructions" if accepted else "declined", "text": ""})

    async def sound(self, websocket: WebSocket) -> None:
        """Send two tones as a telephone would, until the peer leaves."""
        await websocket.accept()
        call_id = websocket.path_params["call_id"]
        call = self._theatre.stage.calls[call_id]["call"]
        if (code := call.get(REFUSED)) is not None:
            await websocket.close(code, "refused")
            return
        self._theatre.stage.tell("supervisor.joined", call_id, {**self._me, "listening": True})
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_notice_departure, websocket, tasks.cancel_scope)
            with contextlib.suppress(
                WebSocketDisconnect, RuntimeError
            ):  # it left between two pieces
                await _speak(websocket, call)
            tasks.cancel_scope.cancel()
        people = joined(self._told(call_id))["people"]
        if any(person["login"] == self._me["login"] for person in people):
            self._theatre.stage.tell("supervisor.joined", call_id, {**self._me, "listening": False})

    def _told(self, call_id: str) -> list[Json]:
        return [event for event in self._theatre.stage.log if event["call_id"] == call_id]

    @property
    def _me(self) -> Json:
        identity = self._theatre.identity
        return {"login": identity.login, "display_name": identity.display_name}

    def _tell(self, request: Request, event_type: str, data: Json) -> None:
        self._theatre.stage.tell(event_type, request.path_params["call_id"], data)

    def _note(self, request: Request, kind: str, **data: Any) -> None:
        by = {"by": self._me["login"], "display_name": self._me["display_name"]}
        self._tell(request, "note", {"kind": kind, **by, "text": "", **data})


async def _speak(websocket: WebSocket, call: Json) -> None:
    begun = anyio.current_time()
    head = {"type": "sound", "encoding": "mulaw", "rate": 8000, "position_ms": 0}
    await websocket.send_json({**head, "tracks": ["caller", "operator"]})
    for at_ms in range(0, 600_000, PIECE_MS):
        if (code := call.get(REFUSED)) is not None:
            await websocket.close(code, "refused")
            return
        for track, tone in enumerate((_tone(400, 0.5), _tone(700, 0.2))):
            if not call.get(STALLED):
                await websocket.send_bytes(sound_frame(track, at_ms, tone))
        await anyio.sleep_until(begun + (at_ms + PIECE_MS) / 1000)


async def _notice_departure(websocket: WebSocket, scope: anyio.CancelScope) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    scope.cancel()


def _tone(hz: int, level: float) -> bytes:
    at = np.arange(PIECE_MS * 8, dtype=np.float32) / 8_000
    return encode_mulaw(np.float32(level) * np.sin(2 * math.pi * hz * at).astype(np.float32))


def joined(told: list[Json]) -> Json:
    """Return what the server would answer after these events of one call."""
    people: dict[str, Json] = {}
    stays: list[Json] = []
    notes: dict[int, Json] = {}
    requests: dict[int, Json] = {}
    for event in told:
        data, at = event["data"], event["at"]
        kind = data.get("kind", "")
        if event["type"] == "supervisor.joined":
            if data["login"] not in people:
                who = {"login": data["login"], "display_name": data["display_name"]}
                stays.append({**who, "joined_at": at, "left_at": None, "because": ""})
                people[data["login"]] = {**who, "since": at}
            people[data["login"]]["listening"] = data["listening"]
        elif event["type"] == "supervisor.left":
            people.pop(data["login"], None)
            for stay in stays:
                if stay["login"] == data["login"] and stay["left_at"] is None:
                    stay.update(left_at=at, because=data["because"])
        elif kind == "supervisor_note":
            kept = {key: data[key] for key in ("note_id", "text", "by", "display_name")}
            notes[data["note_id"]] = {**kept, "at": at, "seen_at": None}
        elif kind == "supervisor_note_seen":
            notes[data["note_id"]]["seen_at"] = at
        elif kind.startswith(("take_over_", "three_way_")):
            _ask(requests, data, kind, at)
        elif kind == "telephone_instructions":
            requests[data["request_id"]].update(result="instructions", text=data["text"])
    everything = list(requests.values())
    return {
        "people": list(people.values()),
        "stays": stays,
        "notes": list(notes.values()),
        "requests": [one for one in everything if one["state"] == "open"],
        "answered": [one for one in everything if one["state"] != "open"],
        "quick_phrases": [
            {"id": one.id, "label": one.label, "text": one.text} for one in quick_phrases()
        ],
    }


def _ask(requests: dict[int, Json], data: Json, kind: str, at: str) -> None:
    request, _, what = kind.rpartition("_")
    if what == "asked":
        who = {"by": data["by"], "display_name": data["display_name"], "asked_at": at}
        state = {"state": "open", "result": "", "text": ""}
        requests[data["request_id"]] = {
            "request_id": data["request_id"],
            "kind": request,
            **who,
            **state,
        }
    else:
        requests[data["request_id"]]["state"] = what


async def show(page: Page, portal: BlockingPortal, stage: Stage, state: str) -> None:
    """Bring the page of the scene's call into one of the part's states, for a picture."""
    there = {"login": "tanaka", "display_name": "田中 一郎", "listening": True}
    by = {"by": "tanaka", "display_name": "田中 一郎"}
    written = "課長に伝えました。警告をお伝えして、続くようなら終えてかまいません。"
    note = {"kind": "supervisor_note", "note_id": 901, "text": written, **by}
    if state == "join":
        await page.locator("#join").click()
        await expect(page.locator("#sound-behind")).to_contain_text("ミリ秒の遅れ")
        await expect(page.locator("#voice-operator")).to_have_text("声あり")
        return
    portal.call(stage.tell, "supervisor.joined", CALL, there)
    portal.call(stage.tell, "note", CALL, note)
    if state == "take-over":
        asked = {"kind": "take_over_asked", "request_id": 902, "text": "", **by}
        portal.call(stage.tell, "note", CALL, asked)
    await expect(
        page.locator("#from-yes" if state == "take-over" else "#from-confirm")
    ).to_be_visible()
