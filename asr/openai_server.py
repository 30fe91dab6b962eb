"""Adapter: a recognition server that speaks OpenAI's API, as recognisers of the pool.

The only module that sends callers' voices away from this machine. They go to the one address that
the settings name, without names, numbers or anything else of the call.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import anyio
import httpx
import numpy as np

from asr.errors import RecogniserGaveUp, RecogniserLost
from asr.http_asking import (
    NotNow,
    NotTaken,
    ask,
    direct_client,
    timeout,
    trusted_certificates,
)
from asr.openai_protocol import (
    AnswerMalformed,
    ServerAddress,
    form_fields,
    pause_ms,
    read_model_names,
    read_transcription,
)
from asr.types import MODEL_RATE_HZ, Answer, Effort, Encoding, RawTranscript, Samples
from asr.wav import wav_bytes

T = TypeVar("T")

MAX_TRIES: Final = 4
"""For one segment: at most 2 s of pauses, then another connection may try."""
START_PATIENCE_MS: Final = 8_000
"""A server that is being restarted is waited for; then the reason is told, before a pool's 10 s."""
_NO_MODELS: Final = frozenset({404, 405, 501})
"""Answers of servers that do not list their models."""
_FORMAT_REFUSED: Final = frozenset({400, 415, 422})
_SILENCE: Final = np.zeros(MODEL_RATE_HZ, dtype=np.float32)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    address: ServerAddress
    model: str
    """As the server calls it; stored with every transcript."""
    key: str = field(default="", repr=False)
    prompt: str = ""
    """Nouns of the office, to be spelled right."""
    timeout_ms: int = 10_000
    """For one segment, tries and pauses included; whoever asks may have less patience."""
    ca_file: Path | None = None
    """Certificates to trust besides the system's."""

    def __post_init__(self) -> None:
        if not self.model:
            raise ValueError("model must not be empty")
        if not (self.key.isascii() and self.key.isprintable()):
            # Said here, because the library would quote it.
            raise ValueError("key must be printable ASCII")


class OpenAiServer:
    """Opens connections to one server, and remembers what they have learnt of it."""

    def __init__(
        self,
        config: ServerConfig,
        *,
        pause: Callable[[float], Awaitable[None]] = anyio.sleep,
        luck: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """
        Raises:
            RecogniserGaveUp: the certificates cannot be read.
        """
        self.config = config
        self.pause = pause
        self.luck = luck
        self.clock = clock
        self.detailed: bool | None = None
        """Whether it says how sure it is; ``None`` until it was asked."""
        self.doubted = False
        """A connection was lost at work: a list of models is no proof that it recognises."""
        self._told: str | None = None
        self._transport = transport
        self._trusted = trusted_certificates(
            config.ca_file, needed=config.address.root.startswith("https:")
        )

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[ServerConnection]:
        """Open one recogniser of the pool; nothing is sent before it is asked."""
        key = self.config.key
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with direct_client(headers, self._trusted, self._transport) as client:
            yield ServerConnection(self, client)

    def tell(self, trouble: RecogniserLost | NotTaken | None) -> None:
        """Log *trouble* unless it is the same as the last, whichever connection met it."""
        reason = None if trouble is None else str(trouble)
        if reason is not None and reason != self._told:
            # Its own words: addresses and settings, never what was said or the key.
            _log.error("the recognition server cannot be used: %s", reason)
        self._told = reason


class ServerConnection:
    """A ``Recogniser`` that is one connection: a segment, then its words.

    Lost when the server does not answer or refuses everybody. A segment that it does not take,
    and an answer that is none, cost this segment only.
    """

    def __init__(self, server: OpenAiServer, client: httpx.AsyncClient) -> None:
        self._server = server
        self._client = client

    @property
    def pid(self) -> None:
        return None

    @property
    def max_batch(self) -> int:
        return 1

    async def wait_ready(self, timeout_ms: int) -> str:
        try:
            await self._trying(self._check, timeout_ms, patience_ms=START_PATIENCE_MS)
        except (NotTaken, RecogniserLost) as error:
            self._server.tell(error)
            # Not only lost: the reason is for the person who waits for the start.
            raise RecogniserGaveUp(str(error)) from error
        self._server.tell(None)
        return self._server.config.model

    async def decode(self, batch: Sequence[Samples], effort: Effort, timeout_ms: int) -> Answer:
        try:
            return Answer(tuple([await self._words(each, timeout_ms) for each in batch]))
        except RecogniserLost as error:
            self._server.tell(error)
            self._server.doubted = True
            self._server.detailed = None
            raise

    async def wait_exit(self) -> None:
        await anyio.sleep_forever()

    async def _words(self, samples: Samples, timeout_ms: int) -> RawTranscript | None:
        async def attempt(left_s: float) -> RawTranscript:
            return await self._transcribe(samples, left_s)

        try:
            return await self._trying(
                attempt, timeout_ms, patience_ms=timeout_ms, max_tries=MAX_TRIES
            )
        except NotTaken as error:
            _log.warning("a segment was not recognised: %s", error)
            return None

    async def _trying(
        self,
        attempt: Callable[[float], Awaitable[T]],
        timeout_ms: int,
        *,
        patience_ms: int,
        max_tries: int | None = None,
    ) -> T:
        """Return what *attempt* returns; begin no further try after *patience_ms* or *max_tries*."""
        server, tries = self._server, 0
        timeout_ms = min(timeout_ms, server.config.timeout_ms)
        deadline_s = server.clock() + timeout_ms / 1000
        patient_until_s = server.clock() + min(timeout_ms, patience_ms) / 1000
        while True:
            left_s = max(0.0, deadline_s - server.clock())
            try:
                with anyio.fail_after(left_s):
                    return await attempt(left_s)
            except TimeoutError as error:
                raise RecogniserLost(
                    f"the recognition server {server.config.address.host} has not answered within "
                    f"{timeout_ms} ms: lower MIMAMORI_ASR__SERVER_CONNECTIONS, or raise "
                    "MIMAMORI_ASR__SERVER_TIMEOUT_MS"
                ) from error
            except NotNow as error:
                tries += 1
                pause_s = (error.pause_ms or pause_ms(tries, server.luck())) / 1000
                if tries == max_tries or server.clock() + pause_s >= patient_until_s:
                    raise RecogniserLost(str(error)) from error
                await server.pause(pause_s)

    async def _check(self, left_s: float) -> None:
        """Make sure that the server answers, and knows the model."""
        if not self._server.doubted and await self._lists_the_model(left_s):
            return
        await self._transcribe(_SILENCE, left_s)
        self._server.doubted = False

    async def _lists_the_model(self, left_s: float) -> bool:
        address = self._server.config.address
        request = self._client.build_request("GET", address.models, timeout=timeout(left_s))
        status, body = await ask(self._client, request, address.host, accepted=_NO_MODELS)
        if status in _NO_MODELS:
            return False
        try:
            # One that is not in the list may still be a second name of one that is.
            return self._server.config.model in read_model_names(body)
        except AnswerMalformed:
            return False

    async def _transcribe(self, samples: Samples, left_s: float) -> RawTranscript:
        server = self._server
        wav = wav_bytes(Encoding.PCM_S16LE, MODEL_RATE_HZ, [np.nan_to_num(samples)])
        if server.detailed is not False:
            # Until it has given details once, a refusal may mean them and not the segment.
            accepted = _FORMAT_REFUSED if server.detailed is None else frozenset[int]()
            status, body = await self._post(wav, left_s, detailed=True, accepted=accepted)
            if status not in accepted:
                transcript = self._read(body, samples)
                server.detailed = True
                return transcript
        _, body = await self._post(wav, left_s, detailed=False, accepted=frozenset())
        transcript = self._read(body, samples)
        server.detailed = False
        return transcript

    def _read(self, body: bytes, samples: Samples) -> RawTranscript:
        try:
            return read_transcription(body, sample_count=samples.size)
        except AnswerMalformed as error:
            host = self._server.config.address.host
            raise NotTaken(
                f"{host} did not give a transcript ({error}): check that "
                "MIMAMORI_ASR__SERVER_URL is its transcription API"
            ) from error

    async def _post(
        self, wav: bytes, left_s: float, *, detailed: bool, accepted: frozenset[int]
    ) -> tuple[int, bytes]:
        config = self._server.config
        request = self._client.build_request(
            "POST",
            config.address.transcriptions,
            data=form_fields(model=config.model, detailed=detailed, prompt=config.prompt),
            files={"file": ("segment.wav", wav, "audio/wav")},
            timeout=timeout(left_s),
        )
        return await ask(self._client, request, config.address.host, accepted=accepted)
