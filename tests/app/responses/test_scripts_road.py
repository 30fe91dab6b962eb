"""From a proposal on the page to the operator's screen in a live call, on a whole server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection

from app.auth.access import COOKIE, CSRF_HEADER
from app.auth.administration import Administration
from app.auth.identity import Role
from app.auth.service import Accounts
from app.settings import Settings
from asr.types import Encoding
from asr.wav import wav_bytes
from tests.app.control.clicked import Clicked, clicked_server
from tests.app.running import (
    ANSWER_SECONDS,
    SECTION,
    RunningServer,
    hear,
    hear_until,
    in_own_task,
    running_server,
    say,
    send,
)
from tests.app.sounds import call_bytes, sentences, silence
from tests.fakes_transcriber import ScriptedTranscriber

THREAT: Final = "今からそっちに行って刺してやるからな"
NEW: Final = "職員の安全に関わるお言葉です。このあと、警察に通報することがあります。"
EMERGENCY: Final = "/v1/scripts/emergency.any"
OWN_WARNING: Final = (
    "お話がこのまま変わらないときは、市の受付を打ち止めとし、後は承れなくなります。"
)
"""No rule that ships knows it as a warning."""


@asynccontextmanager
async def person(server: RunningServer, login: str, role: Role) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has signed in at a browser."""
    services = server.services
    accounts = Administration(services.database, services.clock)
    made = await accounts.create_user(login=login, display_name=login, role=role, section=SECTION)
    given = await accounts.reset_password(made.user.id, must_change=False)
    signed_in = await Accounts(services.database, services.clock, services.settings.auth).sign_in(
        login, given.one_time_password, address="127.0.0.1"
    )
    async with httpx.AsyncClient(
        base_url=server.url,
        cookies={COOKIE: signed_in.secret},
        headers={CSRF_HEADER: signed_in.identity.csrf_token, "Origin": server.url},
        timeout=ANSWER_SECONDS,
    ) as client:
        yield client


@asynccontextmanager
async def live_call(
    server: RunningServer, call_id: str, **metadata: Any
) -> AsyncIterator[ClientConnection]:
    async with server.stream() as stream:
        begun = {"type": "start", "call_id": call_id, "operator": "sato", "metadata": metadata}
        await say(stream, begun)
        await hear(stream)
        yield stream


async def suggested(
    server: RunningServer, transcriber: ScriptedTranscriber, call_id: str, **metadata: Any
) -> dict[str, Any]:
    """Return what the operator's screen is told when somebody threatens."""
    transcriber.say(THREAT)
    async with (
        server.screen(await server.token(Role.SUPERVISOR)) as screen,
        live_call(server, call_id, **metadata) as stream,
    ):
        await send(stream, call_bytes(sentences(1)))
        told: dict[str, Any] = (await hear_until(screen, "script.suggested"))[-1]["data"]
        await say(stream, {"type": "stop"})
        await hear(stream)
    return told


async def approve_new_words(server: RunningServer) -> None:
    wanted = {"text": NEW, "note": "すぐ上司に合図します。", "reason": "短く", "based_on": 0}
    async with (
        person(server, "kanri", Role.ADMINISTRATOR) as kanri,
        person(server, "mori", Role.SUPERVISOR) as mori,
    ):
        (await kanri.post(f"{EMERGENCY}/versions", json=wanted)).raise_for_status()
        (await mori.post(f"{EMERGENCY}/versions/1/approve")).raise_for_status()


async def test_the_next_live_call_is_given_the_words_that_another_person_approved(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    before = await suggested(server, transcriber, "c1")
    await approve_new_words(server)
    after = await suggested(server, transcriber, "c2")

    assert (before["draft"], before["version"]) == (True, 0)
    assert before["text"] != NEW
    assert after == {
        "script_id": "emergency.any",
        "version": 1,
        "draft": False,
        "step": "emergency",
        "category": None,
        "text": NEW,
        "note": "すぐ上司に合図します。",
        "recorded": False,
    }


async def test_a_screen_that_opens_later_reads_the_same_sentence(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    transcriber.say(THREAT)
    supervisor = await server.token(Role.SUPERVISOR)
    async with (
        server.screen(supervisor) as screen,
        live_call(server, "c1") as stream,
        server.client(supervisor) as client,
    ):
        await send(stream, call_bytes(sentences(1)))
        told = (await hear_until(screen, "script.suggested"))[-1]["data"]
        script = (await client.get("/v1/calls/c1")).json()["script"]

    assert script == told


async def test_the_telephone_says_that_the_notice_was_played(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    without = await suggested(server, transcriber, "c1")
    played = await suggested(server, transcriber, "c2", recording_notice="played")

    assert "録音" not in without["text"]
    assert (played["recorded"], played["text"]) == (
        True,
        "このお電話は録音しております。職員の安全のため、警察に通報することがあります。",
    )


@pytest.mark.parametrize(("name", "claims"), [("recording_notice", True), ("closing", False)])
async def test_once_the_notice_was_played_into_the_call_the_sentence_may_say_so(
    settings: Settings,
    name: str,
    claims: bool,
) -> None:
    transcriber = ScriptedTranscriber()
    async with in_own_task(clicked_server(settings, transcriber)) as office:
        sound = np.linspace(-0.5, 0.5, 8_000, dtype=np.float32)
        office.announcements.add(name, wav_bytes(Encoding.PCM_S16LE, 8_000, [sound]))
        async with (
            live_call(office.server, "c1") as stream,
            person(office.server, "sato", Role.OPERATOR) as sato,
        ):
            played = await sato.post(f"/v1/calls/c1/announcements/{name}", json={"confirmed": True})
            told = await threatened(office, transcriber, stream)

    assert played.status_code == 200
    assert told["recorded"] is claims
    assert ("録音" in told["text"]) is claims


async def threatened(
    office: Clicked, transcriber: ScriptedTranscriber, stream: ClientConnection
) -> dict[str, Any]:
    transcriber.say(THREAT)
    async with office.server.screen(await office.server.token(Role.SUPERVISOR)) as screen:
        await send(stream, call_bytes(sentences(1)))
        told: dict[str, Any] = (await hear_until(screen, "script.suggested"))[-1]["data"]
    return told


async def test_a_restarted_server_still_knows_that_the_notice_was_played(
    settings: Settings, transcriber: ScriptedTranscriber
) -> None:
    payload = call_bytes(sentences(1))
    async with (
        in_own_task(running_server(settings, transcriber)) as first,
        live_call(first, "c1", recording_notice="played"),
    ):
        pass
    transcriber.say(THREAT)
    async with in_own_task(running_server(settings, transcriber)) as second:
        supervisor = await second.token(Role.SUPERVISOR)
        async with (
            second.stream(first.stream_token) as stream,
            second.screen(supervisor) as screen,
        ):
            await say(stream, {"type": "start", "call_id": "c1", "resume": True})
            await hear(stream)
            await send(stream, payload)
            told = (await hear_until(screen, "script.suggested"))[-1]["data"]

    assert told["recorded"] is True
    assert "録音しております" in told["text"]


async def say_the_own_warning(
    server: RunningServer, transcriber: ScriptedTranscriber, stream: ClientConnection
) -> int:
    """Let the operator say it, end the call, and return how many warnings were counted."""
    transcriber.say(OWN_WARNING)
    await send(stream, call_bytes(silence(400), sentences(1)))
    await say(stream, {"type": "stop"})
    await hear_until(stream, "stopped")
    async with server.client(await server.token(Role.AUDITOR)) as client:
        calls = (await client.get("/v1/calls?state=ended")).raise_for_status().json()["calls"]
    counted: int = calls[0]["warnings_spoken"]
    return counted


async def test_a_call_that_begins_after_the_approval_knows_the_offices_warning(
    server: RunningServer, transcriber: ScriptedTranscriber
) -> None:
    wanted = {"text": OWN_WARNING, "reason": "市の言い方にする", "based_on": 0}
    async with live_call(server, "before") as before:
        async with (
            person(server, "kanri", Role.ADMINISTRATOR) as kanri,
            person(server, "mori", Role.SUPERVISOR) as mori,
        ):
            path = "/v1/scripts/warn.any/versions"
            (await kanri.post(path, json=wanted)).raise_for_status()
            (await mori.post(f"{path}/1/approve")).raise_for_status()
        counted_before = await say_the_own_warning(server, transcriber, before)
    async with live_call(server, "after") as after:
        counted_after = await say_the_own_warning(server, transcriber, after)

    assert (counted_before, counted_after) == (0, 1)
