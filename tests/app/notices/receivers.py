"""Glue: who notices are sent to, on free ports of this machine: a web server and a mail server, both real."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import anyio
from anyio.abc import ByteStream, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSStream
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.app.control.serving import peer, serving

PATIENCE_S = 20


@dataclass
class Arrived:
    body: bytes
    headers: dict[str, str]


@dataclass
class WebReceiver:
    """Answers with the next of ``answers``, in the end with 200; keeps what it was sent."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)
    hold: anyio.Event | None = None
    """Answer only when it is set."""
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def take(self, request: Request) -> Response:
        self.arrived.append(Arrived(await request.body(), dict(request.headers)))
        news, self._news = self._news, anyio.Event()
        news.set()
        if self.hold is not None:
            await self.hold.wait()
        return Response(
            status_code=self.answers.pop(0) if self.answers else 200, headers=self.answer_headers
        )

    async def has(self, count: int) -> None:
        """Wait until so many have come; fail when they do not."""
        with anyio.fail_after(PATIENCE_S):
            while len(self.arrived) < count:
                await self._news.wait()


@asynccontextmanager
async def web_receiver() -> AsyncIterator[WebReceiver]:
    receiver = WebReceiver()
    app = Starlette(routes=[Route("/in", receiver.take, methods=["POST"])])
    async with serving(app) as url:
        receiver.url = f"{url}/in"
        yield receiver


@dataclass
class MailReceiver:
    """A mail server that speaks as much SMTP as is needed; keeps the mails it took and all it was told."""

    host: str = ""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    """Recipient or verb to the code with which it is refused."""
    password: str = ""
    """Set: AUTH is offered, and this is the right one."""
    goodbye: bytes = b"221 bye\r\n"

    certificate: ssl.SSLContext | None = None
    """Set: TLS is spoken from the first byte."""

    async def talk(self, stream: SocketStream) -> None:
        async with stream:
            try:
                await self._talk(await self._encrypted(stream))
            except (
                anyio.EndOfStream,
                anyio.IncompleteRead,
                anyio.BrokenResourceError,
                ssl.SSLError,
            ):
                return

    async def _encrypted(self, stream: SocketStream) -> ByteStream:
        if self.certificate is None:
            return stream
        return await TLSStream.wrap(
            stream, server_side=True, ssl_context=self.certificate, standard_compatible=False
        )

    async def _talk(self, stream: ByteStream) -> None:
        lines = BufferedByteReceiveStream(stream)
        await stream.send(b"220 mail\r\n")
        while True:
            line = (await lines.receive_until(b"\r\n", 4096)).decode("latin-1")
            self.told.append(line)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                await stream.send(
                    b"250-mail\r\n250 AUTH PLAIN\r\n" if self.password else b"250 mail\r\n"
                )
            elif verb == "AUTH":
                given = base64.b64decode(line.split(" ")[2]).split(b"\0")[-1].decode()
                await stream.send(b"235 ok\r\n" if given == self.password else b"535 no\r\n")
            elif verb == "RCPT":
                code = self.refused.get(line.partition("<")[2].partition(">")[0], 250)
                await stream.send(b"%d so\r\n" % code)
            elif verb == "DATA":
                await stream.send(b"354 go on\r\n")
                body = await lines.receive_until(b"\r\n.\r\n", 2**20)
                code = self.refused.get("DATA", 250)
                if code == 250:
                    mail: Any = message_from_bytes(body, policy=default)
                    self.mails.append(mail)
                await stream.send(b"%d so\r\n" % code)
            elif verb == "QUIT":
                await stream.send(self.goodbye)
                return
            else:
                await stream.send(b"250 ok\r\n")


@asynccontextmanager
async def mail_receiver() -> AsyncIterator[MailReceiver]:
    receiver = MailReceiver()
    async with peer(receiver.talk) as url:
        receiver.host, _, port = url.removeprefix("http://").partition(":")
        receiver.port = int(port)
        yield receiver
