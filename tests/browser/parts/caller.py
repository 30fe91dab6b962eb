"""Adapter: the preview's answers for the part "caller"."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from tests.browser.preview import Theatre

Json = dict[str, Any]

MEASURE: Json = {
    "measure_id": 7,
    "kind": "time_limit",
    "label": "電話の時間を限る",
    "detail": "30",
    "words": "恐れ入りますが、お電話でお話をうかがえる時間は、30分までとさせていただいております。",
    "clause": "状況に応じて、警告を行う、対応を中止するなど、毅然とした態度で組織一丸となって対応します",
    "section": "道路管理課",
    "office_wide": False,
    "begins_on": "2026-11-01",
    "ends_on": "2027-01-31",
    "approved_by": "yamada",
    "reason": None,
}


def caller(**facts: Any) -> Json:
    """Return what the server tells of a caller who has not called before, changed by *facts*."""
    return {
        "known": True,
        "number": "****1234",
        "number_is_whole": False,
        "last_24_hours": 0,
        "last_90_days": 0,
        "calls": [],
        "measures": [],
        **facts,
    }


def earlier(call_id: str | None, *, hours_ago: float, **facts: Any) -> Json:
    began_at = datetime.now(UTC) - timedelta(hours=hours_ago)
    return {
        "call_id": call_id,
        "started_at": began_at.isoformat(),
        "section": "道路管理課",
        "top_level": 0,
        "outcome": "ordinary",
        "duration_ms": 300_000,
        "live": False,
        "matter": None,
        **facts,
    }


def matter(what: str, answer: str, by: str = "sato") -> Json:
    return {"matter": what, "answer": answer, "by": by, "at": datetime.now(UTC).isoformat()}


def repeated() -> Json:
    """Return a caller of five calls, two of them today."""
    return caller(
        last_24_hours=2,
        last_90_days=5,
        calls=[
            earlier(
                "c-90",
                hours_ago=2,
                top_level=1,
                outcome="legitimate_complaint",
                matter=matter("自宅前の除雪が遅いとの申入れ", "作業の順番と、今夜の予定を説明"),
            ),
            earlier("c-89", hours_ago=20, top_level=2, outcome="harassment_suspected"),
            earlier(None, hours_ago=200),
            earlier("c-60", hours_ago=700, matter=matter("排雪の日程", "ホームページの場所を案内")),
            earlier("c-40", hours_ago=1500),
        ],
    )


def routes(theatre: Theatre) -> list[BaseRoute]:
    """Return what the part asks of its server; ``stage.calls[id]["caller"]`` and ``["matter"]`` hold it."""

    def held(request: Request) -> Json:
        found: Json = theatre.stage.calls[request.path_params["call_id"]]
        return found

    async def read_caller(request: Request) -> Response:
        if theatre.stage.failing.get("/caller", 0) > 0:
            theatre.stage.failing["/caller"] -= 1
            return JSONResponse({"code": "unavailable", "message": ""}, 503)
        return JSONResponse(held(request).get("caller") or caller())

    async def read_matter(request: Request) -> Response:
        return JSONResponse(held(request).get("matter"))

    async def put_matter(request: Request) -> Response:
        path = request.url.path
        if theatre.stage.failing.get("/matter", 0) > 0:
            theatre.stage.failing["/matter"] -= 1
            return JSONResponse({"code": "person_needed", "message": "できません。"}, 403)
        theatre.stage.requests.append((request.method, path))
        body = await request.json()
        held(request)["matter"] = matter(body["matter"], body["answer"], by=theatre.identity.login)
        call_id = request.path_params["call_id"]
        told = {"kind": "matter_written", "text": "", "by": theatre.identity.login}
        theatre.stage.tell("note", call_id, told)
        return Response(status_code=204)

    async def read_number(request: Request) -> Response:
        theatre.stage.requests.append((request.method, request.url.path))
        call_id = request.path_params["call_id"]
        told = {"kind": "number_read", "text": "", "by": theatre.identity.login}
        theatre.stage.tell("note", call_id, told)
        return JSONResponse({"number": "011-000-1234"})

    return [
        Route("/v1/calls/{call_id}/caller/number", read_number, methods=["POST"]),
        Route("/v1/calls/{call_id}/caller", read_caller),
        Route("/v1/calls/{call_id}/matter", read_matter),
        Route("/v1/calls/{call_id}/matter", put_matter, methods=["PUT"]),
    ]
