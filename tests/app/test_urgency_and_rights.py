"""Whose words come first, whose stream goes on, and what ids may look like."""

from __future__ import annotations

import pytest

from app.auth.administration import Administration
from app.auth.identity import Role
from app.settings import Settings
from tests.app.running import (
    RunningServer,
    hear_until,
    running_server,
    send,
)
from tests.app.sounds import call_bytes, joined, silence, speech
from tests.app.test_stream import begin, refusal_of, stop
from tests.fakes_transcriber import ScriptedTranscriber


async def test_a_stream_whose_token_is_revoked_is_closed_and_its_call_waits(
    settings: Settings,
) -> None:
    eager = settings.model_copy(
        update={"stream": settings.stream.model_copy(update={"recheck_seconds": 0})}
    )
    async with (
        running_server(eager, ScriptedTranscriber("言葉")) as server,
        server.stream() as stream,
    ):
        await begin(stream, call_id="c1")
        await send(stream, call_bytes(silence(200)))
        accounts = Administration(server.services.database, server.services.clock)
        (token,) = [t for t in await accounts.tokens() if t.name == "exchange"]
        await accounts.revoke_token(token.id)
        await stream.send(call_bytes(silence(20)))
        await stream.send(call_bytes(silence(20)))

        assert await refusal_of(stream) == ("unauthorised", 4401)


async def test_the_caller_goes_before_the_operator_and_a_flagged_call_before_others(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(
        "もしもし", "はい", "今からそっちに行って刺してやるからな", "はい", "わかったか"
    )
    turns = [speech(960), silence(1_000)]
    pause = [silence(1_960)]
    caller = joined(silence(400), *turns, *pause, *turns, *pause, *turns)
    operator = joined(silence(400), *pause, *turns, *pause, *turns, *pause)
    async with (
        server.screen(await server.token(Role.SUPERVISOR)) as screen,
        server.stream() as stream,
    ):
        await begin(stream, call_id="c1")
        payload, chunk = call_bytes(caller, operator), 1_960 * 16
        for turn in range(5):
            await send(stream, payload[turn * chunk : (turn + 1) * chunk])
            await hear_until(screen, "transcript.final")
        await stop(stream)

    quiet_caller, quiet_operator, _, flagged_operator, flagged_caller = (
        urgency.rank for urgency in transcriber.urgencies
    )
    assert quiet_caller < quiet_operator
    assert flagged_caller < quiet_caller
    assert flagged_operator < quiet_operator


@pytest.mark.parametrize("before", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_date_beyond_the_calendar_is_refused(server: RunningServer, before: str) -> None:
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        answer = await client.get(f"/v1/calls?before={before}")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_before")


async def test_ids_that_no_call_can_have_are_not_asked_of_the_database(
    server: RunningServer,
) -> None:
    async with server.client(await server.token(Role.SUPERVISOR)) as client:
        answers = [
            await client.get("/v1/calls/%00"),
            await client.post("/v1/alerts/%00/false-alarm"),
            await client.post("/v1/calls/c1/help", json={"reason": "\u0000"}),
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 400]
