"""How the server keeps up: told to screens when it matters, and to administrators when they ask."""

from __future__ import annotations

import pytest

from app.auth.identity import Role
from app.health import Health, SheddingNews, Status, health_of, with_pause
from app.loop_pause import PauseCount
from app.settings import Settings
from asr.types import Shedding
from tests.app.running import in_own_task, running_server
from tests.fakes_transcriber import ScriptedTranscriber


@pytest.mark.parametrize(("late_ms", "told"), [(101, {"loop_pause_ms": 101}), (100, {}), (0, {})])
def test_a_pause_is_told_if_telephones_may_have_noticed_it(
    late_ms: int, told: dict[str, int]
) -> None:
    count = PauseCount()
    count.note(late_ms, 5_000)

    health = with_pause(Health(0, Status.OK), count.read(5_200))

    assert health.fields() == {
        "recognition_delay_ms": 0,
        "status": "ok",
        "shedding": "nothing",
        **told,
    }


def test_what_is_left_out_is_told_with_how_late_words_are() -> None:
    transcriber = ScriptedTranscriber()
    transcriber.shedding = Shedding.THOROUGHNESS

    busy = health_of(transcriber)
    transcriber.ready = False
    down = health_of(transcriber)

    assert busy.fields()["shedding"] == down.fields()["shedding"] == "thoroughness"
    assert (busy.status, down.status) == (Status.OK, Status.DOWN)


def test_a_step_of_shedding_is_told_at_once_and_taken_back_after_a_while() -> None:
    steps = [
        (0, Shedding.PARTIALS),
        (1_000, Shedding.OPERATOR),
        (2_000, Shedding.THOROUGHNESS),
        (3_000, Shedding.OPERATOR),
        (11_000, Shedding.THOROUGHNESS),
        (20_999, Shedding.OPERATOR),
        (21_000, Shedding.OPERATOR),
        (30_999, Shedding.NOTHING),
        (31_000, Shedding.PARTIALS),
    ]
    news = SheddingNews()

    told = [
        news.of(Health(0, Status.OK, step), at_ms).shedding.name.lower() for at_ms, step in steps
    ]

    assert told == [
        "nothing",
        "operator",
        "thoroughness",
        "thoroughness",
        "thoroughness",
        "thoroughness",
        "operator",
        "operator",
        "nothing",
    ]


async def test_an_administrator_can_ask_how_the_server_keeps_up(settings: Settings) -> None:
    async with (
        in_own_task(running_server(settings, ScriptedTranscriber())) as server,
        server.client(await server.token(Role.ADMINISTRATOR)) as client,
    ):
        answer = (await client.get("/v1/health")).raise_for_status().json()

    pauses = answer.pop("loop_pauses")
    assert answer == {
        "live_calls": 0,
        "recognition_delay_ms": 0,
        "status": "ok",
        "shedding": "nothing",
    }
    assert set(pauses) == {"looks", "lately_ms", "longest_ms", "over_50_ms", "over_100_ms"}
    assert 0 <= pauses["lately_ms"] <= pauses["longest_ms"]
