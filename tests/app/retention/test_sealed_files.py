"""A sealed file is read once, whole, and by nobody without the keys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.retention.sealed_files import CHUNK_BYTES, SealedWriter, taken_once
from app.sealing import CannotOpen, RecordKeys

KEYS = RecordKeys({"0123456789abcdef": b"k" * 32})
OTHERS = RecordKeys({"0123456789abcdef": b"q" * 32})


def sealed(file: Path, content: bytes, *, step: int = 70_000) -> Path:
    with SealedWriter(file, KEYS) as writer:
        for begin in range(0, len(content), step):
            writer.write(content[begin : begin + step])
    return file


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    st.sampled_from([0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 17]),
    st.integers(1_000, 2_000_000),
)
def test_what_was_written_comes_back_once(tmp_path: Path, size: int, step: int) -> None:
    content = os.urandom(size)
    file = sealed(tmp_path / "export", content, step=step)

    found = b"".join(taken_once(file, KEYS))

    assert found == content
    with pytest.raises(FileNotFoundError):
        taken_once(file, KEYS)


def test_its_words_are_not_on_the_disk_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    file = sealed(tmp_path / "export", "合言葉".encode() * 1_000)

    assert "合言葉".encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("spoil", ["cut", "changed", "moved", "other key"])
def test_what_is_not_as_it_was_written_does_not_open(tmp_path: Path, spoil: str) -> None:
    file = sealed(tmp_path / "export", os.urandom(2 * CHUNK_BYTES))
    stored = bytearray(file.read_bytes())
    if spoil == "cut":
        file.write_bytes(stored[: CHUNK_BYTES + 100])
    elif spoil == "changed":
        stored[500] ^= 1
        file.write_bytes(stored)
    elif spoil == "moved":
        file = file.rename(tmp_path / "another")

    with pytest.raises(CannotOpen):
        b"".join(taken_once(file, OTHERS if spoil == "other key" else KEYS))


def test_what_does_not_open_at_all_is_told_before_anything_is_handed_out(tmp_path: Path) -> None:
    file = sealed(tmp_path / "export", b"x" * 100)

    with pytest.raises(CannotOpen):
        taken_once(file, OTHERS)
