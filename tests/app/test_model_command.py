"""``mimamori model``: getting the model ready, and saying what it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.model import model_app
from tests.asr.written_model import write_model

SERVER = {
    "MIMAMORI_ASR__ENGINE": "openai",
    "MIMAMORI_ASR__SERVER_URL": "http://127.0.0.1:1/v1",
    "MIMAMORI_ASR__SERVER_MODEL": "large-v3",
    "MIMAMORI_ASR__SERVER_KEY": "sk-nobody-may-read-this",
}


class Call:
    def __init__(self, data_dir: Path) -> None:
        self._environment: dict[str, str | None] = {
            **{name: None for name in os.environ if name.startswith("MIMAMORI")},
            "MIMAMORI_DATA_DIR": str(data_dir),
        }

    def __call__(self, *words: str, **more: str) -> Result:
        return CliRunner().invoke(model_app, words, env={**self._environment, **more})


@pytest.fixture
def call(tmp_path: Path) -> Call:
    return Call(tmp_path / "var")


def test_the_offline_model_is_prepared_and_named_in_one_object(call: Call, tmp_path: Path) -> None:
    result = call("prepare", "--json")

    path = tmp_path / "var" / "models" / "whisper-base"
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "engine": "whisper",
        "name": "whisper-base",
        "path": str(path),
    }
    assert (path / "model.bin").is_file()


def test_info_tells_what_a_model_is_without_loading_it(call: Call, tmp_path: Path) -> None:
    directory = write_model(tmp_path / "large", mel_bands=128, token_count=51_866)
    asked = {"MIMAMORI_ASR__MODEL": str(directory), "MIMAMORI_ASR__DEVICE": "cuda"}

    told = json.loads(call("info", "--json", **asked).stdout)
    read = call("info", **asked).stdout

    assert (told["name"], told["mel_bands"], told["languages"]) == ("large", 128, 3)
    assert told["japanese"]
    assert told["trimmed"]
    assert (told["device"], told["compute_type"]) == ("cuda", "float16")
    assert told["weights_bytes"] == 2 * told["parameters"]
    assert "日本語: あり" in read
    assert "128" in read


def test_info_of_an_unknown_layout_says_only_what_is_known(call: Call, tmp_path: Path) -> None:
    directory = write_model(tmp_path / "later")
    (directory / "model.bin").write_bytes(b"\7\0\0\0")
    asked = {"MIMAMORI_ASR__MODEL": str(directory)}

    told = json.loads(call("info", "--json", **asked).stdout)
    read = call("info", **asked)

    assert "size_bytes" not in told
    assert told["weights_bytes"] is None
    assert read.exit_code == 0
    assert "調べられない形式" in read.stdout


def test_info_prepares_nothing_and_says_what_to_run(call: Call, tmp_path: Path) -> None:
    result = call("info", "--json")

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "mimamori model prepare" in result.stderr
    assert not (tmp_path / "var").exists()


def test_a_broken_model_is_one_line(call: Call, tmp_path: Path) -> None:
    directory = write_model(tmp_path / "half")
    (directory / "model.bin").write_bytes(b"\6")

    result = call("info", MIMAMORI_ASR__MODEL=str(directory))

    assert result.exit_code == 2
    assert "壊れています" in result.stderr
    assert result.stderr.count("\n") == 1


def test_models_on_this_disk_are_listed(call: Call, tmp_path: Path) -> None:
    write_model(tmp_path / "var" / "models" / "hub" / "models--a--b" / "snapshots" / ("4" * 40))

    empty = Call(tmp_path / "elsewhere")("list")
    told = json.loads(call("list", "--json").stdout)
    read = call("list")

    assert "mimamori model prepare" in empty.stdout
    assert [model["name"] for model in told["models"]] == ["a/b@444444444444"]
    assert "a/b@444444444444" in read.stdout


@pytest.mark.parametrize("word", ["prepare", "info"])
def test_with_a_server_no_model_is_needed_here_and_it_is_named(
    call: Call, tmp_path: Path, word: str
) -> None:
    told = call(word, "--json", **SERVER)
    read = call(word, **SERVER)

    assert json.loads(told.stdout) == {
        "engine": "openai",
        "host": "127.0.0.1:1",
        "name": "large-v3",
    }
    assert "通話の音声はそのサーバーへ送られます" in read.stdout
    assert "sk-" not in told.output + read.output
    assert not (tmp_path / "var").exists()
