"""Who may bring calls: every door asks for its own proof, and refuses with its own code."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import pytest
from structlog.testing import capture_logs
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.auth.identity import Role
from app.settings import Settings
from app.telephony.door_access import admit_door, lies_within
from app.telephony.twilio_signature import sign
from tests.app.running import RunningServer, hear, in_own_task, running_server
from tests.app.telephony.doors import (
    AUTH_TOKEN,
    CLIENT_SECRET,
    KEY,
    SENTENCE,
    basic,
    both_legs,
    close_code,
    door_url,
    leg,
    record_of,
    recorded,
    revoke,
    socket_to,
    speak,
    tell,
    until,
    with_stream,
    with_telephony,
    words,
)

TOKEN_DOORS = ("asterisk", "freeswitch", "jambonz", "twilio")
CERTIFICATE = "X-Client-Subject"
SUBJECT = "CN=pbx.example"


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[RunningServer]:
    async with in_own_task(running_server(settings, words())) as running:
        yield running


async def code_at(server: RunningServer, door: str, headers: dict[str, str]) -> int | None:
    async with socket_to(server, door, headers=headers, call_id="c1", format="ulaw") as socket:
        return await close_code(socket)


async def admitted(server: RunningServer, headers: dict[str, str], call_id: str) -> bool:
    """Say whether Asterisk's door takes a call with *headers*."""
    async with leg(server, "caller", call_id, headers=headers) as socket:
        with suppress(ConnectionClosed):
            await speak(socket, SENTENCE)
        found = server.services.registry.find
        with anyio.move_on_after(10):
            await until(
                lambda: found(f"asterisk.{call_id}") is not None or socket.close_code is not None
            )
        return found(f"asterisk.{call_id}") is not None


async def test_whoever_proves_nothing_is_refused_at_every_door(server: RunningServer) -> None:
    for proof in (
        {},
        {"Authorization": "Bearer mim_wrong"},
        {"Authorization": basic("mim_wrong")},
        {"Authorization": "Basic mim_wrong"},
        {"Authorization": f"Digest {'x' * 8_000}"},
    ):
        codes = {door: await code_at(server, door, proof) for door in TOKEN_DOORS}

        assert codes == dict.fromkeys(TOKEN_DOORS, 4401), proof


async def test_whoever_looks_after_the_server_reads_in_its_log_why_a_line_was_refused(
    server: RunningServer,
) -> None:
    with capture_logs() as written:
        await code_at(server, "asterisk", {"Authorization": "Bearer mim_wrong"})
        async with server.stream("mim_wrong") as native:
            await close_code(native)

    told = [(each["door"], each["refusal"]) for each in written if "refusal" in each]
    assert told == [("asterisk", "unauthorised"), ("native", "unauthorised")]
    assert "mim_wrong" not in str(written)


async def test_a_token_of_another_role_is_refused_at_every_door(server: RunningServer) -> None:
    operator = await server.token(Role.OPERATOR)
    shown = {"Authorization": basic(operator)}

    assert {door: await code_at(server, door, shown) for door in TOKEN_DOORS} == dict.fromkeys(
        TOKEN_DOORS, 4403
    )


async def test_a_token_is_taken_as_bearer_and_as_the_password_of_any_user(
    server: RunningServer,
) -> None:
    token = server.stream_token
    shown = [f"Bearer {token}", f"bearer  {token}", basic(token), basic(token, user="")]

    taken = [
        await admitted(server, {"Authorization": each}, f"c{number}")
        for number, each in enumerate(shown)
    ]

    assert taken == [True] * len(shown)


async def test_freeswitch_hears_why_it_was_refused(server: RunningServer) -> None:
    async with socket_to(server, "freeswitch", headers={}) as socket:
        said = await hear(socket)

    assert (said["type"], said["data"]["code"]) == ("error", "unauthorised")


async def test_doors_without_their_settings_are_closed(server: RunningServer) -> None:
    async with (
        socket_to(server, "twilio", headers={"X-Twilio-Signature": "x"}) as twilio,
        socket_to(server, "audiohook", headers={}) as audiohook,
    ):
        said = await hear(audiohook)
        codes = [await close_code(twilio), await close_code(audiohook)]

    assert codes == [4404, 4404]
    assert (said["type"], said["parameters"]["reason"]) == ("disconnect", "error")
    assert said["parameters"]["info"].startswith("not_configured")


async def test_a_twilio_that_signs_wrongly_is_refused(settings: Settings) -> None:
    open_door = with_telephony(settings, twilio={"auth_token": AUTH_TOKEN})
    async with running_server(open_door, words()) as server:
        code = await code_at(server, "twilio", {"X-Twilio-Signature": "aGVsbG8="})

    assert code == 4401


async def test_an_audiohook_without_a_signature_is_told_so_in_its_own_words(
    settings: Settings,
) -> None:
    open_door = with_telephony(settings, audiohook={"keys": {KEY: CLIENT_SECRET}})
    async with (
        running_server(open_door, words()) as server,
        socket_to(server, "audiohook", headers={"X-API-KEY": KEY}) as socket,
    ):
        said = await hear(socket)

    assert (said["type"], said["parameters"]["reason"]) == ("disconnect", "unauthorized")
    assert said["seq"] == 1


async def test_a_token_that_is_revoked_ends_the_stream_that_runs(settings: Settings) -> None:
    async with running_server(with_stream(settings, recheck_seconds=0), words()) as server:
        admitted_as = await server.token(Role.STREAM, name="leased")
        shown = {"Authorization": f"Bearer {admitted_as}"}
        async with leg(server, "caller", headers=shown) as socket:
            await speak(socket, SENTENCE)
            await until(lambda: bool(server.services.registry.live_calls))
            await revoke(server, "leased")
            await socket.send(SENTENCE[:160])
            code = await close_code(socket)

    assert code == 4401


async def test_a_signed_door_can_be_closed_by_revoking_its_token(settings: Settings) -> None:
    public = settings.model_copy(update={"public_url": "https://office.example"})
    async with running_server(
        with_telephony(public, twilio={"auth_token": AUTH_TOKEN}), words()
    ) as server:
        signed = sign("wss://office.example/v1/stream/twilio", (), AUTH_TOKEN)
        await admit_door(server.services, "twilio")
        await revoke(server, "door:twilio")
        shown = {"X-Twilio-Signature": signed}
        async with socket_to(server, "twilio", headers=shown) as socket:
            code = await close_code(socket)

    assert code == 4403


async def test_a_door_s_own_token_is_made_once_however_many_come(server: RunningServer) -> None:
    found = []

    async def admit() -> None:
        found.append(await admit_door(server.services, "audiohook"))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(admit)

    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.parametrize(
    ("configured", "proxies", "shown"),
    [
        (
            CERTIFICATE,
            "127.0.0.1",
            [
                ({CERTIFICATE: SUBJECT}, True),
                ({CERTIFICATE: SUBJECT, "X-Forwarded-For": "203.0.113.5"}, True),
                ({CERTIFICATE: "CN=somebody.example"}, False),
            ],
        ),
        (
            CERTIFICATE,
            "192.0.2.1",
            [
                ({CERTIFICATE: SUBJECT}, False),
                ({CERTIFICATE: SUBJECT, "X-Forwarded-For": "192.0.2.1"}, False),
            ],
        ),
        ("", "127.0.0.1", [({CERTIFICATE: SUBJECT}, False)]),
    ],
    ids=["our proxy", "no proxy of ours", "not asked for"],
)
async def test_a_client_certificate_counts_only_from_a_trusted_proxy(
    settings: Settings,
    configured: str,
    proxies: str,
    shown: list[tuple[dict[str, str], bool]],
) -> None:
    behind = with_telephony(
        settings.model_copy(update={"trusted_proxies": proxies}),
        client_certificate_header=configured,
        client_certificates={SUBJECT: "exchange"},
    )
    async with running_server(behind, words()) as server:
        for number, (headers, taken) in enumerate(shown):
            assert await admitted(server, headers, f"c{number}") is taken, headers


@pytest.mark.parametrize(
    ("address", "networks", "within"),
    [
        ("10.0.0.5", ("10.0.0.0/8",), True),
        ("::ffff:10.0.0.5", ("10.0.0.0/8",), True),
        ("10.0.0.5", ("proxy.local", "10.0.0.5"), True),
        ("::1", ("127.0.0.0/8", "::1/128"), True),
        ("192.0.2.1", ("10.0.0.0/8", ""), False),
        ("", ("0.0.0.0/0",), False),
    ],
)
def test_an_address_lies_within_a_network_however_the_socket_names_it(
    address: str, networks: tuple[str, ...], within: bool
) -> None:
    assert lies_within(address, networks) is within


async def test_a_subprotocol_is_answered_where_the_exchange_asks_for_it(
    server: RunningServer,
) -> None:
    chosen = {}
    for door, offered in (
        ("asterisk", ("media",)),
        ("asterisk", ()),
        ("asterisk", ("somebody.else",)),
        ("freeswitch", ("audio.drachtio.org",)),
        ("freeswitch", ("x", "audiostream.drachtio.org")),
        ("jambonz", ("audio.jambonz.org",)),
        ("twilio", ("media",)),
    ):
        async with socket_to(server, door, subprotocols=offered) as socket:
            chosen[door, offered] = socket.subprotocol

    assert chosen == {
        ("asterisk", ("media",)): "media",
        ("asterisk", ()): None,
        ("asterisk", ("somebody.else",)): None,
        ("freeswitch", ("audio.drachtio.org",)): "audio.drachtio.org",
        ("freeswitch", ("x", "audiostream.drachtio.org")): "audiostream.drachtio.org",
        ("jambonz", ("audio.jambonz.org",)): "audio.jambonz.org",
        ("twilio", ("media",)): None,
    }


async def test_no_frame_is_ever_compressed(server: RunningServer) -> None:
    async with connect(
        door_url(server, "asterisk"),
        additional_headers={"Authorization": f"Bearer {server.stream_token}"},
        subprotocols=[Subprotocol("media")],
        compression="deflate",
    ) as socket:
        assert socket.response is not None
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_another_token_can_neither_join_a_call_nor_tell_of_it(server: RunningServer) -> None:
    other = await server.token(Role.STREAM, name="other")
    shown = {"Authorization": f"Bearer {other}"}
    async with both_legs(server) as (caller, _operator):
        async with leg(server, "operator", headers=shown) as stranger:
            await speak(stranger, SENTENCE)
            code = await close_code(stranger)
        told = [
            await tell(server, "ended", token=other),
            await tell(server, "ended", "c2"),
            await tell(server, "held"),
        ]
        await speak(caller, SENTENCE)
    await record_of(server, "asterisk.c1")

    assert code == 4403
    assert told == [404, 404, 204]
    assert await recorded(server) == ["asterisk.c1"]
