"""Adapter: the preview's answers for the part "aids": marks, quiet prompts, 110, breaks, read from the told notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.browser.stage import Json

if TYPE_CHECKING:
    from tests.browser.preview import Theatre

OFFICE: Final = {
    "name": "江別市役所 本庁舎",
    "address": "江別市高砂町6番地",
    "telephone": "011-382-4141",
    "place": "2階 東側",
}
CONTACTS: Final = [
    {"name": "健康福祉部 管理課", "number": "011-381-1013", "hours": "平日 8:45–17:15"},
    {"name": "自立相談支援窓口", "number": "011-398-4332", "hours": "平日 9:00–17:00"},
]
NATIONAL: Final = {"name": "こころの電話", "number": "0570-064-556", "hours": ""}
DESK: Final = {"name": "職員課 相談窓口", "number": "内線 2345", "hours": "平日 9:00–17:00"}
NOTHING: Final = dict.fromkeys(("name", "address", "telephone", "place"), "")


def routes(theatre: Theatre) -> list[BaseRoute]:
    """Return what the part asks of its server."""
    aids = _Aids(theatre)
    call = "/v1/calls/{call_id}"
    both = ["POST", "DELETE"]
    return [
        Route(f"{call}/aids", aids.read),
        Route(f"{call}/missed", aids.mark, methods=["POST"]),
        Route(f"{call}/missed/{{number:int}}", aids.change_mark, methods=["PUT", "DELETE"]),
        Route(f"{call}/prompts-muted", aids.mute, methods=both),
        Route(f"{call}/emergency-called", aids.call_110, methods=both),
        Route("/v1/breaks", aids.breaks),
        Route("/v1/breaks/{call_id}", aids.answer_break, methods=["POST"]),
    ]


class _Aids:
    def __init__(self, theatre: Theatre) -> None:
        self._theatre = theatre

    async def read(self, request: Request) -> Response:
        call_id = request.path_params["call_id"]
        return JSONResponse(aids_of(self._theatre, call_id))

    async def mark(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        call_id, body = request.path_params["call_id"], await request.json()
        number = len(aids_of(self._theatre, call_id)["missed"]) + 1
        at_ms = body.get("at_ms", 83_000)
        self._note(call_id, "missed_marked", number=number, at_ms=at_ms)
        return JSONResponse(aids_of(self._theatre, call_id)["missed"][-1], 201)

    async def change_mark(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        call_id, number = request.path_params["call_id"], request.path_params["number"]
        if request.method == "DELETE":
            self._note(call_id, "missed_undone", number=number)
        else:
            self._note(call_id, "missed_explained", number=number, **await request.json())
        return Response(status_code=204)

    async def mute(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        kind = "prompts_muted" if request.method == "POST" else "prompts_unmuted"
        self._note(request.path_params["call_id"], kind)
        return Response(status_code=204)

    async def call_110(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        kind = "emergency_called" if request.method == "POST" else "emergency_undone"
        self._note(request.path_params["call_id"], kind)
        return Response(status_code=204)

    async def breaks(self, _request: Request) -> Response:
        return JSONResponse({"breaks": breaks_of(self._theatre)})

    async def answer_break(self, request: Request) -> Response:
        if (refused := self._theatre._refusal(request)) is not None:
            return refused
        answer = (await request.json())["answer"]
        kind = "break_given" if answer == "given" else "break_declined"
        self._note(request.path_params["call_id"], kind)
        return Response(status_code=204)

    def _note(self, call_id: str, kind: str, **detail: Any) -> None:
        by = self._theatre.identity
        told = {"kind": kind, "text": "", "by": by.login, "name": by.display_name, **detail}
        self._theatre.stage.tell("note", call_id, told)


def aids_of(theatre: Theatre, call_id: str) -> Json:
    """Return what ``GET /v1/calls/{id}/aids`` answers; the call's own ``office`` facts say what is configured."""
    held = theatre.stage.calls[call_id]
    missed: list[Json] = []
    aids: Json = {"prompts_muted": False, "emergency_called": None, "break_proposed": False}
    for note in held["notes"]:
        who = {"by": note["by"], "by_name": note.get("name", "")}
        match note["kind"]:
            case "missed_marked":
                made = {"category": None, "reason": "", "marked_at": note["at"], "undone": False}
                missed.append({"number": note["number"], "at_ms": note["at_ms"], **who, **made})
            case "missed_explained":
                told = {"category": note["category"], "reason": note["reason"]}
                missed[note["number"] - 1].update(told)
            case "missed_undone":
                missed[note["number"] - 1]["undone"] = True
            case "prompts_muted" | "prompts_unmuted":
                aids["prompts_muted"] = note["kind"] == "prompts_muted"
            case "emergency_called":
                aids["emergency_called"] = {**who, "at": note["at"]}
            case "emergency_undone":
                aids["emergency_called"] = None
            case "break_proposed":
                aids["break_proposed"] = True
    unset = bool(theatre.stage.beside["aids"].get("office_unset"))
    return {
        "call_id": call_id,
        "missed": missed,
        **aids,
        "office": NOTHING if unset else OFFICE,
        "welfare_contacts": [] if unset else CONTACTS,
        "national_line": None if unset else NATIONAL,
        "staff_desk": None if unset else DESK,
    }


def breaks_of(theatre: Theatre) -> list[Json]:
    found = []
    for call_id, held in theatre.stage.calls.items():
        kinds = {note["kind"]: note for note in held["notes"]}
        if "break_proposed" in kinds and not kinds.keys() & {"break_given", "break_declined"}:
            found.append(
                {
                    "call_id": call_id,
                    "operator": held["call"]["operator"],
                    "display_name": "佐藤 花子",
                    "because": kinds["break_proposed"]["because"],
                    "ended_at": held["call"]["ended_at"],
                }
            )
    return found
