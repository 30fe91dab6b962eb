"""Glue: a transcription server without a model, on a free port of this machine, that obeys the sound it is given.

It speaks OpenAI's API and understands the orders of ``tests.asr.scripted_recogniser``: ``SAY`` is
answered with 「ことば<number>」, ``FAIL`` is refused, ``HANG`` is never answered, ``DIE`` cuts the line. Answers
in ``next_answers`` come first, one a question, whatever was asked. ``asked`` remembers every question.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from asr.openai_protocol import server_address
from asr.openai_server import ServerConfig
from asr.wav import Wav, read_wav
from tests.asr.scripted_recogniser import DIE, FAIL, HANG, SAY

MODEL: Final = "scripted"
PATIENCE_MS: Final = 60_000
_NUMBER_SCALE: Final = 1024.0
_TOLERANCE: Final = 2.0**-15


@dataclass(frozen=True, slots=True)
class Question:
    """What one request held."""

    path: str
    headers: Mapping[str, str]
    fields: Mapping[str, str] = field(default_factory=dict)
    file_name: str = ""
    wav: Wav | None = None

    @property
    def order(self) -> float:
        assert self.wav is not None
        return float(self.wav.channels()[0][0])

    @property
    def number(self) -> int:
        assert self.wav is not None
        return round(float(self.wav.channels()[0][1]) * _NUMBER_SCALE)


class ScriptedServer:
    def __init__(self, *, lists: tuple[str, ...] | None = (MODEL,), detailed: bool = True) -> None:
        """*lists*: the models it names, ``None``: it has no such list. *detailed*: it knows verbose_json."""
        self.asked: list[Question] = []
        self.next_answers: deque[Response] = deque()
        self.status: int | None = None
        """Answer everything with it, when it is set."""
        self.hanging = 0
        """How many questions are waiting for an answer that does not come."""
        self.changed = anyio.Event()
        self.closing = anyio.Event()
        self.url = ""
        self._lists = lists
        self._detailed = detailed

    @property
    def transcriptions(self) -> list[Question]:
        return [question for question in self.asked if question.wav is not None]

    def config(self, *, key: str = "", prompt: str = "") -> ServerConfig:
        """Return what the settings would say of it."""
        return ServerConfig(
            address=server_address(self.url),
            model=MODEL,
            key=key,
            prompt=prompt,
            timeout_ms=PATIENCE_MS,
        )

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/models", self._models),
                Route("/v1/audio/transcriptions", self._transcribe, methods=["POST"]),
                Route("/{path:path}", self._elsewhere, methods=["GET", "POST"]),
            ]
        )

    async def until_hanging(self, count: int) -> None:
        while self.hanging < count:
            await self.changed.wait()

    def _tell(self) -> None:
        changed, self.changed = self.changed, anyio.Event()
        changed.set()

    def _told_to_say(self) -> Response | None:
        if self.next_answers:
            return self.next_answers.popleft()
        return None if self.status is None else Response(status_code=self.status)

    async def _models(self, request: Request) -> Response:
        self.asked.append(Question(request.url.path, request.headers))
        if (told := self._told_to_say()) is not None:
            return told
        if self._lists is None:
            return Response(status_code=404)
        models = [{"id": name, "object": "model"} for name in self._lists]
        return JSONResponse({"object": "list", "data": models})

    async def _elsewhere(self, request: Request) -> Response:
        self.asked.append(Question(request.url.path, request.headers))
        return JSONResponse({"text": "ここではない"})

    async def _transcribe(self, request: Request) -> Response:
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            question = Question(
                request.url.path,
                request.headers,
                {name: value for name, value in form.items() if isinstance(value, str)},
                file.filename or "",
                read_wav(await file.read()),
            )
        self.asked.append(question)
        if (told := self._told_to_say()) is not None:
            return told
        if question.fields["response_format"] == "verbose_json" and not self._detailed:
            return JSONResponse({"error": {"param": "response_format"}}, status_code=400)
        return await self._obey(question)

    async def _obey(self, question: Question) -> Response:
        if _is(question.order, FAIL):
            return JSONResponse({"error": "ordered to fail"}, status_code=422)
        if _is(question.order, HANG):
            self.hanging += 1
            self._tell()
            await self.closing.wait()
        if _is(question.order, DIE):
            return _Cut()
        if not _is(question.order, SAY):
            return said("")
        text = f"ことば{question.number}"
        return said(text) if self._detailed else JSONResponse({"text": text})


class _Cut(Response):
    """Promises more than it sends: uvicorn then closes the line."""

    def __init__(self) -> None:
        super().__init__(b"{", headers={"content-length": "100"})


def said(text: str, **of_segment: object) -> Response:
    """Return an answer with one segment, as a Whisper server gives it."""
    segment = {
        "id": 0,
        "text": text,
        "tokens": [1, 2, 3, 4],
        "avg_logprob": -0.1,
        "no_speech_prob": 0.05,
        "compression_ratio": 0.9,
        **of_segment,
    }
    body = {"task": "transcribe", "language": "japanese", "text": text, "segments": [segment]}
    return Response(json.dumps(body).encode(), media_type="application/json")


@asynccontextmanager
async def serving(server: ScriptedServer | None = None) -> AsyncIterator[ScriptedServer]:
    """Serve on a free port until the block ends."""
    scripted = server or ScriptedServer()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        scripted.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            scripted.app(), log_config=None, access_log=False, lifespan="off", http="h11"
        )
        config.load()
        state = ServerState()

        def protocol() -> H11Protocol:
            return H11Protocol(config=config, server_state=state, app_state={})

        # Not uvicorn.Server: it looks only ten times a second whether it should end.
        running = await asyncio.get_running_loop().create_server(protocol, sock=listening)
        try:
            yield scripted
        finally:
            scripted.closing.set()
            running.close()
            for connection in list(state.connections):
                connection.shutdown()
            await asyncio.gather(*state.tasks, return_exceptions=True)
            await running.wait_closed()


def _is(heard: float, order: float) -> bool:
    # Through 16 bits, 0.5 comes back as 0.5, but nothing promises it.
    return abs(heard - order) < _TOLERANCE
