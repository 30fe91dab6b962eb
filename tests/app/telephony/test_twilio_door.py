"""Twilio's whole way: its signed question, our answer, the stream that the answer asked for, and who is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from app.auth.identity import Role
from app.privacy.numbers import number_of
from app.settings import Settings
from app.simulate.exchange import Trouble
from app.simulate.native import StreamClosed
from app.simulate.twilio import TwilioExchange
from app.telephony.twilio_signature import HEADER, public_address, sign
from app.telephony.twilio_voice import STATUS_PATH, STREAM_PATH, VOICE_PATH
from tests.app.running import RunningServer, in_own_task, running_server
from tests.app.telephony.doors import (
    AUTH_TOKEN,
    call_to,
    record_of,
    recorded,
    row_of,
    tracks_of,
    with_telephony,
    words,
)

PUBLIC = "https://office.example"
FORWARD_TO = "+81113820000"
CALL_SID = "CA00000000000000000000000000000001"
STREAM = f"wss://office.example{STREAM_PATH}"


def office(settings: Settings, **twilio: Any) -> Settings:
    given = {"auth_token": AUTH_TOKEN, "forward_to": FORWARD_TO} | twilio
    public = settings.model_copy(update={"public_url": PUBLIC})
    waits = ("twilio",) if given.pop("waits", False) else ()
    return with_telephony(
        public,
        twilio=given,
        sections_by_number={"011-999-0000": "市民課"},
        wait_for_answer=waits,
    )


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(office(settings), words())) as running:
        yield running


async def asked(
    server: RunningServer, path: str, form: dict[str, str], *, query: str = ""
) -> tuple[int, str]:
    """Ask as Twilio does; return status and body."""
    signed = sign(public_address(PUBLIC, path, query), list(form.items()), AUTH_TOKEN)
    async with server.client("") as client:
        del client.headers["Authorization"]
        answer = await client.post(f"{path}?{query}", data=form, headers={HEADER: signed})
    return answer.status_code, answer.text


async def told(server: RunningServer, call_sid: str = CALL_SID) -> dict[str, str]:
    """Let a citizen call; return what the answer gives to the stream."""
    form = {"CallSid": call_sid, "From": "+819000000000", "To": "+81119990000"}
    status, twiml = await asked(server, VOICE_PATH, form, query="operator=sato")
    assert status == 200
    response = ET.fromstring(twiml)
    stream = response.find("Start/Stream")
    assert stream is not None
    assert stream.get("url") == STREAM
    assert response.findtext("Dial/Number") == FORWARD_TO
    return {each.get("name", ""): each.get("value", "") for each in stream.findall("Parameter")}


def exchange(
    server: RunningServer, given: dict[str, str], call_sid: str = CALL_SID, **fields: Any
) -> TwilioExchange:
    call = call_to(
        server,
        "twilio",
        call_sid,
        secret=AUTH_TOKEN,
        from_number=given.get("from", ""),
        to_number=given.get("to", ""),
        operator=given.get("operator", ""),
        metadata=given,
        **fields,
    )
    return TwilioExchange(call, public_url=STREAM)


async def refused(exchange: TwilioExchange) -> int:
    with pytest.raises(StreamClosed) as closed:
        await exchange.play()
    return closed.value.close_code


async def test_a_citizen_s_call_is_asked_for_answered_streamed_and_recorded(
    server: RunningServer,
) -> None:
    given = await told(server)
    await exchange(server, given).play()
    record = await record_of(server, f"twilio.{CALL_SID}")
    row = await row_of(server, f"twilio.{CALL_SID}")

    assert tracks_of(record) == ["caller", "operator"]
    assert record["gaps"] == []
    assert record["call"]["operator"] == "sato"
    assert record["call"]["section"] == "市民課"
    assert record["call"]["end_reason"] == "stop"
    number = number_of(server.services.record_keys, row)
    assert (number, row.called_number) == ("+819000000000", "+81119990000")
    assert given["token"] not in str(row.stream_format)


async def test_a_token_is_good_once_and_for_its_own_call_only(server: RunningServer) -> None:
    given = await told(server)
    other = await told(server, "CA2")
    codes = [
        await refused(exchange(server, given | {"token": other["token"]})),
        await refused(exchange(server, given | {"token": ""})),
        await refused(exchange(server, given | {"token": "x" * 300})),
        await refused(exchange(server, given, "CA3")),
    ]
    await exchange(server, given).play()
    codes.append(await refused(exchange(server, given)))

    assert codes == [4401] * 5
    assert await recorded(server) == [f"twilio.{CALL_SID}"]


async def test_a_signature_with_another_secret_is_refused(server: RunningServer) -> None:
    given = await told(server)

    code = await refused(exchange(server, given, trouble=Trouble(wrong_signature=True)))

    assert code == 4401
    assert await recorded(server) == []


async def test_without_one_time_tokens_the_signature_is_enough(settings: Settings) -> None:
    async with running_server(office(settings, one_time_token=False), words()) as server:
        given = await told(server)
        await exchange(server, given).play()
        record = await record_of(server, f"twilio.{CALL_SID}")

    assert "token" not in given
    assert tracks_of(record) == ["caller", "operator"]


async def test_a_stream_of_another_account_is_refused(settings: Settings) -> None:
    async with running_server(
        office(settings, one_time_token=False, account_sid="AC1"), words()
    ) as server:
        code = await refused(exchange(server, {}))

    assert code == 4403


async def test_what_sounds_before_the_office_answers_is_not_recorded(settings: Settings) -> None:
    async with running_server(office(settings, waits=True), words()) as server:
        given = await told(server)
        await exchange(server, given).play()
        names = await recorded(server)
        form = {"CallSid": "CA9", "ParentCallSid": CALL_SID, "CallStatus": "in-progress"}
        status, _ = await asked(server, STATUS_PATH, form)

    assert given["answered"] == "false"
    assert names == []
    assert status == 204


async def test_a_call_that_is_answered_while_its_stream_still_connects_is_judged(
    settings: Settings,
) -> None:
    async with running_server(office(settings, waits=True), words()) as server:
        given = await told(server)
        form = {"CallSid": "CA9", "ParentCallSid": CALL_SID, "CallStatus": "in-progress"}
        await asked(server, STATUS_PATH, form)
        await exchange(server, given).play()
        record = await record_of(server, f"twilio.{CALL_SID}")

    assert tracks_of(record) == ["caller", "operator"]


@pytest.mark.parametrize("path", [VOICE_PATH, STATUS_PATH])
async def test_a_question_that_is_not_signed_by_twilio_is_refused(
    server: RunningServer, path: str
) -> None:
    form = {"CallSid": CALL_SID, "CallStatus": "answered"}
    signed = sign(public_address(PUBLIC, path), list(form.items()), AUTH_TOKEN)
    statuses = []
    async with server.client(await server.token(Role.STREAM)) as client:
        for headers, sent in (
            ({}, form),
            ({HEADER: "x"}, form),
            ({HEADER: sign(public_address(PUBLIC, path), (), "wrong")}, form),
            ({HEADER: signed}, form | {"From": "110"}),
        ):
            answer = await client.post(path, data=sent, headers=headers)
            statuses.append(answer.status_code)

    assert statuses == [403] * 4


async def test_without_its_settings_twilio_is_not_answered(settings: Settings) -> None:
    async with running_server(with_telephony(settings), words()) as server:
        status, _ = await asked(server, VOICE_PATH, {"CallSid": CALL_SID})

    assert status == 404
