"""Recognition by a server of the office's choice: from the settings to the words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest
import typer
from pydantic import ValidationError
from structlog.testing import capture_logs

from app.bootstrap import open_transcriber, server_config
from app.cli.failures import explain
from app.cli.options import load_settings
from app.settings import AsrSettings, Settings
from asr.errors import ModelNotFound, RecogniserGaveUp, TranscriberUnavailable
from asr.types import Rank, Urgency
from tests.asr.scripted_recogniser import SAY, ordered
from tests.asr.scripted_server import ScriptedServer, serving

PATIENCE_S = 60
KEY = "sk-nobody-may-read-this"
CALLER = Urgency("call.caller", Rank.CALLER)


def settings_for(server: ScriptedServer, folder: Path, **changes: Any) -> Settings:
    asr = {
        "engine": "openai",
        "server_url": server.url,
        "server_model": "scripted",
        "server_key": KEY,
        **changes,
    }
    return Settings.model_validate({"data_dir": folder, "asr": asr})


async def test_the_settings_alone_make_a_server_recognise(tmp_path: Path) -> None:
    with anyio.fail_after(PATIENCE_S):
        async with (
            serving() as server,
            open_transcriber(settings_for(server, tmp_path)) as transcriber,
        ):
            words = await transcriber.transcribe(ordered(SAY, 5), urgency=CALLER)

    assert (words.text, words.model) == ("ことば5", "scripted")
    assert server.transcriptions[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_start_says_where_callers_voices_go_and_nothing_of_the_key(
    tmp_path: Path,
) -> None:
    with capture_logs() as written, anyio.fail_after(PATIENCE_S):
        async with serving() as server, open_transcriber(settings_for(server, tmp_path)):
            pass

    assert written == [
        {
            "event": "callers' voices are sent to a recognition server",
            "host": server.url.removeprefix("http://"),
            "log_level": "warning",
        }
    ]


async def test_a_start_without_the_right_key_says_so_in_one_line(tmp_path: Path) -> None:
    async with serving() as server:
        server.status = 401
        with anyio.fail_after(PATIENCE_S), pytest.raises(TranscriberUnavailable) as refused:
            async with open_transcriber(settings_for(server, tmp_path)):
                pass

    line = explain(refused.value)
    assert line is not None
    assert "MIMAMORI_ASR__SERVER_KEY" in line
    assert KEY not in line


async def test_certificates_that_are_not_there_stop_the_start(tmp_path: Path) -> None:
    async with serving() as server:
        settings = settings_for(server, tmp_path, server_ca_file=str(tmp_path / "none.pem"))
        with pytest.raises(RecogniserGaveUp, match="MIMAMORI_ASR__SERVER_CA_FILE"):
            async with open_transcriber(settings):
                pass

    assert server.asked == []


async def test_an_address_alone_sends_nothing(tmp_path: Path) -> None:
    async with serving() as server:
        settings = settings_for(
            server, tmp_path, engine="whisper", model=str(tmp_path / "not-there")
        )
        with pytest.raises(ModelNotFound):
            async with open_transcriber(settings):
                pass

    assert server.asked == []


@pytest.mark.model
async def test_whisper_hears_for_itself_although_an_address_is_set(tmp_path: Path) -> None:
    with anyio.fail_after(PATIENCE_S):
        async with serving() as server:
            settings = settings_for(server, tmp_path, engine="whisper", processes=1)
            async with open_transcriber(settings) as transcriber:
                words = await transcriber.transcribe(ordered(SAY), urgency=CALLER)

    assert words.model == "whisper-base"
    assert server.asked == []


# Settings


@pytest.mark.parametrize(
    ("changes", "variable", "said"),
    [
        ({}, "SERVER_URL", "needs the address of its server"),
        ({"server_url": ""}, "SERVER_URL", "needs the address of its server"),
        ({"server_url": "http://127.0.0.1:8000"}, "SERVER_MODEL", "needs the name of a model"),
        ({"server_url": "asr.example"}, "SERVER_URL", "must be an address such as"),
        ({"server_url": "http://asr.example"}, "SERVER_URL", "must begin with https"),
        ({"server_url": "https://me:hush@asr.example"}, "SERVER_URL", "must not hold a name"),
        ({"server_key": "hush\nHost: x"}, "SERVER_KEY", "printable ASCII"),
        ({"server_timeout_ms": "499"}, "SERVER_TIMEOUT_MS", "greater than or equal to 500"),
        ({"server_connections": "0"}, "SERVER_CONNECTIONS", "greater than or equal to 1"),
        ({"engine": "whisperx"}, "ENGINE", "'whisper' or 'openai'"),
    ],
)
def test_what_cannot_work_is_told_by_its_variable_and_not_quoted(
    changes: dict[str, str],
    variable: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {"engine": "openai", **changes}.items():
        monkeypatch.setenv(f"MIMAMORI_ASR__{name.upper()}", value)

    with pytest.raises(typer.Exit):
        load_settings()

    told = capsys.readouterr().err
    assert any(f"MIMAMORI_ASR__{variable}: " in line and said in line for line in told.split("\n"))
    assert "hush" not in told


def test_a_slip_in_the_address_is_told_before_the_engine_is_changed() -> None:
    with pytest.raises(ValidationError, match="must be an address"):
        AsrSettings(server_url="asr.example")


def test_the_settings_say_who_is_asked_and_how() -> None:
    asr = AsrSettings.model_validate(
        {
            "engine": "openai",
            "server_url": "http://asr.example:9000",
            "server_allow_plain_http": True,
            "server_model": "large-v3",
            "server_timeout_ms": 4_000,
        }
    )

    config = server_config(asr)

    assert config.address.root == "http://asr.example:9000/v1"
    assert (config.model, config.key, config.timeout_ms) == ("large-v3", "", 4_000)
