"""The shipped call through every door, played by its exchange's simulator: the same sound, the same alerts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from app.auth.identity import Role
from app.bootstrap import prepare_model
from app.demo.catalogue import demo_sound
from app.settings import Settings
from app.simulate.audiosocket import pair_uuid
from app.simulate.dialects import DIALECTS
from app.simulate.exchange import SimulatedCall
from app.simulate.native import CallSound
from app.simulate.twilio import TwilioExchange
from app.telephony.messages import call_name
from asr.wav import read_wav
from tests.app.serving import ServerProcess, free_port

pytestmark = pytest.mark.model

CALL = "snow_step_by_step"
MULAW_SILENCE = b"\xff"
FRAME_SAMPLES = 160
TRACKS = (0, 1)
SPEED = 1.0
"""Faster, a busy machine read some doors' sentences less thoroughly than others'."""
APART_SAMPLES = 256 * 40
"""Each call is silent 1.28 s longer than the one before, so that not all seven speak at once; whole windows of the
voice activity detector, so that all are cut alike."""
DOORS = ("native", "asterisk", "audiosocket", "freeswitch", "jambonz", "twilio", "audiohook")
KEY, CLIENT_SECRET, AUTH_TOKEN = "key-1", "ZG9vcnMgYXJlIG9wZW5lZCBieSBrZXlz", "12345"
NUMBER, SECTION = "0119990000", "市民課"


@pytest.fixture
def installation(tmp_path: Path) -> ServerProcess:
    model = prepare_model(Settings(data_dir=tmp_path / "model")).path
    port = free_port()
    return ServerProcess(
        tmp_path,
        model,
        {
            # Read in company, the very same samples were read otherwise, by 41 of 210 characters: each is read alone.
            "MIMAMORI_ASR__BATCH_SIZE": "1",
            "MIMAMORI_ASR__PARTIALS": "false",
            "MIMAMORI_RECORDING__SECTIONS": "*",
            "MIMAMORI_RECORDING__RESERVE_MB": "0",
            "MIMAMORI_TELEPHONY__TWILIO__AUTH_TOKEN": AUTH_TOKEN,
            "MIMAMORI_TELEPHONY__TWILIO__ONE_TIME_TOKEN": "false",
            "MIMAMORI_TELEPHONY__AUDIOHOOK__KEYS": f'{{"{KEY}": "{CLIENT_SECRET}"}}',
            "MIMAMORI_TELEPHONY__AUDIOSOCKET__LISTEN": f"127.0.0.1:{port}",
            "MIMAMORI_TELEPHONY__SECTIONS_BY_NUMBER": f'{{"{NUMBER}": "{SECTION}"}}',
        },
    )


def silence(samples: int) -> bytes:
    return MULAW_SILENCE * 2 * samples


def call_of(server: ServerProcess, token: str, door: str) -> SimulatedCall:
    dialect = DIALECTS[door]
    secrets = {"twilio": AUTH_TOKEN, "audiohook": CLIENT_SECRET}
    listen = server.environment["MIMAMORI_TELEPHONY__AUDIOSOCKET__LISTEN"]
    return SimulatedCall(
        url="ws" + server.url.removeprefix("http") + dialect.path if dialect.path else listen,
        sound=CallSound(silence(DOORS.index(door) * APART_SAMPLES) + demo_sound(CALL)),
        call_id=f"6f1c2a34-0000-4000-8000-0000000000{DOORS.index(door):02}",
        from_number="09000000000",
        to_number=NUMBER,
        operator="sato",
        secret=secrets.get(door, token),
        key=KEY if door == "audiohook" else "",
        speed=SPEED,
    )


async def play(server: ServerProcess, token: str, door: str) -> None:
    call = call_of(server, token, door)
    if door == "twilio":
        await TwilioExchange(call, public_url=call.url).play()
    else:
        await DIALECTS[door].new(call).play()


async def records_of(server: ServerProcess) -> dict[str, dict[str, Any]]:
    """Return every call of the section and of none, with what was recorded, by its door."""
    records: dict[str, dict[str, Any]] = {}
    auditor = await server.token(Role.AUDITOR, section="")
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {auditor}"}) as client:
        for door in DOORS:
            named = f"6f1c2a34-0000-4000-8000-0000000000{DOORS.index(door):02}"
            if door == "audiosocket":
                named = str(pair_uuid(named, "caller", plays=False))
            call_id = named if door == "native" else call_name(door, named)
            answer = await client.get(f"{server.url}/v1/calls/{call_id}")
            records[door] = answer.raise_for_status().json()
            sound = await client.get(f"{server.url}/v1/calls/{call_id}/recording.wav")
            payload = read_wav(sound.raise_for_status().content).payload
            records[door]["tracks"] = [one_zero(payload[number::2]) for number in TRACKS]
    return records


async def test_every_door_carries_the_shipped_call_to_the_same_alerts(
    installation: ServerProcess,
) -> None:
    async with installation.serving():
        token = await installation.token(Role.STREAM)
        async with anyio.create_task_group() as calls:
            for door in DOORS:
                calls.start_soon(play, installation, token, door)
        records = await records_of(installation)

    native = records.pop("native")
    assert native["call"]["top_level"] == 3
    for door, record in records.items():
        assert record["call"]["top_level"] == 3, door
        assert record["gaps"] == [], door
        assert all(spoken(n) in record["tracks"][n] for n in TRACKS), door
        assert categories(record) >= categories(native) - DOUBTFUL, door
    assert records["asterisk"]["call"]["operator"] == "sato"


def spoken(number: int) -> bytes:
    """Return one track of the shipped call, but for a last frame that is not full."""
    return one_zero(demo_sound(CALL)[number::2][:-FRAME_SAMPLES])


def one_zero(mulaw: bytes) -> bytes:
    """Write nought one way: mu-law has two, linear samples on the way one."""
    return mulaw.replace(b"\x7f", MULAW_SILENCE)


DOUBTFUL = {"intimidation", "compensation"}
"""Found or not by a syllable of what was recognised, in the native stream too."""


def categories(record: dict[str, Any]) -> set[str]:
    return {name for alert in record["alerts"] for name in alert["categories"]}
