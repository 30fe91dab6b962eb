"""Glue: ``mimamori serve``: the server, until it is told to stop."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from app.auth.administration import FIRST_ADMINISTRATOR, Administration
from app.bootstrap import open_services
from app.cli.options import load_settings
from app.log import configure_logs
from app.main import create_app
from app.services import Services
from app.settings import Settings

START_FAILED = 3
WEBSOCKET_BYTES = 1_048_576
"""Larger messages are cut off by the protocol itself (1009), before our own limit is asked."""


def serve(
    host: Annotated[str, typer.Option(help="待ち受けるアドレス。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="待ち受けるポート番号。", min=0, max=65535)] = 8000,
) -> None:
    """サーバーを起動します。設定は環境変数 MIMAMORI_… または MIMAMORI_CONFIG の TOML ファイルで行います。"""
    settings = load_settings()
    if "public_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"public_url": f"http://{host}:{port}"})
    configure_logs(settings.log_level)
    app = create_app(settings, open_services=_greeting)
    server = uvicorn.Server(server_config(app, settings, host=host, port=port))
    server.run()
    if not server.started:
        sys.exit(START_FAILED)


def server_config(app: FastAPI, settings: Settings, *, host: str, port: int) -> uvicorn.Config:
    """Return how the application is served, for the command and for tests alike."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        ws="websockets-sansio",
        ws_max_size=WEBSOCKET_BYTES,
        ws_per_message_deflate=False,  # mu-law does not shrink, it only costs time
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        timeout_graceful_shutdown=settings.stream.drain_seconds,
    )


@asynccontextmanager
async def _greeting(settings: Settings) -> AsyncIterator[Services]:
    """Open the services; on the first start of all, print the administrator's one-time password."""
    say("音声認識の準備をしています…")
    async with open_services(settings) as services:
        accounts = Administration(services.database, services.clock)
        password = await accounts.ensure_first_administrator()
        if password is not None:
            say("─" * 60)
            say("はじめての起動です。管理者でサインインし、パスワードを変更してください。")
            say(f"  ログイン名       {FIRST_ADMINISTRATOR}")
            say(f"  仮のパスワード   {password}   (一度だけ表示します)")
            say("─" * 60)
        say(f"準備ができました。ブラウザーで {settings.public_url} を開いてください。")
        yield services


def say(line: str) -> None:
    """Print for the person who started the server; not a log line."""
    print(line, file=sys.stderr, flush=True)
