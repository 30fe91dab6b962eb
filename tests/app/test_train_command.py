"""Facts about ``mimamori train`` that need no training."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from typer.testing import CliRunner

from app.cli.main import cli
from app.cli.train import in_place_of


def test_a_path_that_cannot_be_written_is_told_before_half_an_hour_of_work(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["train", "--out", str(tmp_path / "none" / "trained.npz")])

    assert result.exit_code == 2
    assert "trained.npz" in result.stderr
    assert "読み書きできません" in result.stderr


def test_a_model_takes_the_place_of_the_one_before_once_it_is_whole(tmp_path: Path) -> None:
    (out := tmp_path / "trained.npz").write_bytes(b"before")

    with in_place_of(out) as file:
        file.write(b"after")
        half_way = out.read_bytes()

    assert (half_way, out.read_bytes()) == (b"before", b"after")
    assert list(tmp_path.iterdir()) == [out]


def test_training_that_is_broken_off_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    (out := tmp_path / "trained.npz").write_bytes(b"before")

    with suppress(KeyboardInterrupt), in_place_of(out) as file:
        file.write(b"half")
        raise KeyboardInterrupt

    assert out.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [out]
