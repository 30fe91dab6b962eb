"""The road of a call on PostgreSQL: the same words, events and numbers as on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio
import anyio.to_thread
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url

from app.auth.identity import Role
from app.settings import Settings
from tests.app.running import (
    RunningServer,
    hear_until,
    in_own_task,
    running_server,
    say,
    send,
)
from tests.app.sounds import call_bytes, joined, sentences, silence, speech
from tests.app.test_stream import begin, record_of, refusal_of, stop
from tests.fakes_transcriber import ScriptedTranscriber
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

HARMLESS = "住民票の写しがほしいのですが"
THREAT = "今からそっちに行って刺してやるからな"


@pytest.fixture
def on_postgres(settings: Settings, postgres_url: str) -> Settings:
    return settings.model_copy(update={"database_url": SecretStr(postgres_url)})


@pytest.fixture
async def server(on_postgres: Settings) -> AsyncIterator[RunningServer]:
    transcriber = ScriptedTranscriber(HARMLESS, THREAT)
    async with in_own_task(running_server(on_postgres, transcriber)) as running:
        assert running.services.database.is_postgresql
        yield running


async def test_a_call_is_carried_stored_and_told_in_order(server: RunningServer) -> None:
    token = await server.token(Role.SUPERVISOR)
    payload = call_bytes(sentences(2))

    async with server.screen(token, "?after=0") as screen:
        async with server.stream() as stream:
            await begin(stream, call_id="c1", metadata={"queue": 3})
            await send(stream, payload)
            stopped = await stop(stream)
        told = [m for m in await hear_until(screen, "call.ended") if m["type"] != "health"]
    async with server.screen(token, f"?after={told[0]['seq']}") as screen:
        again = [m for m in await hear_until(screen, "call.ended") if m["type"] != "health"]
    record = await record_of(server, "c1")

    assert stopped == {"type": "stopped", "position_samples": len(payload) // 2}
    assert [u["text"] for u in record["utterances"]] == [HARMLESS, THREAT]
    assert record["call"]["top_level"] == 3
    assert record["call"]["end_reason"] == "hangup"
    seqs = [message["seq"] for message in told]
    assert seqs == sorted(set(seqs))
    kinds = [message["type"] for message in told]
    assert kinds[0] == "call.started"
    assert kinds.count("transcript.final") == 2
    assert kinds.index("alert.raised") < kinds.index("level.changed") < kinds.index("call.ended")
    assert again == told[1:]
    # A break is proposed right after a call of the third level.
    assert record["seq"] in (seqs[-1], seqs[-1] + 1)


async def test_a_call_goes_on_over_a_new_server_and_a_dismissal_is_kept(
    on_postgres: Settings,
) -> None:
    transcriber = ScriptedTranscriber(THREAT, HARMLESS)
    payload = call_bytes(sentences(1))
    async with running_server(on_postgres, transcriber) as first:
        stream_token, token = first.stream_token, await first.token(Role.SUPERVISOR)
        async with first.screen(token) as screen, first.stream() as stream:
            await begin(stream, call_id="c1")
            await send(stream, payload)
            raised = (await hear_until(screen, "alert.raised"))[-1]["data"]["alert_id"]
            async with first.client(token) as client:
                await client.post(f"/v1/alerts/{raised}/false-alarm")
    async with running_server(on_postgres, transcriber) as second:
        async with second.stream(stream_token) as stream:
            await begin(stream, call_id="c1", resume=True)
            await send(stream, payload)
            await stop(stream)
        record = await record_of(second, "c1")

    assert [u["text"] for u in record["utterances"]] == [THREAT, HARMLESS]
    assert record["call"]["level"] == 0
    assert record["alerts"][0]["false_alarm"] is True


@pytest.mark.parametrize(("whole", "level"), [(THREAT, 3), (HARMLESS, 0)])
async def test_an_alert_that_comes_before_the_end_of_its_sentence_is_settled_by_the_whole_of_it(
    on_postgres: Settings, whole: str, level: int
) -> None:
    transcriber = ScriptedTranscriber(whole, partials=[f"{THREAT}、待ってろ"])
    async with running_server(on_postgres, transcriber) as server:
        token = await server.token(Role.SUPERVISOR)
        async with server.screen(token) as screen, server.stream() as stream:
            await begin(stream, call_id="c1")
            # What is sent faster than it is spoken is heard a second later.
            await send(stream, call_bytes(joined(silence(400), speech(4_800))))
            early = (await hear_until(screen, "alert.raised"))[-1]["data"]
            await send(stream, call_bytes(joined(speech(640), silence(900))))
            await stop(stream)
        record = await record_of(server, "c1")

    (alert,) = record["alerts"]
    assert early["needs_check"] is True
    assert alert["alert_id"] == early["alert_id"]
    assert (alert["withdrawn"], alert["state"]) == ((False, "open") if level else (True, "closed"))
    assert (record["call"]["level"], record["call"]["top_level"]) == (level, level)


@pytest.mark.parametrize(
    "fields",
    [
        {"operator": "ﷺ" * 64},
        {"metadata": {"section": "課" * 99, "big": 10**300, "text": "\\ud83d"}},
        {"from": "0" * 64, "to": "９" * 64},
    ],
)
async def test_what_the_protocol_accepts_the_tables_accept(
    server: RunningServer, fields: dict[str, object]
) -> None:
    async with server.stream() as stream:
        started = await begin(stream, call_id="c1", **fields)
        stopped = await stop(stream)

    assert (started["type"], stopped["type"]) == ("started", "stopped")


async def test_a_number_beyond_the_tables_is_no_error(server: RunningServer) -> None:
    token = await server.token(Role.SUPERVISOR)

    async with server.screen(token, f"?after={10**17}") as screen, server.stream() as stream:
        await begin(stream, call_id="c1")
        told = (await hear_until(screen, "call.started"))[-1]

    assert told["call_id"] == "c1"


async def test_two_starts_of_one_call_are_one_call(server: RunningServer) -> None:
    async with server.stream() as first, server.stream() as second:
        await begin(first, call_id="c1")
        await say(second, {"type": "start", "call_id": "c1"})

        assert await refusal_of(second) == ("call_exists", 4409)


async def test_connections_that_the_database_closes_cost_no_words(
    server: RunningServer, postgres_server: PostgresServer, postgres_url: str
) -> None:
    token = await server.token(Role.SUPERVISOR)
    name = make_url(postgres_url).database
    async with server.stream() as stream, server.screen(token) as screen:
        await begin(stream, call_id="c1")
        await send(stream, call_bytes(sentences(1)))
        await hear_until(screen, "transcript.final")
        await anyio.to_thread.run_sync(
            postgres_server.execute,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}';",
        )
        await send(stream, call_bytes(sentences(1)))
        await stop(stream)
    record = await record_of(server, "c1")

    assert [u["text"] for u in record["utterances"]] == [HARMLESS, THREAT]
    assert record["call"]["end_reason"] == "hangup"
