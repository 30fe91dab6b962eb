"""A person's click becomes sound on the socket that brings the call: a whole server, stream and sign-in."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect

from app.auth.access import COOKIE, CSRF_HEADER
from app.auth.administration import Administration
from app.auth.identity import Role
from app.auth.service import Accounts
from app.settings import Settings
from asr.types import Encoding
from asr.wav import wav_bytes
from tests.app.control.clicked import Clicked, clicked_server
from tests.app.running import ANSWER_SECONDS, SECTION, hear_until, in_own_task
from tests.fakes_transcriber import ScriptedTranscriber

YES = {"confirmed": True}


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[Clicked]:
    async with in_own_task(clicked_server(settings, ScriptedTranscriber())) as clicked:
        sound = np.linspace(-0.5, 0.5, 8_000, dtype=np.float32)
        clicked.announcements.add("closing", wav_bytes(Encoding.PCM_S16LE, 8_000, [sound]))
        yield clicked


@asynccontextmanager
async def person(office: Clicked, login: str, role: Role) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has signed in at a browser."""
    services = office.server.services
    accounts = Administration(services.database, services.clock)
    made = await accounts.create_user(login=login, display_name=login, role=role, section=SECTION)
    given = await accounts.reset_password(made.user.id, must_change=False)
    signed_in = await Accounts(services.database, services.clock, services.settings.auth).sign_in(
        login, given.one_time_password, address="127.0.0.1"
    )
    async with httpx.AsyncClient(
        base_url=office.server.url,
        cookies={COOKIE: signed_in.secret},
        headers={CSRF_HEADER: signed_in.identity.csrf_token, "Origin": office.server.url},
        timeout=ANSWER_SECONDS,
    ) as client:
        yield client


@asynccontextmanager
async def jambonz(office: Clicked, **attributes: Any) -> AsyncIterator[ClientConnection]:
    """A call of jambonz that has brought a second of silence."""
    async with connect(
        "ws" + office.server.url.removeprefix("http") + "/v1/stream/jambonz",
        additional_headers={"Authorization": f"Bearer {office.server.stream_token}"},
        subprotocols=["audio.jambonz.org"],  # type: ignore[list-item]
        compression=None,
    ) as stream:
        begun = {"callSid": "42", "from": "0123", "to": "0119", "sampleRate": 8000, **attributes}
        await stream.send(json.dumps({"mixType": "stereo", "operator": "sato", **begun}))
        await stream.send(bytes(2 * 2 * 8_000))
        yield stream


async def begun(office: Clicked, client: httpx.AsyncClient) -> str:
    """Wait until the call is in the records; return its id."""
    with anyio.fail_after(ANSWER_SECONDS):
        while True:
            calls = (await client.get("/v1/calls?state=live")).raise_for_status().json()["calls"]
            if calls:
                call_id: str = calls[0]["call_id"]
                return call_id


async def test_a_click_is_heard_on_the_socket_and_seen_on_the_screens(
    office: Clicked, settings: Settings
) -> None:
    supervisor = await office.server.token(Role.SUPERVISOR)
    async with (
        person(office, "sato", Role.OPERATOR) as sato,
        office.server.screen(supervisor) as screen,
        jambonz(office, play=True) as stream,
    ):
        call_id = await begun(office, sato)
        offered = (await sato.get(f"/v1/calls/{call_id}/telephone")).json()
        answer = await sato.post(f"/v1/calls/{call_id}/announcements/closing", json=YES)
        with anyio.fail_after(ANSWER_SECONDS):
            heard = json.loads(await stream.recv())
        told = (await hear_until(screen, "note"))[-1]
        notes = (await sato.get(f"/v1/calls/{call_id}")).json()["notes"]

    stored = (Path(settings.data_dir) / "announcements/closing.wav").read_bytes()
    assert offered["can_play"] is True
    assert (answer.status_code, heard["type"]) == (200, "playAudio")
    assert stored.endswith(base64.b64decode(heard["data"]["audioContent"]))
    assert (told["data"]["kind"], told["data"]["result"]) == ("telephone_play", "done")
    assert [(note["kind"], note["by"]) for note in notes] == [("telephone_play", "sato")]


async def test_the_exchange_learns_the_ids_that_it_gave_itself(office: Clicked) -> None:
    async with (
        person(office, "kacho", Role.SUPERVISOR) as kacho,
        jambonz(office, caller_channel_id="1700000000.7"),
    ):
        call_id = await begun(office, kacho)
        answer = await kacho.post(f"/v1/calls/{call_id}/end", json=YES)

    ((_, call, _),) = office.control.asked
    assert answer.status_code == 200
    assert call.call_id == call_id
    assert call.exchange["caller_channel_id"] == "1700000000.7"


async def test_a_stream_that_was_not_set_up_for_it_is_sent_nothing(office: Clicked) -> None:
    office.doors.line = None
    async with person(office, "sato", Role.OPERATOR) as sato, jambonz(office) as stream:
        call_id = await begun(office, sato)
        offered = (await sato.get(f"/v1/calls/{call_id}/telephone")).json()
        answer = await sato.post(f"/v1/calls/{call_id}/announcements/closing", json=YES)
        await stream.close()
        left = [frame async for frame in stream]

    assert offered["can_play"] is False
    assert (answer.status_code, answer.json()["code"]) == (503, "no_way_back")
    assert left == []
