"""Real calls on the real road: sound over a socket, Silero, Whisper, detection, the tables."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from app.auth.identity import Role
from app.bootstrap import prepare_model
from app.demo.catalogue import DemoTurn, demo_calls, demo_sound, demo_turns
from app.settings import Settings
from app.simulate.native import CallSound, NativeTelephone
from detection.measures import character_errors, total
from detection.types import Speaker
from tests.app.serving import ServerProcess

pytestmark = pytest.mark.model

SPEED = 4.0
"""Two cores recognise one call at least this fast."""
SPEED_TOGETHER = 3.0
"""… and all shipped calls at once this fast: 18 times real time, measured at 0.6 of a core."""


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_model(Settings(data_dir=tmp_path_factory.mktemp("model"))).path


@pytest.fixture
def installation(tmp_path: Path, model_dir: Path) -> ServerProcess:
    return ServerProcess(tmp_path, model_dir)


def telephone(server: ServerProcess, token: str, call_id: str, speed: float) -> NativeTelephone:
    return NativeTelephone(
        url=server.stream_url,
        token=token,
        sound=CallSound(demo_sound(call_id)),
        call_id=call_id,
        speed=speed,
    )


async def record_of(server: ServerProcess, call_id: str) -> dict[str, Any]:
    token = await server.token(Role.SUPERVISOR)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        answer = await client.get(f"{server.url}/v1/calls/{call_id}")
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def text_of(record: dict[str, Any], track: str) -> str:
    return "".join(u["text"] for u in record["utterances"] if u["track"] == track)


def turns_of(call_id: str, speaker: Speaker) -> Iterator[DemoTurn]:
    return (turn for turn in demo_turns(call_id) if turn.speaker is speaker)


async def test_every_shipped_call_becomes_what_it_was_made_to_be(
    installation: ServerProcess,
) -> None:
    async with installation.serving():
        token = await installation.token(Role.STREAM)
        async with anyio.create_task_group() as lines:
            for call in demo_calls():
                phone = telephone(installation, token, call.call_id, SPEED_TOGETHER)
                lines.start_soon(phone.play)
        records = {
            call.call_id: await record_of(installation, call.call_id) for call in demo_calls()
        }

    errors = total(
        character_errors(
            "".join(turn.text for turn in turns_of(call.call_id, speaker)),
            text_of(records[call.call_id], speaker.value),
        )
        for call in demo_calls()
        for speaker in Speaker
    )
    assert errors.rate is not None
    assert errors.rate < 0.35
    assert all(not record["gaps"] for record in records.values())
    for call in demo_calls():
        record = records[call.call_id]
        first = call.expected.first_alert_category
        raised = [alert["categories"] for alert in record["alerts"]]
        if first is None:
            assert raised == [], f"{call.call_id} must stay quiet"
        else:
            assert any(first.value in categories for categories in raised), call.call_id
            assert record["call"]["top_level"] >= call.expected.max_level, call.call_id


async def test_a_server_killed_in_the_middle_of_a_call_stores_every_utterance_once(
    installation: ServerProcess,
) -> None:
    call = "snow_step_by_step"
    async with installation.serving() as first:
        token = await installation.token(Role.STREAM)
        phone = telephone(installation, token, call, SPEED)

        def kill_in_the_middle(position_ms: int) -> None:
            if position_ms > phone.sound.duration_ms // 2 and first.returncode is None:
                first.send_signal(signal.SIGKILL)

        phone.on_position = kill_in_the_middle
        judged = anyio.Event()

        async def play() -> None:
            await phone.play()
            judged.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(play)
            await first.wait()
            async with installation.serving():
                await judged.wait()
                record = await record_of(installation, call)

    assert phone.reconnects >= 1
    for track in ("caller", "operator"):
        spans = [(u["start_ms"], u["end_ms"]) for u in record["utterances"] if u["track"] == track]
        assert spans == sorted(spans)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
        for turn in turns_of(call, Speaker(track)):
            heard = sum(
                max(0, min(end_ms, turn.end_ms) - max(start_ms, turn.start_ms))
                for start_ms, end_ms in spans
            )
            assert heard > 0.7 * (turn.end_ms - turn.start_ms), turn.text
    assert record["call"]["top_level"] >= 2
