"""``mimamori simulate``: what an integrator types, and what comes of it at a real server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
import typer
from typer.testing import CliRunner, Result
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from app.cli.simulate import SECRET_VARIABLE, simulate
from app.models import Call
from app.settings import Settings
from app.simulate.dialects import DIALECTS
from asr.codec import decode
from asr.types import Encoding
from asr.wav import wav_bytes
from tests.app.control.serving import refusing_port
from tests.app.running import running_server
from tests.app.sounds import call_bytes, sentences
from tests.app.test_stream import record_of
from tests.fakes_transcriber import ScriptedTranscriber

SECRET = "c2VjcmV0LW9mLXRoZS10ZXN0"
"""Base64, as Genesys Cloud shows one."""
SOCKETS = [name for name, dialect in DIALECTS.items() if dialect.path]


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """A call with one sentence of the caller."""
    woven = decode(Encoding.MULAW, call_bytes(sentences(1)))
    file = tmp_path / "call.wav"
    file.write_bytes(wav_bytes(Encoding.PCM_S16LE, 8_000, [woven[0::2], woven[1::2]]))
    return file


def typed(*arguments: str, secret: str = SECRET) -> Result:
    command = typer.Typer()
    command.command()(simulate)
    return CliRunner().invoke(command, list(arguments), env={SECRET_VARIABLE: secret})


async def typed_beside(*arguments: str, secret: str = SECRET) -> Result:
    """Type it while a server of this test answers."""
    return await anyio.to_thread.run_sync(partial(typed, *arguments, secret=secret))


async def test_a_call_that_is_played_natively_has_both_its_numbers(
    settings: Settings, wav: Path
) -> None:
    async with running_server(settings, ScriptedTranscriber("言葉", "また言葉")) as server:
        result = await typed_beside(
            *("native", "--wav", str(wav), "--url", "ws" + server.url.removeprefix("http")),
            *("--call-id", "c1", "--from", "0123456789", "--to", "0119999999"),
            *("--speed", "20"),
            secret=server.stream_token,
        )
        record = await record_of(server, "c1")
        async with server.services.database.transaction() as session:
            stored = await session.get_one(Call, "c1")

    assert result.exit_code == 0
    assert record["call"]["caller_number"] == "0123456789"
    assert stored.called_number == "0119999999"
    assert [u["text"] for u in record["utterances"]] == ["言葉"]


async def test_a_server_nearby_is_not_looked_for_behind_the_offices_proxy(
    settings: Settings, wav: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with refusing_port() as port:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        async with answering(302, "http://127.0.0.1:1/elsewhere") as (url, asked):
            for dialect in SOCKETS:
                await typed_beside(dialect, "--wav", str(wav), "--url", url, "--key", "key")

    assert len(asked) == len(SOCKETS)


@asynccontextmanager
async def answering(status: int, location: str) -> AsyncIterator[tuple[str, list[str]]]:
    """Answer every handshake with *status*; give the address and the paths that were asked for."""
    asked: list[str] = []

    def answer(_connection: ServerConnection, request: Request) -> Response:
        asked.append(request.path)
        return Response(status, "as told", Headers({"Location": location, "Content-Length": "0"}))

    async def never(_socket: ServerConnection) -> None:
        raise AssertionError("nobody was let in")

    async with serve(never, "127.0.0.1", 0, process_request=answer) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", asked


@pytest.mark.parametrize("dialect", SOCKETS)
async def test_a_redirect_is_told_and_not_followed_as_no_exchange_follows_one(
    wav: Path, dialect: str
) -> None:
    async with (
        answering(403, "") as (elsewhere, asked_elsewhere),
        answering(302, f"{elsewhere}/there") as (url, asked),
    ):
        result = await typed_beside(dialect, "--wav", str(wav), "--url", url, "--key", "key")

    assert result.exit_code == 1
    assert "302" in result.stderr
    assert len(asked) == 1
    assert asked_elsewhere == []


@pytest.mark.parametrize(
    ("dialect", "url"),
    [
        ("twilio", "nonsense"),
        ("twilio", "ftp://127.0.0.1"),
        ("native", "ws://"),
        ("native", "ws://:8000"),
        ("asterisk", "ws://127.0.0.1:99999"),
        ("freeswitch", "wss://[::1"),
        ("audiosocket", "localhost"),
        ("audiosocket", "127.0.0.1:port"),
        ("audiosocket", ":9092"),
    ],
)
def test_an_address_that_is_none_is_one_line(wav: Path, dialect: str, url: str) -> None:
    result = typed(dialect, "--wav", str(wav), "--url", url)

    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "--url" in result.stderr


@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_trouble_that_an_exchange_cannot_have_is_told_and_no_other(wav: Path, dialect: str) -> None:
    with refusing_port() as port:
        result = typed(
            *(dialect, "--wav", str(wav), "--url", f"ws://127.0.0.1:{port}"),
            *("--jitter-ms", "1", "--loss", "0.1", "--reconnect-at-ms", "0"),
            *("--late-start-ms", "1", "--wrong-signature", "--speed", "20", "--key", "key"),
        )

    told = {
        line.split("--")[1].split(" ")[0] for line in result.stderr.splitlines() if "働き" in line
    }
    assert told == {name.replace("_", "-") for name in DIALECTS[dialect].without}
    assert result.exit_code == 1


def test_what_nobody_answers_is_one_line_with_the_address(wav: Path) -> None:
    with refusing_port() as port:
        result = typed("native", "--wav", str(wav), "--url", f"ws://127.0.0.1:{port}", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert (told["accepted"], told["code"]) == (False, "unreachable")


@pytest.mark.parametrize("said", ["hello", "[1]", '{"type": "started"}', b"\xff"])
async def test_a_server_of_another_kind_is_one_line(wav: Path, said: str | bytes) -> None:
    async def answer(socket: ServerConnection) -> None:
        await socket.send(said)
        await socket.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        result = await typed_beside("native", "--wav", str(wav), "--url", f"ws://127.0.0.1:{port}")

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "読み取れません" in result.stderr


def test_a_key_that_is_needed_is_asked_for(wav: Path) -> None:
    result = typed("audiohook", "--wav", str(wav))

    assert result.exit_code == 2
    assert "--key" in result.stderr
    assert "API キー" in result.stderr


def test_a_missing_secret_names_the_variable_that_keeps_it_out_of_the_list_of_processes(
    wav: Path,
) -> None:
    result = typed("twilio", "--wav", str(wav), secret="")

    assert result.exit_code == 2
    assert SECRET_VARIABLE in result.stderr
