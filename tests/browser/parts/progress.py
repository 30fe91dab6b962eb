"""Adapter: the preview's answers for the part "progress"."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.browser.stage import Json, Stage

if TYPE_CHECKING:
    from tests.browser.preview import Theatre

REPORTS = [
    {
        "level": level,
        "text": "求められたこと、お答え、警告した時刻と言葉を記録し、通話の後、所属長に報告します。"
        "次のお電話の前に、一息入れて構いません。",
        "draft": True,
    }
    for level in (2, 3)
]


def routes(theatre: Theatre) -> list[BaseRoute]:
    """Return what the part asks of its server."""

    async def read(request: Request) -> Response:
        return JSONResponse(progress_of(theatre.stage, request.path_params["call_id"]))

    async def scripts(_request: Request) -> Response:
        return JSONResponse({"scripts": [], "reports": REPORTS})

    return [Route("/v1/calls/{call_id}/progress", read), Route("/v1/scripts", scripts)]


def progress_of(stage: Stage, call_id: str) -> Json:
    """What the events tell, and what a scene has set beside them under ``"progress"``."""
    if call_id not in stage.calls:
        return {"code": "call_unknown", "message": ""}
    held = stage.calls[call_id]
    told = [event for event in stage.log if event["call_id"] == call_id]
    suggested = [event["data"] for event in told if event["type"] == "script.suggested"]
    set_by_scene: Json = stage.beside["progress"]
    spoken = [_warning(held, event) for event in told if event["type"] == "warning.spoken"]
    warnings = list({warning["n"]: warning for warning in spoken}.values())
    return {
        "call_id": call_id,
        "seq": stage.seq,
        "step": suggested[-1]["step"] if suggested else "listen",
        "step_since_ms": None,
        "asked": set_by_scene.get("asked", []),
        "warnings": warnings,
        "warning_limit": set_by_scene.get("warning_limit", held["warning_limit"]),
        "next": set_by_scene.get("next", {"text": "", "clause": None}),
        "clocks": _clocks(stage, held, set_by_scene.get("limits", {})),
        "demand": set_by_scene.get("demand"),
    }


def _warning(held: Json, event: Json) -> Json:
    data = event["data"]
    said = [line for line in held["utterances"] if line["utterance_id"] == data.get("utterance_id")]
    return {
        "n": data.get("n", data["count"]),
        "at_ms": data.get("at_ms", said[0]["start_ms"] if said else 0),
        "at": event["at"],
        "text": data.get("text", said[0]["text"] if said else ""),
        "how": data.get("how", "spoken"),
        "utterance_id": data.get("utterance_id", ""),
        "by": data.get("by", ""),
        "pressed_ms": data.get("pressed_ms"),
    }


def _clocks(stage: Stage, held: Json, limits: Json) -> list[Json]:
    call = held["call"]
    ended = call["ended_at"] is not None
    age = stage.now() - datetime.fromisoformat(call["started_at"])
    elapsed = {
        "held": call["duration_ms"] if ended else int(age.total_seconds() * 1000),
        "stalemate": held["stalemate_ms"],
    }
    return [
        {
            "kind": kind,
            "limit_ms": limits.get(kind),
            "elapsed_ms": elapsed.get(kind, elapsed["held"]),
            "running": not ended and (kind != "stalemate" or held["stalemate_ms"] > 0),
            "clause": clause,
        }
        for kind, clause in _CLAUSES.items()
        if kind != "held_after_abuse" or kind in limits
    ]


_CLAUSES = {
    "held": "不退去、居座り、監禁など拘束的な行動",
    "held_after_abuse": "暴言などが繰り返された通話は、短い時間で終了を検討します",
    "stalemate": "継続的、執拗な言動",
}
