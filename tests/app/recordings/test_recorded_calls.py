"""Calls through the real server, and what is kept of their sound."""

from __future__ import annotations

import pytest

from app.settings import Settings
from tests.app.recordings.recorded import (
    facts_of_recording,
    fetched,
    noise,
    sound_of,
    whole_call,
)
from tests.app.running import RunningServer


async def test_a_call_is_kept_byte_for_byte(server: RunningServer) -> None:
    payload = noise(16_000 * 3 + 320)

    await whole_call(server, payload, call_id="c1")

    assert await sound_of(server, "c1") == payload
    facts = await facts_of_recording(server, "c1")
    assert facts["standing"] == "kept"
    assert facts["complete"] is True
    assert facts["samples"] == len(payload) // 2
    assert facts["stretches"] == [{"start_ms": 0, "end_ms": 3_020, "kind": "sound"}]


async def test_what_lies_on_the_disk_is_sealed_and_tells_nothing_of_the_call(
    server: RunningServer, settings: Settings
) -> None:
    payload = bytes(range(256)) * 200

    await whole_call(server, payload, call_id="0112345678")
    assert await sound_of(server, "0112345678") == payload

    (file,) = (settings.data_dir / "recordings").iterdir()
    stored = file.read_bytes()
    assert payload[:32] not in stored
    assert "0112345678" not in file.name
    assert b"0112345678" not in stored
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("encoding", "rate", "frame_bytes"),
    [("alaw", 8_000, 2), ("pcm_s16le", 8_000, 4), ("pcm_s16le", 16_000, 4)],
)
async def test_every_format_is_kept_as_it_was_carried(
    server: RunningServer, encoding: str, rate: int, frame_bytes: int
) -> None:
    payload = noise(rate * frame_bytes * 2)

    await whole_call(server, payload, call_id="c1", encoding=encoding, rate=rate)
    await fetched(server, "/v1/calls/c1/recording")
    stored = await server.services.recordings.find("c1")

    assert stored is not None
    assert stored.carried(0, rate * 2) == payload
    assert len(await sound_of(server, "c1")) == 2 * 8_000 * 2


async def test_a_call_without_any_sound_has_nothing_to_hear(server: RunningServer) -> None:
    await whole_call(server, b"", call_id="c1")

    review = await fetched(server, "/v1/calls/c1/review")

    assert review.json()["recording"] == {"state": "none"}
