"""Glue: ``mimamori serve`` as a process of its own, to be killed and started again on the same data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import httpx

from app.auth.administration import Administration
from app.auth.identity import Role
from app.clock import SystemClock
from app.db import open_database
from app.settings import Settings
from tests.app.running import SECTION

START_SECONDS = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class ServerProcess:
    """One installation: its data, its port, and the process that serves it now."""

    def __init__(
        self, data_dir: Path, model_dir: Path, settings: Mapping[str, str] | None = None
    ) -> None:
        """*settings*: further ``MIMAMORI_…`` variables."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stream_url = f"ws://127.0.0.1:{self.port}/v1/stream/native"
        self.settings = Settings(data_dir=data_dir)
        self.log = data_dir / "serve.log"
        self.environment = os.environ | {
            "MIMAMORI_DATA_DIR": str(data_dir),
            "MIMAMORI_ASR__MODEL": str(model_dir),
            "MIMAMORI_PUBLIC_URL": self.url,
            **(settings or {}),
        }

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[anyio.abc.Process]:
        """Serve until the block ends; a process that was killed meanwhile is only tidied up."""
        with self.log.open("ab") as log:
            process = await anyio.open_process(
                [sys.executable, "-m", "app.cli.main", "serve", "--port", str(self.port)],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            await self._until_ready(process)
            yield process
        finally:
            with anyio.CancelScope(shield=True):
                if process.returncode is None:
                    process.send_signal(signal.SIGTERM)
                await process.wait()
                await process.aclose()

    async def _until_ready(self, process: anyio.abc.Process) -> None:
        with anyio.fail_after(START_SECONDS):
            async with httpx.AsyncClient() as client:
                while process.returncode is None:
                    try:
                        answer = await client.get(f"{self.url}/readyz")
                    except httpx.TransportError:
                        await anyio.sleep(0.1)  # another process: there is nothing to wait on
                        continue
                    if answer.status_code == httpx.codes.OK:
                        return
        raise AssertionError(f"the server ended at once:\n{self.log.read_text()}")

    async def token(self, role: Role, section: str = SECTION) -> str:
        async with open_database(self.settings.async_database_url) as database:
            made = await Administration(database, SystemClock()).create_token(
                name="test", role=role, section=section
            )
        return made.secret
