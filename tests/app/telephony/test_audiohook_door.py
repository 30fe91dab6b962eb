"""Genesys Cloud's way: signed once, opened, paused, closed; a line that is only tried leaves nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import ClientConnection

from app.privacy.numbers import number_of
from app.settings import Settings
from app.simulate.audiohook import AudioHookExchange
from app.simulate.exchange import Trouble
from app.simulate.native import StreamClosed
from tests.app.running import RunningServer, hear, hear_until, in_own_task, running_server
from tests.app.telephony.doors import (
    CLIENT_SECRET,
    KEY,
    SENTENCE_MS,
    break_off,
    call_to,
    gaps_of,
    record_of,
    recorded,
    row_of,
    socket_to,
    tracks_of,
    with_stream,
    with_telephony,
    words,
)

SESSION = "6f1c2a34-0000-4000-8000-000000000001"
CALL = f"audiohook.{SESSION}"
KNOWN_AS = "ws://127.0.0.1:8000/v1/stream/audiohook"
"""The office's address as Genesys has it, whatever port a test's server has."""


class Genesys(AudioHookExchange):
    """Signs for the address that it was given."""

    def headers(self) -> dict[str, str]:
        return AudioHookExchange(replace(self.call, url=KNOWN_AS)).headers()


@pytest.fixture
def opened(settings: Settings) -> Settings:
    return with_telephony(settings, audiohook={"keys": {KEY: CLIENT_SECRET, "empty": ""}})


@pytest.fixture
async def server(opened: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(opened, words())) as running:
        yield running


def genesys(server: RunningServer, call_id: str = SESSION, **fields: Any) -> Genesys:
    given: dict[str, Any] = {"secret": CLIENT_SECRET, "key": KEY, "speed": 20.0}
    return Genesys(call_to(server, "audiohook", call_id, **given | fields), first_ping_s=0.0)


async def refused(exchange: Genesys) -> str:
    with pytest.raises(StreamClosed) as closed:
        await exchange.play()
    return closed.value.code


class Session:
    """A client's side, message by message."""

    def __init__(self, socket: ClientConnection, exchange: Genesys) -> None:
        self.socket = socket
        self.exchange = exchange
        self.seq = self.serverseq = 0

    async def say(self, kind: str, **parameters: Any) -> None:
        self.seq += 1
        message = {
            "version": "2",
            "id": SESSION,
            "type": kind,
            "seq": self.seq,
            "serverseq": self.serverseq,
            "position": "PT0S",
            "parameters": parameters,
        }
        await self.socket.send(json.dumps(message))

    async def open(self) -> dict[str, Any]:
        await self.say("open", **self.exchange.opening())
        return await self.heard()

    async def heard(self) -> dict[str, Any]:
        self.serverseq += 1
        return await hear(self.socket)


async def test_a_session_is_opened_answered_and_recorded_with_both_voices(
    server: RunningServer,
) -> None:
    exchange = genesys(server)
    await exchange.play()
    record = await record_of(server, CALL)
    row = await row_of(server, CALL)

    assert exchange.round_trips_ms
    assert tracks_of(record) == ["caller", "operator"]
    assert record["gaps"] == []
    assert record["call"]["end_reason"] == "end"
    assert record["call"]["operator"] == "sato"
    number = number_of(server.services.record_keys, row)
    assert (number, row.called_number) == ("09000000000", "0119990000")


async def test_a_pause_is_a_gap_of_its_length_and_what_follows_is_judged(
    server: RunningServer,
) -> None:
    exchange = genesys(server)
    exchange.pause_at_ms, exchange.pause_ms = 2_400, 400
    await exchange.play()
    record = await record_of(server, CALL)

    assert record["gaps"] == [
        {"track": "caller", "start_ms": 2_400, "end_ms": 2_800, "reason": "held"}
    ]
    assert tracks_of(record) == ["caller", "operator"]
    assert record["call"]["duration_ms"] == 2 * SENTENCE_MS


async def test_frames_that_genesys_discarded_are_a_gap_beside_both(server: RunningServer) -> None:
    exchange = genesys(server, trouble=Trouble(loss=0.2, seed=3))
    await exchange.play()
    record = await record_of(server, CALL)
    gaps = gaps_of(record, "line")

    assert {track for track, _, _ in gaps} == {"caller", "operator"}
    assert all((end_ms - begin_ms) % 200 == 0 for _, begin_ms, end_ms in gaps if end_ms < 5_800)
    assert record["call"]["duration_ms"] == 2 * SENTENCE_MS


async def test_a_line_that_is_only_tried_leaves_no_record(server: RunningServer) -> None:
    exchange = genesys(server)
    exchange.probe = True
    await exchange.play()

    assert await recorded(server) == []


async def test_a_handshake_is_good_once(server: RunningServer) -> None:
    shown = genesys(server).headers()
    said = []
    for _ in range(2):
        async with socket_to(server, "audiohook", headers=shown) as socket:
            session = Session(socket, genesys(server))
            said.append(await session.open())
            await session.say("close", reason="end")
            await hear_until(socket, "closed")

    assert [message["type"] for message in said] == ["opened", "disconnect"]
    assert said[1]["parameters"]["reason"] == "unauthorized"
    assert await recorded(server) == [CALL]


async def test_a_session_that_proves_nothing_is_told_so_politely(server: RunningServer) -> None:
    proofs: list[tuple[dict[str, Any], str]] = [
        ({"trouble": Trouble(wrong_signature=True)}, "bad_signature"),
        ({"key": "nobody's"}, "bad_signature"),
        ({"secret": ""}, "unauthorised"),
        ({"key": "empty", "secret": ""}, "unauthorised"),
    ]
    for fields, code in proofs:
        assert await refused(genesys(server, **fields)) == code, fields
    assert await recorded(server) == []


async def test_unsigned_sessions_are_taken_where_an_office_tests_on_its_own_network(
    settings: Settings,
) -> None:
    testing = with_telephony(settings, audiohook={"keys": {"empty": ""}, "unsigned": True})
    async with running_server(testing, words()) as server:
        await genesys(server, key="empty", secret="").play()

        assert await recorded(server) == [CALL]


async def test_a_session_that_is_lost_is_interrupted(opened: Settings) -> None:
    async with running_server(with_stream(opened, resume_seconds=0), words()) as server:
        shown = genesys(server).headers()
        async with socket_to(server, "audiohook", headers=shown) as socket:
            await Session(socket, genesys(server)).open()
            break_off(socket)
        record = await record_of(server, CALL)

    assert record["call"]["end_reason"] == "interrupted"


async def test_a_session_that_says_the_absurd_is_disconnected_and_nothing_of_it_is_logged(
    server: RunningServer, caplog: pytest.LogCaptureFixture
) -> None:
    told = []
    with caplog.at_level(logging.WARNING), capture_logs() as written:
        for kind, lost in (
            ("discarded", "PT3000S"),
            ("discarded", "P9999999D"),
            ("x" * 70_000, ""),
        ):
            shown = genesys(server).headers()
            async with socket_to(server, "audiohook", headers=shown) as socket:
                session = Session(socket, genesys(server))
                await session.open()
                await session.say(kind, start="PT0S", discarded=lost)
                told.append((await hear_until(socket, "disconnect"))[-1]["parameters"])
                break_off(socket)

    assert [each["reason"] for each in told] == ["error"] * 3
    assert [each["info"].partition(":")[0] for each in told] == [
        "bad_sequence",
        "bad_message",
        "frame_too_large",
    ]
    for secret in ("3000S", "9999999D", "09000000000", SESSION):
        assert secret not in str(written) + caplog.text
    assert [each for each in written if each["log_level"] == "error"] == []
