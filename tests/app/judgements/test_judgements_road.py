"""Judging over REST: who may, what must be said, what stands, what the trail keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import func, select

from app.auth.identity import Identity, Role
from app.db import open_database
from app.feedback.repository import tallies
from app.judgements.models import JudgedFinding, Judgement
from app.judgements.repository import standing_of
from app.judgements.viewing import Waiting, Wanted, opinions_asked, waiting_view
from app.models import Call, FindingRow
from app.settings import Settings
from app.trail.models import TrailRow
from tests.app.past_calls import CATEGORY, RUDE, RULE, Past, keep_calls
from tests.app.running import RunningServer
from tests.fakes_clock import MONDAY_MORNING

SIDE = "通知の誤記についての問合せ。市に誤りはなかった。"


def words(**given: Any) -> dict[str, Any]:
    return {"verdict": "harassment", "reason": "侮辱", "callers_side": SIDE, "seen": 0} | given


async def auditor(
    server: RunningServer, name: str = "mori", section: str = ""
) -> httpx.AsyncClient:
    return server.client(await server.token(Role.AUDITOR, section, name))


async def judged(client: httpx.AsyncClient, call_id: str = "c1", **given: Any) -> httpx.Response:
    return await client.post(f"/v1/calls/{call_id}/judgements", json=words(**given))


async def test_a_judgement_is_kept_with_reasons_stands_and_is_on_the_trail(
    server: RunningServer,
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori:
        seen = (await mori.get("/v1/calls/c1/judgements")).json()
        finding = seen["findings"][0]["finding_id"]
        answer = await judged(
            mori,
            considered={"manner": "beyond", "office_fault": "no"},
            findings=[{"finding_id": finding, "right": True}],
        )

    assert answer.status_code == httpx.codes.CREATED
    view = answer.json()
    assert view["standing"] == {
        "verdict": "harassment",
        "judged": 1,
        "differing": False,
        "second_wanted": False,
    }
    one = view["judgements"][0]
    assert (one["reason"], one["callers_side"], one["opinion"]) == ("侮辱", SIDE, "first")
    assert one["considered"]["manner"] == "beyond"
    assert view["findings"][0]["right"] is True
    async with server.services.database.transaction() as session:
        kinds = list(await session.scalars(select(TrailRow.kind).where(TrailRow.call_id == "c1")))
        stands = await standing_of(session, ["c1", "c2"])
    assert {"judgements.seen", "call.judged"} <= set(kinds)
    assert {call: one.verdict.value for call, one in stands.items()} == {"c1": "harassment"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"reason": " \n"}, "judgement_reason_missing"),
        ({"callers_side": ""}, "judgement_side_missing"),
        ({"reason": "あ" * 2_001}, "judgement_too_long"),
        ({"findings": [{"finding_id": 9_999, "right": True}]}, "finding_unknown"),
    ],
)
async def test_what_is_missing_or_wrong_is_said_and_nothing_is_kept(
    server: RunningServer, given: dict[str, Any], code: str
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori:
        answer = await judged(mori, **given)
        view = (await mori.get("/v1/calls/c1/judgements")).json()

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert view["judgements"] == []


async def test_not_harassment_needs_no_callers_side(server: RunningServer) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori:
        answer = await judged(mori, verdict="not_harassment", callers_side="")

    assert answer.status_code == httpx.codes.CREATED


async def test_when_two_differ_the_call_is_undecided_until_one_of_them_judges_again(
    server: RunningServer,
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori, await auditor(server, "ueda") as ueda:
        await judged(mori, second_wanted=True)
        apart = (await judged(ueda, verdict="not_harassment", seen=1)).json()
        waiting = (await mori.get("/v1/judgements")).json()
        settled = (await judged(mori, verdict="not_harassment", seen=2)).json()
        left = (await mori.get("/v1/judgements")).json()

    assert (apart["standing"]["verdict"], apart["standing"]["differing"]) == ("undecided", True)
    assert [one["opinion"] for one in apart["judgements"]] == ["first", "second"]
    assert [call["call_id"] for call in waiting["calls"]] == ["c1"]
    assert settled["standing"]["verdict"] == "not_harassment"
    assert [one["verdict"] for one in settled["judgements"]] == [
        "harassment",
        "not_harassment",
        "not_harassment",
    ]
    assert left["calls"] == []


async def test_of_two_who_judge_at_once_the_second_is_told(server: RunningServer) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    answers: list[httpx.Response] = []

    async def one(client: httpx.AsyncClient) -> None:
        answers.append(await judged(client))

    async with await auditor(server) as mori, await auditor(server, "ueda") as ueda:
        async with anyio.create_task_group() as both:
            both.start_soon(one, mori)
            both.start_soon(one, ueda)
        view = (await mori.get("/v1/calls/c1/judgements")).json()

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "judged_meanwhile"
    assert (len(view["judgements"]), view["seen"]) == (1, 1)


async def test_a_supervisor_gives_the_second_opinion_never_the_first(
    server: RunningServer,
) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with (
        server.client(await server.token(Role.SUPERVISOR, name="kato")) as kato,
        await auditor(server) as mori,
    ):
        early = await judged(kato)
        await judged(mori)
        later = await judged(kato, seen=1)

    assert (early.status_code, early.json()["code"]) == (403, "not_yet_judged")
    assert later.json()["judgements"][1]["opinion"] == "second"


async def test_an_opinion_that_is_asked_for_is_told_to_who_could_give_it_and_to_nobody_else(
    server: RunningServer,
) -> None:
    calls = [
        Past("c1"),
        Past("c2"),
        Past("own", operator="token:ueda"),
        Past("t1", section="税務課"),
    ]
    await keep_calls(server.services.database, calls)
    async with await auditor(server) as mori, await auditor(server, "ueda") as ueda:
        for call in calls:
            await judged(mori, call.call_id, second_wanted=True)
        await judged(ueda, "c2", seen=1)
    seats = {
        "mori": Identity("token:mori", "森", Role.AUDITOR, ""),
        "ueda": Identity("token:ueda", "上田", Role.AUDITOR, ""),
        "abe": Identity("abe", "阿部", Role.AUDITOR, "税務課"),
        "kato": Identity("kato", "加藤", Role.SUPERVISOR, "市民課"),
        "admin": Identity("admin", "管理", Role.ADMINISTRATOR, ""),
    }

    async with server.services.database.transaction() as session:
        asked = {name: await opinions_asked(session, seat) for name, seat in seats.items()}

    assert asked == {"mori": 0, "ueda": 2, "abe": 1, "kato": 2, "admin": 0}


async def test_live_calls_other_sections_and_ones_own_calls_are_not_judged(
    server: RunningServer,
) -> None:
    await keep_calls(
        server.services.database,
        [
            Past("live", ended=False),
            Past("theirs", section="税務課"),
            Past("own", operator="token:mori"),
        ],
    )
    async with (
        await auditor(server, section="市民課") as mori,
        server.client(await server.token(Role.SUPERVISOR, name="kato")) as kato,
        server.client(await server.token(Role.OPERATOR, name="sato")) as sato,
        server.client(await server.token(Role.ADMINISTRATOR, "", "admin")) as admin,
    ):
        told = [
            (await judged(mori, "live")).status_code,
            (await judged(mori, "theirs")).status_code,
            (await judged(mori, "own")).json()["code"],
            (await judged(kato, "live")).json()["code"],
            (await judged(sato, "own")).status_code,
            (await admin.get("/v1/calls/own/judgements")).status_code,
            (await admin.get("/v1/judgements")).status_code,
        ]

    assert told == [404, 404, "own_call", "still_live", 403, 403, 403]


async def test_calls_that_wait_are_listed_the_oldest_first_and_filtered(
    server: RunningServer,
) -> None:
    day = timedelta(days=1)
    await keep_calls(
        server.services.database,
        [
            Past("later", at=MONDAY_MORNING + day),
            Past("earlier"),
            Past("calm", top_level=1),
            Past("help", top_level=0, marks=("help_requested",), at=MONDAY_MORNING + 2 * day),
            Past("missed", top_level=0, marks=("missed_marked",), at=MONDAY_MORNING + 3 * day),
            Past("taken-back", top_level=0, marks=("missed_marked", "missed_undone")),
            Past("taxes", section="税務課", at=MONDAY_MORNING + 4 * day),
            Past("done"),
            Past("open"),
            Past("live", ended=False),
        ],
    )
    async with await auditor(server) as mori:
        await judged(mori, "done")
        await judged(mori, "open", verdict="undecided")

        async def listed(query: str) -> list[str]:
            answer = (await mori.get(f"/v1/judgements?{query}")).json()
            return [call["call_id"] for call in answer["calls"]]

        waiting = await listed("show=waiting")
        told = (await mori.get("/v1/judgements?limit=2&offset=1")).json()
        lists = [
            await listed("show=judged"),
            await listed("show=undecided"),
            await listed("show=differing"),
            await listed("section=税務課"),
        ]

    assert waiting == ["earlier", "later", "help", "missed", "taxes"]
    assert ([call["call_id"] for call in told["calls"]], told["total"]) == (["later", "help"], 5)
    assert told["sections"] == ["市民課", "税務課"]
    assert lists == [["done"], ["open"], [], ["taxes"]]
    assert RUDE not in str(told)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, settings: Settings) -> str:
    if request.param == "sqlite":
        return settings.async_database_url
    plain: str = request.getfixturevalue("postgres_url")
    return "postgresql+asyncpg://" + plain.split("://", 1)[1]


async def test_findings_called_right_or_wrong_count_once_an_alert_on_both_databases(
    database_url: str,
) -> None:
    calls = [
        Past("wrong", said=(RUDE, "はい", RUDE), found=(0, 2)),
        Past("mixed", said=(RUDE, "はい", RUDE), found=(0, 2)),
        Past("borne", found=(2,), false_alarm=True),
        Past("false", found=(2,), false_alarm=True),
        Past("plain", found=(2,)),
        Past("changed", found=(2,)),
    ]
    marks = {"wrong": [False, False], "mixed": [False, True], "borne": [True]}
    async with open_database(database_url) as database:
        await keep_calls(database, calls)
        async with database.transaction() as session:
            for call_id, said in marks.items():
                await _mark(session, call_id, said)
            await _mark(session, "changed", [False])
            await _mark(session, "changed", [True])
        async with database.transaction() as session:
            (tally,) = await tallies(session, MONDAY_MORNING - timedelta(days=1))
            view = await waiting_view(session, AUDITOR, Wanted(Waiting.JUDGED))
            left = await waiting_view(session, AUDITOR, Wanted(Waiting.UNJUDGED))
            asked = await opinions_asked(session, AUDITOR)

    assert (tally.rule, tally.category) == (RULE, CATEGORY)
    assert (tally.count.raised, tally.count.false) == (6, 2)
    assert (view.total, left.total, asked) == (4, 2, 0)


AUDITOR = Identity("mori", "森", Role.AUDITOR, "")


async def _mark(session: Any, call_id: str, right: list[bool]) -> None:
    found = (
        await session.scalars(
            select(FindingRow.id).where(FindingRow.call_id == call_id).order_by(FindingRow.id)
        )
    ).all()
    row = Judgement(
        call_id=call_id,
        verdict="harassment",
        opinion="first",
        reason="x",
        callers_side="x",
        considered={},
        second_wanted=False,
        by_login="mori",
        at=MONDAY_MORNING,
    )
    session.add(row)
    await session.flush()
    session.add_all(
        JudgedFinding(judgement_id=row.id, finding_id=one, call_id=call_id, borne_out=said)
        for one, said in zip(found, right, strict=True)
    )
    await session.flush()


async def test_an_auditor_reads_quotes_covered_until_they_say_why(server: RunningServer) -> None:
    said = f"折り返しは090-1234-5678だ、{RUDE}"
    await keep_calls(server.services.database, [Past("c1", said=(said,), found=(0,))])
    async with (
        await auditor(server) as mori,
        server.client(await server.token(Role.SUPERVISOR, name="kato")) as kato,
    ):
        covered, whole = [
            (await one.get("/v1/calls/c1/judgements")).json()["findings"][0]["quote"]
            for one in (mori, kato)
        ]

    assert whole == said
    assert len(covered) == len(said)
    assert "1234" not in covered
    assert RUDE in covered


async def test_a_deleted_call_takes_its_judgements_with_it(server: RunningServer) -> None:
    await keep_calls(server.services.database, [Past("c1")])
    async with await auditor(server) as mori:
        finding = (await mori.get("/v1/calls/c1/judgements")).json()["findings"][0]["finding_id"]
        await judged(mori, findings=[{"finding_id": finding, "right": False}])
    async with server.services.database.transaction() as session:
        await session.delete(await session.get(Call, "c1"))

    async with server.services.database.transaction() as session:
        left = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (Judgement, JudgedFinding)
        ]
    assert left == [0, 0]
