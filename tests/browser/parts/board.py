"""Adapter: the preview's answers for the supervisors' board, and calls enough to fill it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.auth.identity import Identity, Role
from app.screens.rendering import render
from tests.browser.scenes import Talk, alert, ms
from tests.browser.stage import WELL, Stage

if TYPE_CHECKING:
    from tests.browser.preview import Theatre

Json = dict[str, Any]
NAMES: Final = {
    "sato": "佐藤 花子",
    "suzuki": "鈴木 健",
    "takahashi": "高橋 美咲",
    "ito": "伊藤 翔",
}
LIMITS: Final = {"held_ms": 3_600_000, "held_after_abuse_ms": None, "stalemate_ms": 1_800_000}
WARNING_LIMIT: Final = 3


def supervisor_of(identity: Identity, login: str = "tanaka", name: str = "田中 一郎") -> Identity:
    return replace(identity, login=login, display_name=name, role=Role.SUPERVISOR, user_id=2)


def routes(theatre: Theatre) -> list[BaseRoute]:
    """Return what the part asks of its server."""

    async def page(request: Request) -> Response:
        return render(request, "board.html", identity=theatre.identity)

    async def board(request: Request) -> Response:
        wanted = request.query_params.getlist("call")
        return JSONResponse(board_of(theatre.stage, wanted or None))

    return [Route("/board", page), Route("/v1/board", board)]


def board_of(stage: Stage, wanted: list[str] | None = None) -> Json:
    """Return what ``app.board.view`` would say of the calls on the stage."""
    live = [held for held in stage.calls.values() if held["call"]["ended_at"] is None]
    told: dict[str, list[Json]] = {}
    for event in stage.log:
        told.setdefault(event["call_id"], []).append(event)
    healths = [held["health"] for held in stage.calls.values()]
    return {
        "section": "道路管理課",
        "calls": [
            _row(held, told[held["call"]["call_id"]])
            for held in sorted(live, key=lambda held: str(held["call"]["started_at"]))
            if wanted is None or held["call"]["call_id"] in wanted
        ],
        "warning_limit": WARNING_LIMIT,
        "limits": LIMITS,
        "health": healths[-1] if healths else WELL,
        "seq": stage.seq,
    }


def _row(held: Json, told: list[Json]) -> Json:
    call = held["call"]
    said = [one["text"] for one in held["utterances"] if one["track"] == "caller"]
    stalled = [event for event in told if event["type"].startswith("stalemate.")]
    raised = [one for one in held["alerts"] if one["state"] == "open"]
    return {
        "call_id": call["call_id"],
        "operator": call["operator"],
        "operator_name": NAMES.get(call["operator"], ""),
        "started_at": call["started_at"],
        "level": call["level"],
        "top_level": call["top_level"],
        "outcome": call["outcome"],
        "alerts": [
            {key: one[key] for key in ("alert_id", "level", "categories")}
            for one in sorted(raised, key=lambda one: -one["level"])
        ],
        "last_words": said[-1] if said else "",
        "stalemate_ms": held["stalemate_ms"],
        "stalemate_at": stalled[-1]["at"] if stalled else None,
        "warnings_spoken": call["warnings_spoken"],
        "step": held["script"]["step"] if held["script"] else "",
        "help": _help(told),
        "joined": _joined(told),
    }


def _help(told: list[Json]) -> Json | None:
    waiting: Json | None = None
    for event in told:
        data = event["data"]
        if event["type"] != "note" or data["kind"] not in ("help_requested", "help_withdrawn"):
            continue
        if data["kind"] == "help_withdrawn":
            waiting = None
            continue
        since = waiting["since"] if waiting else event["at"]
        by = data["by"]
        waiting = {"since": since, "by": by, "by_name": NAMES.get(by, ""), "text": data["text"]}
    return waiting


def _joined(told: list[Json]) -> list[Json]:
    people: dict[str, Json] = {}
    for event in told:
        if event["type"] == "supervisor.joined":
            people[event["data"]["login"]] = {**event["data"], "since": event["at"]}
        elif event["type"] == "supervisor.left":
            people.pop(event["data"]["login"], None)
    return list(people.values())


def ask_for_help(stage: Stage, call_id: str, *, by: str = "sato", text: str = "") -> None:
    stage.tell("note", call_id, {"kind": "help_requested", "text": text, "by": by})


def come(
    stage: Stage,
    call_id: str,
    *,
    login: str = "tanaka",
    name: str = "田中 一郎",
    listening: bool = True,
) -> None:
    data = {"login": login, "display_name": name, "listening": listening, "text": ""}
    stage.tell("supervisor.joined", call_id, data)


def four_calls(stage: Stage) -> None:
    """One call of each kind: quiet, firm but rightful, abusive, and one that asks for help."""
    stage.begin("b-1", age_ms=ms("3:20"), operator="ito")
    Talk(stage, "b-1").says("caller", "3:10", "住民票の写しはコンビニでも取れますか。")
    stage.begin("b-2", age_ms=ms("18:40"), operator="takahashi")
    talk = Talk(stage, "b-2")
    talk.says("caller", "18:20", "前にも頼んだのに、連絡がなかったじゃないですか。")
    talk.level(0, "legitimate_complaint")
    stage.begin("b-3", age_ms=ms("41:05"), operator="suzuki")
    talk = Talk(stage, "b-3")
    said = talk.says("caller", "40:50", "お前みたいな無能じゃ話にならん。名前と住所を言え。")
    for category, level in (("mental_attack", 2), ("personal_attack", 2), ("persistence", 1)):
        line = alert(category, level, "無能", ms("40:50"), said)
        stage.tell("alert.raised", "b-3", {**line, "alert_id": f"b-3-{category}"})
    talk.level(2)
    stage.tell("stalemate.tick", "b-3", {"stalemate_ms": ms("31:00")})
    stage.tell("warning.spoken", "b-3", {"count": 1, "limit": WARNING_LIMIT})
    come(stage, "b-3")
    stage.begin("b-4", age_ms=ms("9:30"), operator="sato")
    talk = Talk(stage, "b-4")
    said = talk.says("caller", "9:10", "夜中じゃ困るんだよ。ふざけるな。")
    line = alert("mental_attack", 1, "ふざけるな", ms("9:10"), said)
    stage.tell("alert.raised", "b-4", {**line, "alert_id": "b-4-mental_attack"})
    talk.level(1)
    ask_for_help(stage, "b-4", text="対応を代わってほしい")


def many_calls(stage: Stage, count: int = 200) -> None:
    """A full house: most are quiet, some are not."""
    names = list(NAMES)
    begun_at = stage.now()
    for index in range(count):
        call_id = f"m-{index:03d}"
        started = begun_at - timedelta(seconds=20 + index * 11)
        operator = names[index] if index < len(names) else f"op{index:03d}"
        stage.begin(call_id, started_at=started.isoformat(), operator=operator)
        talk = Talk(stage, call_id)
        level = 3 if index % 97 == 40 else 2 if index % 23 == 7 else 1 if index % 9 == 4 else 0
        said = talk.says("caller", "0:10", WORDS[level][index % len(WORDS[level])])
        if level:
            category = CATEGORY[level]
            line = alert(category, level, "", ms("0:10"), said)
            stage.tell("alert.raised", call_id, {**line, "alert_id": f"{call_id}-a"})
            talk.level(level)
        if index % 31 == 12:
            stage.tell("stalemate.tick", call_id, {"stalemate_ms": 120_000 + index * 9_000})
        if index % 41 == 20:
            ask_for_help(stage, call_id, by=operator)
        if index % 53 == 30:
            come(stage, call_id, login="mori", name="森 直子", listening=index % 2 == 0)


CATEGORY: Final = {1: "intimidation", 2: "mental_attack", 3: "physical_attack"}
WORDS: Final = {
    0: (
        "住民票の写しはコンビニでも取れますか。",
        "除雪は今夜来てもらえるんでしょうか。",
        "ごみの収集日を知りたいんですけど。",
        "分かりました。書類を持って伺います。",
        "前にもお願いしたんですが、その後どうなりましたか。",
    ),
    1: ("いいから早くしろ。", "だから責任者を出せと言ってるんです。"),
    2: ("お前みたいな無能じゃ話にならん。", "税金泥棒が、偉そうに言うな。"),
    3: ("今から行ってお前を刺してやるからな。",),
}
