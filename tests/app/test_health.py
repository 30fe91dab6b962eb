"""How the server keeps up: told to screens when it matters, and to administrators when they ask."""

from __future__ import annotations

import pytest

from app.auth.identity import Role
from app.health import Health, Status, with_pause
from app.loop_pause import PauseCount
from app.settings import Settings
from tests.app.running import in_own_task, running_server
from tests.fakes_transcriber import ScriptedTranscriber


@pytest.mark.parametrize(("late_ms", "told"), [(101, {"loop_pause_ms": 101}), (100, {}), (0, {})])
def test_a_pause_is_told_if_telephones_may_have_noticed_it(
    late_ms: int, told: dict[str, int]
) -> None:
    count = PauseCount()
    count.note(late_ms, 5_000)

    health = with_pause(Health(0, Status.OK), count.read(5_200))

    assert health.fields() == {"recognition_delay_ms": 0, "status": "ok", **told}


async def test_an_administrator_can_ask_how_the_server_keeps_up(settings: Settings) -> None:
    async with (
        in_own_task(running_server(settings, ScriptedTranscriber())) as server,
        server.client(await server.token(Role.ADMINISTRATOR)) as client,
    ):
        answer = (await client.get("/v1/health")).raise_for_status().json()

    pauses = answer.pop("loop_pauses")
    assert answer == {"live_calls": 0, "recognition_delay_ms": 0, "status": "ok"}
    assert set(pauses) == {"looks", "lately_ms", "longest_ms", "over_50_ms", "over_100_ms"}
    assert 0 <= pauses["lately_ms"] <= pauses["longest_ms"]
