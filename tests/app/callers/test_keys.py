"""The keys of callers' hashes are made once, for the server alone, and can be changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.callers.keys import FILE_NAME, open_caller_keys
from app.errors import Unavailable

NUMBER = "09012345678"


def test_the_key_is_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    first = open_caller_keys(tmp_path / "data")

    again = open_caller_keys(tmp_path / "data")

    assert first.hash_of_caller(NUMBER) == again.hash_of_caller(NUMBER) is not None


def test_nobody_but_the_server_may_read_it(tmp_path: Path) -> None:
    open_caller_keys(tmp_path)
    file = tmp_path / FILE_NAME
    file.chmod(0o644)

    open_caller_keys(tmp_path)

    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == [FILE_NAME]


def test_servers_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as servers:
        opened = list(servers.map(lambda _: open_caller_keys(tmp_path), range(8)))

    assert len({keys.hash_of_caller(NUMBER) for keys in opened}) == 1


def test_a_new_key_above_the_old_one_makes_new_hashes_and_still_finds_the_old_ones(
    tmp_path: Path,
) -> None:
    before = open_caller_keys(tmp_path).hash_of_caller(NUMBER)
    file = tmp_path / FILE_NAME
    file.write_text("0123456789abcdef " + "ab" * 32 + "\n" + file.read_text())

    changed = open_caller_keys(tmp_path)

    assert changed.hash_of_caller(NUMBER) != before
    assert before in changed.hashes_of_caller(NUMBER)
    assert changed.hash_of_caller(NUMBER) in changed.hashes_of_caller(NUMBER)


@pytest.mark.parametrize(
    "content", ["", "short\n", "0123456789abcdef " + "ab" * 32 + "\nspoilt\n", "é"]
)
def test_a_spoilt_file_is_refused_with_the_next_step(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content, encoding="utf-8")

    with pytest.raises(Unavailable) as refused:
        open_caller_keys(tmp_path)

    assert refused.value.code == "caller_keys_unreadable"
    assert "控え" in refused.value.message


def test_keys_do_not_show_themselves(tmp_path: Path) -> None:
    keys = open_caller_keys(tmp_path)

    shown = repr(keys)

    assert keys.keys[0].secret.hex() not in shown
    assert keys.keys[0].secret.hex() in (tmp_path / FILE_NAME).read_text()


def test_a_call_that_the_office_dialled_does_not_count_as_one_from_the_number(
    tmp_path: Path,
) -> None:
    keys = open_caller_keys(tmp_path)

    called, dialled = (
        keys.hash_at_start(NUMBER, {}),
        keys.hash_at_start(NUMBER, {"direction": "outbound"}),
    )

    assert called == keys.hash_of_caller(NUMBER) is not None
    assert dialled is None
