"""Glue: ``mimamori serve``: the server, until it is told to stop."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from types import FrameType
from typing import Annotated

import typer
import uvicorn
from fastapi import FastAPI

from app.auth.administration import FIRST_ADMINISTRATOR, Administration
from app.bootstrap import open_services
from app.cli.failures import explain
from app.cli.options import fail, load_settings, refusals
from app.demo.people import SECTION, end_demonstration
from app.demo.presence import is_demonstration_on
from app.errors import Unavailable
from app.http_patience import PatientHttp
from app.log import configure_logs
from app.loop_pause import leave_out_what_stays
from app.main import create_app
from app.services import Services
from app.settings import Settings
from app.telephony.sockets import TelephoneSockets

START_FAILED = 3
BACKLOG = 2_048
HEADER_BYTES = 32_768
"""So much of a request's headers may wait for the rest; a browser behind an office's proxies sends 2 to 4 kB."""
SOCKETS_CLOSE_SECONDS = 5
"""Sockets are told at once (1012); then accepted sound may take ``drain_seconds`` to be judged."""
WEBSOCKET_BYTES = 1_048_576
"""Larger messages are cut off by the protocol itself (1009), before our own limit is asked."""

OpenServices = Callable[[Settings], AbstractAsyncContextManager[Services]]


def serve(
    host: Annotated[str, typer.Option(help="待ち受けるアドレス。")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="待ち受けるポート番号。", min=0, max=65535)] = 8000,
) -> None:
    """サーバーを起動します。設定は環境変数 MIMAMORI_… または MIMAMORI_CONFIG の TOML ファイルで行います。

    Ctrl-C または SIGTERM を受けると、通話中の音声を判定し終えてから終了します(終了コード 0)。
    起動できないときの終了コードは 3 です。
    """
    settings = load_settings()
    if "public_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"public_url": address_here(host, port)})
    configure_logs(settings.log_level)
    serve_until_told(settings, host=host, port=port, open_services=_greeting)
    say("サーバーを終了しました。")


def address_here(host: str, port: int) -> str:
    """Return the address at which a browser on this machine finds a server that listens on *host*."""
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - every address of this machine: one of them
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_until_told(
    settings: Settings, *, host: str, port: int, open_services: OpenServices
) -> None:
    """Serve until a signal asks for the end.

    Raises:
        typer.Exit: it could not be started; one line has said why.
    """
    with refusals(START_FAILED):
        # First of all: a second server must not touch the records, nor show a password that nobody can use.
        listening = listen(host, port)
    refused: list[str] = []
    repeating = _Repeating(refused)
    app = create_app(settings, open_services=_telling(open_services, refused))
    server = _Server(server_config(app, settings, host=host, port=port))
    logging.getLogger("uvicorn.error").addFilter(repeating)
    try:
        with closing(listening):
            server.run(sockets=[listening])
    except SystemExit:
        if not refused:
            raise
    finally:
        logging.getLogger("uvicorn.error").removeFilter(repeating)
    if refused:
        fail(refused[0], START_FAILED)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that others can connect to from now on; they wait until the server is ready.

    Raises:
        Unavailable: the address is not one of this machine's, or the port is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _no_such_address(host, error) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        match error.errno:
            case errno.EADDRINUSE:
                raise Unavailable(
                    "port_taken",
                    f"ポート {port} はほかのプログラムが使用中です。すでに起動していないかを確認するか、"
                    "--port で別の番号を指定してください。",
                ) from error
            case errno.EACCES:
                raise Unavailable(
                    "port_not_allowed",
                    f"ポート {port} を使う権限がありません。--port で 1024 以上の番号を指定してください。",
                ) from error
            case _:
                raise _no_such_address(host, error) from error
    return listening


def _no_such_address(host: str, error: OSError) -> Unavailable:
    return Unavailable(
        "address_unknown",
        f"アドレス {host} では待ち受けられません({error.strerror})。"
        "--host に、このコンピューターのアドレスを指定してください。",
    )


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
        # Not httptools: it keeps headers of any size in memory before anybody is asked who they are.
        http=PatientHttp,
        h11_max_incomplete_event_size=HEADER_BYTES,
        ws=TelephoneSockets,
        ws_max_size=WEBSOCKET_BYTES,
        ws_per_message_deflate=False,  # mu-law does not shrink, it only costs time
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        timeout_graceful_shutdown=SOCKETS_CLOSE_SECONDS,
    )


class _Server(uvicorn.Server):
    """Ends when a signal asks for it, and ends well; the original dies of the signal afterwards."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = sig == signal.SIGINT
            return
        self.should_exit = True
        # Not print: the signal may have come in the middle of another one.
        os.write(2, "終了しています。通話中の音声を判定し終えるまでお待ちください…\n".encode())


class _Repeating(logging.Filter):
    """Drops what uvicorn says about a start that was refused: the reason has its own line."""

    def __init__(self, refused: list[str]) -> None:
        super().__init__()
        self._refused = refused

    def filter(self, record: logging.LogRecord) -> bool:
        return not self._refused


def _telling(open_services: OpenServices, refused: list[str]) -> OpenServices:
    """Return *open_services*, noting in *refused* why they could not be opened."""

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Services]:
        async with AsyncExitStack() as stack:
            try:
                services = await stack.enter_async_context(open_services(settings))
            except Exception as broken:
                line = explain(broken)
                if line is not None:
                    refused.append(line)
                raise
            leave_out_what_stays()
            yield services

    return opened


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
        if not is_demonstration_on(settings.data_dir) and await end_demonstration(
            accounts, SECTION
        ):
            say("前回のデモが途中で終わっていたため、デモ用の職員とトークンを停止しました。")
        say(f"準備ができました。ブラウザーで {settings.public_url} を開いてください。")
        yield services


def say(line: str) -> None:
    """Print for the person who started the server; not a log line."""
    print(line, file=sys.stderr, flush=True)
