"""``mimamori serve`` that cannot start says why in one line; one that is told to stop ends well."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest
import typer
from pydantic import ValidationError

from app.bootstrap import open_services
from app.cli.serve import START_FAILED, OpenServices, address_here, listen, serve_until_told
from app.errors import Unavailable
from app.services import Services
from app.settings import Settings
from tests.fakes_transcriber import ScriptedTranscriber


@asynccontextmanager
async def scripted(settings: Settings) -> AsyncIterator[Services]:
    async with open_services(settings, transcriber=ScriptedTranscriber()) as services:
        yield services


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(listen("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def start(settings: Settings, *, port: int = 0, opening: OpenServices = scripted) -> int:
    """Return the exit code of a server that does not start."""
    with pytest.raises(typer.Exit) as ended:
        serve_until_told(settings, host="127.0.0.1", port=port, open_services=opening)
    return ended.value.exit_code


def test_a_taken_port_is_told_before_any_record_is_touched(
    tmp_path: Path, taken_port: int, capfd: pytest.CaptureFixture[str]
) -> None:
    code = start(Settings(data_dir=tmp_path / "var"), port=taken_port)

    said = capfd.readouterr()
    assert code == START_FAILED
    assert f"ポート {taken_port} は" in said.err
    assert "--port" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    "address",
    ["mimamori.example", "ftp://x", "https://", "https://x/office", "https://x?a=b", "http://[::1"],
)
def test_an_address_that_no_browser_opens_is_no_public_address(address: str) -> None:
    with pytest.raises(ValidationError, match="public_url"):
        Settings(public_url=address)


def test_a_slash_behind_the_public_address_makes_no_difference() -> None:
    assert Settings(public_url="https://x.example:8443/").public_url == "https://x.example:8443"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("office.example", "http://office.example:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_the_address_that_is_told_is_one_that_a_browser_opens(host: str, address: str) -> None:
    assert address_here(host, 8000) == address


def test_an_address_of_another_machine_is_refused_by_name() -> None:
    with pytest.raises(Unavailable, match=r"192\.0\.2\.1.*--host"):
        listen("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ({"detection": {"policy": "nowhere"}}, "MIMAMORI_DETECTION__POLICY"),
        ({"nats_url": "nats://127.0.0.1"}, "MIMAMORI_NATS_URL"),
        ({"database_url": "postgresql://m:hush-hush@127.0.0.1:1/m"}, "MIMAMORI_DATABASE_URL"),
        ({"database_url": "nonsense"}, "MIMAMORI_DATABASE_URL"),
    ],
)
def test_a_setting_that_cannot_work_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], group: dict[str, object], said: str
) -> None:
    code = start(Settings.model_validate({"data_dir": tmp_path, **group}))

    told = capfd.readouterr().err
    assert code == START_FAILED
    assert said in told
    assert told.count("\n") == 1
    assert "hush" not in told


def test_a_model_that_is_not_there_is_one_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asr = {"model": str(tmp_path / "nothing")}

    code = start(Settings.model_validate({"data_dir": tmp_path, "asr": asr}), opening=open_services)

    told = capfd.readouterr().err
    assert code == START_FAILED
    assert "MIMAMORI_ASR__MODEL" in told
    assert "Traceback" not in told


def test_a_defect_of_the_program_keeps_its_traceback(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    @asynccontextmanager
    async def broken(given: Settings) -> AsyncIterator[Services]:
        async with scripted(given) as services:
            if services.settings is given:
                raise ZeroDivisionError
            yield services

    with pytest.raises(SystemExit):
        serve_until_told(settings, host="127.0.0.1", port=0, open_services=broken)

    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_after_its_services_and_kills_nobody(
    settings: Settings, capfd: pytest.CaptureFixture[str], sent: signal.Signals
) -> None:
    seen = []

    @asynccontextmanager
    async def signalled(given: Settings) -> AsyncIterator[Services]:
        async with scripted(given) as services:
            os.kill(os.getpid(), sent)
            yield services
        seen.append("closed")

    serve_until_told(settings, host="127.0.0.1", port=0, open_services=signalled)

    assert seen == ["closed"]
    assert "終了しています" in capfd.readouterr().err


def test_the_next_server_takes_over_the_port_at_once() -> None:
    with closing(listen("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            first.accept()[0].close()

    with closing(listen("127.0.0.1", port)) as second:
        assert second.getsockname()[1] == port
