"""A telephone that sends minutes at once is heard to the end, and nobody waits for it."""

from __future__ import annotations

import anyio

from app.settings import Settings
from tests.app.running import running_server, send
from tests.app.sounds import call_bytes, sentences
from tests.app.test_stream import begin, record_of, stop
from tests.fakes_transcriber import ScriptedTranscriber

SENTENCES = 24
ONE = call_bytes(sentences(1))


async def test_minutes_at_once_are_heard_to_the_end_and_a_call_beside_them_ends_before(
    settings: Settings,
) -> None:
    minutes = call_bytes(sentences(SENTENCES))
    ended: list[str] = []
    transcriber = ScriptedTranscriber(*("言葉",) * (SENTENCES + 1))
    async with (
        running_server(settings, transcriber) as server,
        server.stream() as much,
        server.stream() as little,
    ):
        await begin(much, call_id="much")
        await begin(little, call_id="little")
        async with anyio.create_task_group() as telephones:

            async def play(stream: str) -> None:
                socket, payload = (much, minutes) if stream == "much" else (little, ONE)
                await send(socket, payload)
                stopped = await stop(socket)
                assert stopped["position_samples"] == len(payload) // 2
                ended.append(stream)

            telephones.start_soon(play, "much")
            telephones.start_soon(play, "little")
        record = await record_of(server, "much")

    assert ended == ["little", "much"]
    assert len(record["utterances"]) == SENTENCES
    assert record["gaps"] == []
