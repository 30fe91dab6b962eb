"""Adapter: a server of its own for a measurement, in a folder that is thrown away."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx

from app.auth.administration import Administration
from app.auth.identity import Role
from app.bench.lines import door_settings
from app.bootstrap import prepare_model
from app.clock import SystemClock
from app.db import open_database
from app.errors import Unavailable
from app.settings import Settings

START_SECONDS = 120
SECTION = "bench"


@dataclass(frozen=True, slots=True)
class BenchServer:
    pid: int
    url: str
    stream_token: str
    screen_token: str
    """Of a supervisor who sees every call of the measurement."""
    health_token: str
    """Of an administrator, who is told how the server keeps up."""
    data_dir: Path

    @property
    def websocket_url(self) -> str:
        return "ws" + self.url.removeprefix("http")


@asynccontextmanager
async def open_bench_server(data_dir: Path, log: Path) -> AsyncIterator[BenchServer]:
    """Start ``mimamori serve`` on a free port and stop it when the block ends.

    Raises:
        Unavailable: it did not become ready; the message names its log.
    """
    model = await anyio.to_thread.run_sync(prepare_model, Settings())
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {
        "MIMAMORI_DATA_DIR": str(data_dir),
        "MIMAMORI_ASR__MODEL": str(model.path),
        "MIMAMORI_PUBLIC_URL": url,
        **door_settings(SECTION),
    }
    command = [sys.executable, "-m", "app.cli.main", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = await anyio.open_process(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            await _wait_until_ready(url, log)
            settings = Settings(data_dir=data_dir)
            async with open_database(settings.async_database_url) as database:
                accounts = Administration(database, SystemClock())
                stream = await accounts.create_token(
                    name="bench", role=Role.STREAM, section=SECTION
                )
                screen = await accounts.create_token(
                    name="bench", role=Role.SUPERVISOR, section=SECTION
                )
                health = await accounts.create_token(
                    name="bench", role=Role.ADMINISTRATOR, section=SECTION
                )
            yield BenchServer(
                process.pid, url, stream.secret, screen.secret, health.secret, data_dir
            )
        finally:
            with anyio.CancelScope(shield=True):
                if process.returncode is None:
                    process.terminate()
                    with anyio.move_on_after(30):
                        await process.wait()
                if process.returncode is None:
                    process.kill()
                await process.aclose()


async def _wait_until_ready(url: str, log: Path) -> None:
    with anyio.move_on_after(START_SECONDS):
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while True:
                try:
                    if (await client.get(f"{url}/readyz")).status_code == httpx.codes.OK:
                        return
                except httpx.HTTPError:
                    pass
                await anyio.sleep(0.2)
    raise Unavailable("server_not_ready", f"サーバーが起動しません。記録: {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
