"""How a recording lies in its file: whole, in order, and refusing whatever was changed."""

from __future__ import annotations

import itertools
import os
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recordings.chunks import FILE_HEAD, Kind, Run, following
from app.recordings.intake import KEPT_MS, Intake
from app.recordings.sealed_file import (
    ChunkSeal,
    Contents,
    Damaged,
    open_to_read,
    opened_chunks,
    read_contents,
)
from app.recordings.tape import Tape
from asr.types import AudioFormat, Encoding
from tests.app.recordings.recorded import noise

MULAW = AudioFormat(Encoding.MULAW, 8_000, 2)
L16 = AudioFormat(Encoding.PCM_S16LE, 16_000, 2)
FORMATS = (MULAW, L16, AudioFormat(Encoding.PCM_S16LE, 8_000, 1))
SEAL = ChunkSeal("c1", bytes(range(32)))
RATE_HZ = 8_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "recordings" / "one"


def sound(first: int, samples: int, payload: bytes) -> Run:
    return Run(Kind.SOUND, first, samples, payload[first * 2 : (first + samples) * 2])


def recorded(file: Path, *runs: Run, end: bool = True) -> None:
    tape = Tape.begin(file, SEAL, RATE_HZ)
    for run in runs:
        tape.append((run,))
    if end:
        tape.end()
    tape.close()


def contents_of(file: Path) -> Contents:
    opened = open_to_read(file)
    try:
        return read_contents(opened)
    finally:
        os.close(opened)


def played(file: Path, seal: ChunkSeal = SEAL) -> list[tuple[Kind, int, int, bytes]]:
    """Return kind, first sample, length and sound of every chunk."""
    opened = open_to_read(file)
    try:
        chunks = read_contents(opened).chunks
        return [
            (head.kind, head.first, head.samples, payload)
            for head, payload in opened_chunks(opened, seal, chunks)
        ]
    finally:
        os.close(opened)


def cuts(
    draw: Callable[[st.SearchStrategy[list[int]]], list[int]], length: int
) -> list[tuple[int, int]]:
    at = sorted(draw(st.lists(st.integers(0, length), max_size=12)))
    return list(itertools.pairwise((0, *at, length)))


@st.composite
def split_calls(draw: st.DrawFn) -> tuple[AudioFormat, list[tuple[bytes, bool]]]:
    """Return a call as pieces of any length, each with whether the recording is paused in it."""
    audio_format = draw(st.sampled_from(FORMATS))
    payload = noise(audio_format.frame_bytes * draw(st.integers(0, 4_000)))
    pieces = [payload[low:high] for low, high in cuts(draw, len(payload))]
    return audio_format, [(piece, draw(st.booleans())) for piece in pieces]


@given(split_calls())
def test_an_intake_keeps_every_sample_in_its_place_however_the_bytes_come(
    call: tuple[AudioFormat, list[tuple[bytes, bool]]],
) -> None:
    audio_format, pieces = call
    intake, taken = Intake(audio_format, 0), list[Run]()
    whole = b"".join(piece for piece, _ in pieces)
    kept = bytearray()  # as it should be, a frame at a time: paused ones are not there

    pending = 0
    for number, (piece, paused) in enumerate(pieces):
        intake.pause() if paused else intake.resume()
        intake.hear(piece)
        pending += len(piece)
        frames = pending // audio_format.frame_bytes
        pending -= frames * audio_format.frame_bytes
        kept += bytes([paused]) * frames
        if number % 3 == 0:
            taken += intake.take()
    taken += intake.take()

    assert [run.first for run in taken] == [0, *(run.end for run in taken)][: len(taken)]
    assert sum(run.samples for run in taken) == len(kept) == intake.position
    for run in taken:
        span = slice(run.first * audio_format.frame_bytes, run.end * audio_format.frame_bytes)
        assert set(kept[run.first : run.end]) == {run.kind is Kind.PAUSED}
        assert run.payload == (whole[span] if run.kind is Kind.SOUND else b"")


def test_a_frame_that_a_lost_socket_tore_is_forgotten_and_comes_again() -> None:
    intake = Intake(L16, 0)

    intake.hear(b"abcdXY")
    intake.forget_partial_frame()
    intake.hear(b"efgh")

    assert intake.take() == (Run(Kind.SOUND, 0, 2, b"abcdefgh"),)


def test_an_intake_that_nobody_empties_keeps_a_minute_and_says_so() -> None:
    intake = Intake(MULAW, 0)

    for _ in range(2 * KEPT_MS // 20):
        intake.hear(bytes(320))
    overflowed = intake.overflowed
    runs = intake.take()

    assert overflowed
    assert [(run.kind, run.samples) for run in runs] == [
        (Kind.SOUND, 480_000),
        (Kind.LOST, 480_000),
    ]


def test_a_call_that_was_paused_before_a_crash_keeps_nothing_of_what_waited() -> None:
    intake = Intake(MULAW, 512)

    intake.hear(bytes(320))
    intake.was_paused()
    intake.hear(bytes(320))

    assert intake.take() == (Run(Kind.PAUSED, 512, 160), Run(Kind.PAUSED, 672, 160))


@given(
    st.integers(0, 300),
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 120)), max_size=8),
)
def test_what_follows_has_no_holes_and_nothing_twice(
    position: int, spans: list[tuple[int, int]]
) -> None:
    payload = noise(2 * 600)
    runs = [sound(first, samples, payload) for first, samples in sorted(spans)]

    found = following(runs, position)

    at = position
    for run in found:
        assert run.first == at
        at = run.end
        if run.kind is Kind.SOUND:
            assert run.payload == payload[run.first * 2 : run.end * 2]
    assert at == max([position, *(run.end for run in runs)])


@given(st.data())
def test_a_recording_is_the_call_however_often_it_was_taken_up_again(data: st.DataObject) -> None:
    payload = noise(2 * 30_000)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "one"
        tape = Tape.begin(file, SEAL, RATE_HZ)
        for low, high in cuts(data.draw, 30_000):
            if data.draw(st.booleans()):
                tape.close()
                tape = Tape.go_on(file, SEAL, RATE_HZ)
            # What was not judged before a crash is sent again.
            again = data.draw(st.integers(0, low))
            if high > again:
                tape.append((sound(again, high - again, payload),))
        tape.end()
        tape.close()

        chunks = played(file)

    assert b"".join(heard for *_, heard in chunks) == payload
    assert all(samples <= RATE_HZ for _, _, samples, _ in chunks)


@given(st.integers(0, 200))
def test_a_write_that_a_crash_tore_costs_no_more_than_itself(torn: int) -> None:
    payload = noise(2 * 500)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "one"
        recorded(file, sound(0, 400, payload), sound(400, 100, payload), end=False)
        os.truncate(file, file.stat().st_size - min(torn, 251))

        tape = Tape.go_on(file, SEAL, RATE_HZ)
        found = tape.position
        tape.append((sound(found, 500 - found, payload),))
        tape.close()

        assert found == (500 if torn == 0 else 400)
        assert b"".join(heard for *_, heard in played(file)) == payload


def test_zeros_that_a_power_cut_left_at_the_end_are_taken_off(file: Path) -> None:
    payload = noise(2 * 500)
    recorded(file, sound(0, 400, payload), sound(400, 100, payload), end=False)
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(size - 150)
        opened.write(bytes(150 + 4_096))

    tape = Tape.go_on(file, SEAL, RATE_HZ)

    assert tape.position == 400
    tape.close()


@given(st.data())
def test_a_changed_byte_is_never_heard(data: st.DataObject) -> None:
    payload = noise(2 * 90)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "one"
        recorded(file, sound(0, 50, payload), Run(Kind.PAUSED, 50, 10), sound(60, 30, payload))
        whole = played(file)
        stored = bytearray(file.read_bytes())
        place = data.draw(st.integers(0, len(stored) - 1))
        stored[place] ^= data.draw(st.integers(1, 255))
        file.write_bytes(stored)

        try:
            heard = played(file)
        except Damaged:
            return

    # A head that is none any more looks like the end of a crash: what is left is true, and short.
    assert heard == whole[: len(heard)]
    assert len(heard) < len(whole)


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 0, 1, 2), (0, 2), (1, 2)])
def test_chunks_that_were_moved_are_refused(file: Path, order: Sequence[int]) -> None:
    payload = noise(2 * 300)
    recorded(file, *(sound(first, 100, payload) for first in (0, 100, 200)), end=False)
    stored = file.read_bytes()
    spans = [
        (placed.offset, placed.offset + placed.head.stored_bytes)
        for placed in contents_of(file).chunks
    ]
    file.write_bytes(
        FILE_HEAD + b"".join(stored[low:high] for low, high in (spans[n] for n in order))
    )

    with pytest.raises(Damaged):
        played(file)


def test_a_chunk_of_another_call_does_not_open(file: Path) -> None:
    recorded(file, sound(0, 100, noise(200)))

    with pytest.raises(Damaged):
        played(file, ChunkSeal("c2", SEAL.key))


def test_a_chunk_does_not_open_with_another_key(file: Path) -> None:
    recorded(file, sound(0, 100, noise(200)))

    with pytest.raises(Damaged):
        played(file, ChunkSeal("c1", bytes(32)))


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_does_not_fit_leaves_the_file_as_it_was(file: Path) -> None:
    payload = noise(2 * 8_000)
    tape = Tape.begin(file, SEAL, RATE_HZ)
    tape.append((sound(0, 100, payload),))
    before = file.read_bytes()

    with files_of_at_most(4_096), pytest.raises(OSError, match="File too large"):
        tape.append((sound(100, 7_000, payload),))
    refused = file.read_bytes()
    tape.append((sound(100, 7_000, payload),))
    tape.close()

    assert refused == before
    assert b"".join(heard for *_, heard in played(file)) == payload[: 2 * 7_100]
