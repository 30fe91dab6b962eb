"""Hearing a recording: whole or by range, as two tracks of mu-law, by those who may."""

from __future__ import annotations

import base64
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.auth.identity import Role
from app.calls.protocol import Track
from app.demo.catalogue import demo_sound
from app.recordings.chunks import FILE_HEAD, MARK, Kind
from app.recordings.models import Recording
from app.recordings.peaks import peaks_of
from app.recordings.settings import RecordingSettings
from app.recordings.wav import HEAD_BYTES, NotThere, Wav, asked_range
from app.settings import Settings
from app.trail.models import TrailRow
from asr.codec import decode, encode
from asr.types import AudioFormat, Encoding
from tests.app.recordings.recorded import (
    begin,
    facts_of_recording,
    fetched,
    noise,
    sound_of,
    stop,
    whole_call,
)
from tests.app.running import RunningServer, send

BOTH = (Track.CALLER, Track.OPERATOR)
MULAW = AudioFormat(Encoding.MULAW, 8_000, 2)
WIDE = AudioFormat(Encoding.PCM_S16LE, 16_000, 2)
WAV = "/v1/calls/c1/recording.wav"


def carried_by(payload: bytes, audio_format: AudioFormat) -> Callable[[int, int], bytes]:
    """Return what reads *payload* as a stored recording does: zeros where there is none."""
    frame_bytes = audio_format.frame_bytes

    def carried(first: int, count: int) -> bytes:
        before = bytes(max(0, -first) * frame_bytes)
        found = payload[max(0, first) * frame_bytes : max(0, first + count) * frame_bytes]
        return (before + found).ljust(count * frame_bytes, b"\x00")

    return carried


async def test_the_demo_call_is_heard_as_it_was_played(
    server: RunningServer, tmp_path: Path
) -> None:
    # Sent as fast as it goes: more than a minute at once is more than is kept for a slow disk.
    payload = demo_sound("fair_complaint")[: 50 * 16_000]

    await whole_call(server, payload, call_id="c1")
    answer = await fetched(server, WAV)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["content-length"]) == len(answer.content) == 58 + len(payload)
    same = answer.content[58:] == payload
    assert same, "what is heard is not what was played"
    stored = await server.services.recordings.find("c1")
    assert stored is not None
    operator = stored.read(Track.OPERATOR, 8_000, 4_000)
    expected = decode(Encoding.MULAW, payload[16_001:24_001:2]) * 32_768
    assert operator.dtype == np.int16
    assert (operator == expected).all()


async def test_silence_is_read_before_the_beginning_and_behind_the_end(
    server: RunningServer,
) -> None:
    await whole_call(server, noise(320), call_id="c1")
    await facts_of_recording(server, "c1")
    stored = await server.services.recordings.find("c1")

    assert stored is not None
    assert not stored.read(Track.CALLER, -50, 50).any()
    assert not stored.read(Track.CALLER, 160, 9_000).any()
    assert len(stored.read(Track.CALLER, 100, 100)) == 100


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-", 0, None),
        ("bytes=100-99999", 100, None),
        ("bytes=57-61", 57, 62),
        ("bytes=-500", -500, None),
    ],
)
async def test_a_range_is_that_part_of_the_file(
    server: RunningServer, asked: str, begin: int, end: int | None
) -> None:
    await whole_call(server, noise(48_001 * 2), call_id="c1")
    whole = (await fetched(server, WAV)).content

    part = await fetched(server, WAV, Range=asked)

    wanted = whole[begin:end]
    if asked == "bytes=100-99999":
        wanted = whole[100:]
    first = len(whole) + begin if begin < 0 else begin
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes {first}-{first + len(wanted) - 1}/{len(whole)}"
    assert part.content == wanted


async def test_a_range_behind_the_end_is_told_where_the_end_is(server: RunningServer) -> None:
    await whole_call(server, noise(320), call_id="c1")

    answer = await fetched(server, WAV, Range="bytes=378-")

    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */378"


@given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 300))
def test_a_range_lies_within_the_file(first: int, last: int, length: int) -> None:
    try:
        asked = asked_range(f"bytes={first}-{last}", length)
    except NotThere:
        assert first >= length
        return

    if last < first:
        assert asked is None  # nonsense asks for the whole
    else:
        assert asked == (first, min(last + 1, length))


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=-", "bytes=1-2,4-5", "samples=0-1", "bytes=a-b", f"bytes={'9' * 5_000}-"],
)
def test_what_is_no_single_range_asks_for_the_whole(header: str | None) -> None:
    assert asked_range(header, 100) is None


@given(st.sampled_from([MULAW, WIDE]), st.data())
def test_a_file_is_the_same_whatever_parts_it_is_taken_in(
    audio_format: AudioFormat, data: st.DataObject
) -> None:
    payload = noise(audio_format.frame_bytes * 2_000)
    wav = Wav(audio_format, BOTH, 2_000)
    carried = carried_by(payload, audio_format)
    whole = wav.part(0, wav.length, carried)
    begin = data.draw(st.integers(0, wav.length - 1))
    end = data.draw(st.integers(begin + 1, wav.length))

    assert len(whole) == wav.length
    assert wav.part(begin, end, carried) == whole[begin:end]


def test_wide_sound_stays_in_its_place_when_it_is_halved() -> None:
    at = np.arange(16_000, dtype=np.float32) / 16_000
    tone = (0.4 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
    payload = encode(Encoding.PCM_S16LE, np.repeat(tone, 2))
    wav = Wav(WIDE, BOTH, 16_000)

    heard = decode(Encoding.MULAW, wav.part(HEAD_BYTES, wav.length, carried_by(payload, WIDE))[::2])

    late = {
        n: float(np.abs(heard[200:7_000] - tone[400 + n : 14_000 + n : 2]).max())
        for n in range(-6, 7)
    }
    assert min(late, key=late.__getitem__) in (0, 1)  # a thirtieth of a millisecond at most
    assert min(late.values()) < 0.03


def test_a_call_of_one_track_is_heard_on_its_own_side() -> None:
    one = AudioFormat(Encoding.MULAW, 8_000, 1)
    payload = noise(100)
    wav = Wav(one, (Track.OPERATOR,), 100)

    sound = wav.part(HEAD_BYTES, wav.length, carried_by(payload, one))

    assert sound[1::2] == payload
    assert set(sound[::2]) == {0xFF}


def test_a_player_understands_the_head(tmp_path: Path) -> None:
    wav = Wav(MULAW, BOTH, 100)
    file = tmp_path / "call.wav"
    file.write_bytes(wav.part(0, wav.length, carried_by(noise(200), MULAW)))

    # The standard library reads linear sound only, and says so once it has understood the rest.
    with pytest.raises(wave.Error, match="unknown format: 7"):
        wave.open(str(file))  # noqa: SIM115 - it does not open


@given(st.integers(1, 700), st.integers(1, 2_000), st.integers(0, 9))
def test_peaks_are_the_loudest_of_their_bins(bins: int, samples: int, seed: int) -> None:
    payload = noise(samples * 2, seed)
    found = peaks_of(MULAW, samples, bins, carried_by(payload, MULAW))

    loud = np.abs(decode(Encoding.MULAW, payload)).reshape(-1, 2)
    for track in (0, 1):
        for place in range(bins):
            part = loud[place * samples // bins : (place + 1) * samples // bins, track]
            expected = min(255, int(np.ceil(part.max() * 255))) if len(part) else 0
            assert found[track][place] == expected


async def test_peaks_come_as_bytes_for_each_track(server: RunningServer) -> None:
    await whole_call(server, b"\xff\x80" * 8_000, call_id="c1")

    answer = await fetched(server, "/v1/calls/c1/recording/peaks?bins=10")

    peaks = {track: base64.b64decode(one) for track, one in answer.json()["peaks"].items()}
    assert answer.json()["duration_ms"] == 1_000
    assert peaks == {"caller": bytes(10), "operator": bytes([250] * 10)}


@pytest.mark.parametrize("path", ["recording.wav", "recording/peaks"])
async def test_a_live_call_is_not_heard_from_its_recording(
    server: RunningServer, path: str
) -> None:
    async with server.stream() as stream:
        await begin(stream, call_id="c1")
        await send(stream, noise(16_000))
        answer = await fetched(server, f"/v1/calls/c1/{path}")
        await stop(stream)

    assert (answer.status_code, answer.json()["code"]) == (409, "call_live")


async def hears(server: RunningServer, role: Role, section: str, name: str = "test") -> int:
    async with server.client(await server.token(role, section, name)) as client:
        return (await client.get(WAV)).status_code


async def test_who_hears_a_recording(server: RunningServer) -> None:
    await whole_call(server, noise(320), call_id="c1")

    assert await hears(server, Role.SUPERVISOR, "市民課") == 200
    assert await hears(server, Role.AUDITOR, "市民課") == 200
    assert await hears(server, Role.AUDITOR, "") == 200
    assert await hears(server, Role.SUPERVISOR, "税務課") == 403
    assert await hears(server, Role.AUDITOR, "税務課") == 404
    assert await hears(server, Role.OPERATOR, "市民課") == 404
    assert await hears(server, Role.ADMINISTRATOR, "") == 403
    assert await hears(server, Role.STREAM, "市民課") == 403


async def test_hearing_is_on_the_trail_once_in_ten_minutes(server: RunningServer) -> None:
    await whole_call(server, noise(320), call_id="c1")
    async with server.client(await server.token(Role.AUDITOR)) as client:
        for _ in range(3):
            (await client.get(WAV, headers={"Range": "bytes=0-99"})).raise_for_status()

    async with server.services.database.transaction() as session:
        links = (
            await session.scalars(select(TrailRow).where(TrailRow.kind == "recording.heard"))
        ).all()
    assert [(link.call_id, link.role) for link in links] == [("c1", "auditor")]


async def damaged(server: RunningServer, settings: Settings, call_id: str) -> Path:
    async with server.services.database.transaction() as session:
        row = await session.get(Recording, call_id)
    assert row is not None
    return settings.data_dir / "recordings" / row.file


async def test_a_recording_that_was_changed_is_refused_and_the_others_are_heard(
    server: RunningServer, settings: Settings
) -> None:
    payload = noise(16_000)
    for call_id in ("c1", "c2"):
        await whole_call(server, payload, call_id=call_id)
        await facts_of_recording(server, call_id)
    file = await damaged(server, settings, "c1")
    stored = bytearray(file.read_bytes())
    stored[500] ^= 1
    file.write_bytes(stored)

    answer = await fetched(server, WAV)

    assert (answer.status_code, answer.json()["code"]) == (503, "recording_damaged")
    assert await sound_of(server, "c2") == payload


@pytest.mark.parametrize("kind", [Kind.PAUSED, Kind.LOST, Kind.OFF])
async def test_sound_that_is_made_to_look_like_silence_is_noticed(
    server: RunningServer, settings: Settings, kind: Kind
) -> None:
    await whole_call(server, noise(16_000), call_id="c1")
    await facts_of_recording(server, "c1")
    file = await damaged(server, settings, "c1")
    stored = bytearray(file.read_bytes())
    place = len(FILE_HEAD) + len(MARK)
    assert stored[place] == Kind.SOUND
    stored[place] = kind
    file.write_bytes(stored)

    answer = await fetched(server, WAV)

    assert (answer.status_code, answer.json()["code"]) == (503, "recording_damaged")


@pytest.mark.parametrize("cut", [1, 51, 2_000])
async def test_a_finished_recording_whose_end_was_cut_off_is_refused(
    server: RunningServer, settings: Settings, cut: int
) -> None:
    await whole_call(server, noise(16_000), call_id="c1")
    await facts_of_recording(server, "c1")
    file = await damaged(server, settings, "c1")
    file.write_bytes(file.read_bytes()[:-cut])

    answer = await fetched(server, "/v1/calls/c1/recording")

    assert (answer.status_code, answer.json()["code"]) == (503, "recording_damaged")


async def test_a_deleted_recording_is_gone_and_can_be_deleted_again(
    server: RunningServer, settings: Settings
) -> None:
    await whole_call(server, noise(16_000), call_id="c1")
    await facts_of_recording(server, "c1")
    file = await damaged(server, settings, "c1")
    size = file.stat().st_size

    freed = [await server.services.recordings.delete("c1") for _ in range(2)]

    assert freed == [size, 0]
    assert not file.exists()
    assert await server.services.recordings.find("c1") is None
    assert (await facts_of_recording(server, "c1"))["standing"] == "off"


class TestOperators:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        own = RecordingSettings(sections="*", reserve_mb=0, operators_hear_own=True)
        return settings.model_copy(update={"recording": own})

    async def test_an_operator_hears_their_own_call_where_the_office_allows_it(
        self, server: RunningServer
    ) -> None:
        await whole_call(server, noise(320), call_id="c1", operator="token:sato")

        assert await hears(server, Role.OPERATOR, "市民課", "sato") == 200
        assert await hears(server, Role.OPERATOR, "市民課", "kato") == 404


async def test_an_operator_does_not_hear_their_own_call_elsewhere(server: RunningServer) -> None:
    await whole_call(server, noise(320), call_id="c1", operator="token:sato")

    assert await hears(server, Role.OPERATOR, "市民課", "sato") == 403
