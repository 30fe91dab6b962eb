"""The search over HTTP: who is answered, with what, and what is refused."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import unquote

import httpx
import pytest
from sqlalchemy import select

from app.auth.identity import Role
from app.callers.keys import open_caller_keys
from app.privacy.sight import MASK
from app.trail.models import TrailRow
from tests.app.running import RunningServer
from tests.app.search.said import LINE_MS, Talk, keep_and_fill

NUMBER = "011-381-1234"
TALKS = (
    Talk(
        "tax",
        ["もしもし", "お前、馬鹿か。この税金泥棒が。", ">税金のことですね"],
        level=3,
        outcome="harassment_suspected",
        category="mental_attack",
        false_alarm=True,
        number=NUMBER,
    ),
    Talk("name", ["佐藤太郎と申します", ">佐藤様、税金の件ですね"], 1),
    Talk("other", ["税金のこと"], 2, section="税務課"),
)


@pytest.fixture
async def auditor(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    await keep_talks(server)
    async with server.client(await server.token(Role.AUDITOR, section="")) as client:
        yield client


async def keep_talks(server: RunningServer) -> None:
    keys = open_caller_keys(server.services.settings.data_dir)
    stored = keys.hash_of_caller(NUMBER)
    assert stored is not None
    talks = [
        replace(talk, caller_hash=stored.hash) if talk.number == NUMBER else talk for talk in TALKS
    ]
    await keep_and_fill(server.services.database, talks)


async def test_a_card_says_when_where_how_grave_and_shows_the_words(
    auditor: httpx.AsyncClient,
) -> None:
    body = (await auditor.get("/v1/search", params={"q": "税金泥棒"})).json()

    card = body["calls"][0]
    hit = card["hits"][0]
    assert (body["count"], body["more_than_counted"], body["next"], body["waiting"]) == (
        1,
        False,
        None,
        0,
    )
    assert (card["call_id"], card["section"], card["top_level"]) == ("tax", "市民課", 3)
    assert card["caller_number"] == "****1234"
    assert card["categories"] == [{"category": "mental_attack", "severity": 2}]
    assert (card["false_alarm"], card["recording"], card["report"]) == (True, False, False)
    assert (card["judgement"], card["hit_count"]) == (None, 1)
    assert (hit["track"], hit["start_ms"]) == ("caller", LINE_MS)
    assert [hit["text"][m["start"] : m["end"]] for m in hit["marks"]] == ["税金泥棒"]
    assert "operator" not in card


async def test_a_card_shows_the_first_three_places_of_both_sides_in_the_order_of_the_sound(
    server: RunningServer, auditor: httpx.AsyncClient
) -> None:
    lines = [">税金のご案内です", "はい", "税金", ">はい", "税金です", ">税金ですね", *["税金"] * 9]
    await keep_and_fill(server.services.database, [Talk("many", lines, 9)])

    card = (await auditor.get("/v1/search", params={"q": "税金"})).json()["calls"][0]

    assert [one["start_ms"] // LINE_MS for one in card["hits"]] == [0, 2, 4]
    assert [one["track"] for one in card["hits"]] == ["operator", "caller", "caller"]
    assert (card["call_id"], card["hit_count"]) == ("many", 13)


async def test_an_auditor_reads_names_covered_and_a_supervisor_finds_them_no_more_than_they(
    server: RunningServer, auditor: httpx.AsyncClient
) -> None:
    async with server.client(await server.token(Role.SUPERVISOR, name="s")) as supervisor:
        covered = (await auditor.get("/v1/search", params={"q": "申します"})).json()
        named = [
            (await who.get("/v1/search", params={"q": "佐藤"})).json()
            for who in (auditor, supervisor)
        ]
    elsewhere = (await auditor.get("/v1/search", params={"q": "件ですね"})).json()

    text = covered["calls"][0]["hits"][0]["text"]
    assert "佐藤" not in text
    assert MASK in text
    assert [one["count"] for one in named] == [0, 0]
    assert "佐藤" not in str(elsewhere)


async def test_a_number_finds_its_calls_however_it_is_written(auditor: httpx.AsyncClient) -> None:
    answers = [
        await auditor.post("/v1/search", json={"number": written})
        for written in ("011-381-1234", "０１１３８１１２３４", "+81 11 381 1234")
    ]
    with_words = await auditor.post(
        "/v1/search", params={"q": "佐藤 税金"}, json={"number": NUMBER}
    )
    nobody = await auditor.post("/v1/search", json={"number": "011-000-9999"})

    assert [[one["call_id"] for one in a.json()["calls"]] for a in answers] == [["tax"]] * 3
    assert (with_words.json()["count"], nobody.json()["count"]) == (0, 0)


async def test_neither_number_nor_words_are_in_the_log_or_on_the_trail(
    server: RunningServer,
    auditor: httpx.AsyncClient,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # The threshold of a server (app.log): addresses of requests are below it.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    await auditor.post("/v1/search", params={"q": "税金泥棒"}, json={"number": NUMBER})
    await auditor.post("/v1/search", params={"q": "税金泥棒"}, json={"number": "1234"})

    written = caplog.text + "".join(capfd.readouterr())
    async with server.services.database.transaction() as session:
        links = (await session.scalars(select(TrailRow))).all()
    made = [link for link in links if link.kind == "search.made"]
    assert "1234" not in written
    assert "税金" not in unquote(written)
    assert [(link.by_login, link.call_id, link.subject) for link in made] == [
        ("token:test", "", "")
    ]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"q": "あ" * 501}, "search_too_long"),
        ({"q": "、。"}, "search_nothing_heard"),
        ({"from": "2026-04-02", "to": "2026-04-01"}, "search_days_reversed"),
        ({"from": "0001-01-01"}, "search_day_unknown"),
        ({"minutes_from": "5", "minutes_to": "4"}, "search_minutes_reversed"),
        ({"after": "x"}, "search_place_unknown"),
        ({"after": "0~2026-13-01T00:00:00.000000+00:00~c"}, "search_place_unknown"),
        ({"from": "soon"}, "bad_request"),
        ({"level": "4"}, "bad_request"),
        ({"level": "99999999999999999999"}, "bad_request"),
        ({"category": "rude"}, "bad_request"),
        ({"section": "\0"}, "bad_request"),
        ({"limit": "51"}, "bad_request"),
        ({"operator": "sato"}, "bad_request"),
        ({"number": NUMBER}, "bad_request"),
    ],
)
async def test_what_cannot_be_searched_for_is_refused_with_its_code(
    auditor: httpx.AsyncClient, query: dict[str, str], code: str
) -> None:
    answer = await auditor.get("/v1/search", params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("number", ["", "1234", "非通知", "184-011-381-1234", "192.0.2.1"])
async def test_what_names_no_caller_is_refused_as_a_number(
    auditor: httpx.AsyncClient, number: str
) -> None:
    answer = await auditor.post("/v1/search", json={"number": number})

    assert (answer.status_code, answer.json()["code"]) == (400, "search_number_unknown")


async def test_a_nul_and_whatever_else_is_typed_breaks_nothing(auditor: httpx.AsyncClient) -> None:
    for typed in ("\0", '"', "a\0b OR *", "NEAR(", "-", "税金) OR (", "'; --", "😀 税金", "^税*"):
        answer = await auditor.get("/v1/search", params={"q": typed})

        assert answer.status_code in (200, 400), typed


async def test_supervisors_find_their_own_section_only(server: RunningServer) -> None:
    await keep_talks(server)
    async with server.client(await server.token(Role.SUPERVISOR, section="税務課")) as supervisor:
        body = (await supervisor.get("/v1/search", params={"q": "税金"})).json()
        elsewhere = (await supervisor.get("/v1/search", params={"section": "市民課"})).json()

    assert [one["call_id"] for one in body["calls"]] == ["other"]
    assert elsewhere["count"] == 0


async def test_pages_follow_each_other_by_what_the_one_before_says(
    auditor: httpx.AsyncClient,
) -> None:
    first = (await auditor.get("/v1/search", params={"q": "税金", "limit": 2})).json()
    second = (
        await auditor.get("/v1/search", params={"q": "税金", "limit": 2, "after": first["next"]})
    ).json()

    assert [one["call_id"] for one in first["calls"]] == ["other", "name"]
    assert [one["call_id"] for one in second["calls"]] == ["tax"]
    assert (first["count"], second["count"], second["next"]) == (3, None, None)


async def test_the_server_indexes_a_call_that_ended_by_itself(
    server: RunningServer, auditor: httpx.AsyncClient
) -> None:
    body = (await auditor.get("/v1/search")).json()

    assert (body["count"], body["waiting"]) == (3, 0)


async def test_the_search_is_described_with_its_parameters(auditor: httpx.AsyncClient) -> None:
    described = (await auditor.get("/v1/openapi.json")).json()["paths"]["/v1/search"]

    names = {one["name"] for one in described["get"]["parameters"]}
    assert {"q", "track", "scope", "from", "to", "level", "category", "after"} <= names
    assert "number" not in names
    assert "post" in described
