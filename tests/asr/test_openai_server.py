"""Recognition by a server that speaks OpenAI's API, asked over real HTTP."""

from __future__ import annotations

import gzip
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import numpy as np
import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from asr.errors import (
    RecogniserGaveUp,
    RecogniserLost,
    TranscriberUnavailable,
    TranscriptionFailed,
)
from asr.openai_protocol import MAX_ANSWER_BYTES, server_address
from asr.openai_server import OpenAiServer, ServerConfig, ServerConnection
from asr.pool import PoolConfig, RecogniserPool
from asr.types import Answer, Effort, Encoding, Rank, SpeechSegment, Urgency
from tests.asr.scripted_recogniser import DIE, FAIL, HANG, SAY, ordered
from tests.asr.scripted_server import PATIENCE_MS, ScriptedServer, said, serving
from tests.contracts.recogniser import Opened as OpenedRecogniser
from tests.contracts.recogniser import RecogniserContract
from tests.contracts.transcriber import Opened as OpenedTranscriber
from tests.contracts.transcriber import TranscriberContract

PATIENCE_S = 60
SHORT_MS = 300
KEY = "sk-nobody-may-read-this"
CALLER = Urgency("call.caller", Rank.CALLER)


class StoppedClock:
    """Goes on only when somebody pauses."""

    def __init__(self) -> None:
        self.now_s = 1_000.0
        self.pauses_s: list[float] = []

    def __call__(self) -> float:
        return self.now_s

    async def pause(self, seconds: float) -> None:
        self.pauses_s.append(seconds)
        self.now_s += seconds
        await anyio.lowlevel.checkpoint()


def unhurried(config: ServerConfig, clock: StoppedClock | None = None) -> OpenAiServer:
    """Return a server whose pauses pass at once and are as long as they can be."""
    stopped = clock or StoppedClock()
    return OpenAiServer(config, pause=stopped.pause, clock=stopped, luck=lambda: 1.0)


@asynccontextmanager
async def connected(
    server: ScriptedServer | None = None, clock: StoppedClock | None = None
) -> AsyncIterator[tuple[ScriptedServer, ServerConnection]]:
    async with (
        serving(server) as running,
        unhurried(running.config(), clock).connection() as connection,
    ):
        yield running, connection


async def ask(connection: ServerConnection, segment: SpeechSegment) -> str | None:
    """Return the words; ``None`` when the segment was not taken."""
    answer: Answer = await connection.decode([segment.samples], Effort.QUICK, PATIENCE_MS)
    (words,) = answer.transcripts
    return None if words is None else words.text


def pool_of(config: ServerConfig, *, connections: int = 2) -> RecogniserPool:
    return RecogniserPool(
        PoolConfig(
            open_recogniser=unhurried(config).connection,
            processes=connections,
            restart_delays_ms=(0,),
        )
    )


class TestServerConnection(RecogniserContract):
    @pytest.fixture
    def opened(self) -> OpenedRecogniser:
        @asynccontextmanager
        async def one() -> AsyncIterator[ServerConnection]:
            async with connected() as (_, connection):
                yield connection

        return one

    @pytest.fixture
    def gone(self) -> OpenedRecogniser:
        @asynccontextmanager
        async def ended() -> AsyncIterator[ServerConnection]:
            async with serving() as server:
                config = server.config()
            async with unhurried(config).connection() as connection:
                yield connection

        return ended


class TestPoolOfServerConnections(TranscriberContract):
    @pytest.fixture
    def opened(self) -> OpenedTranscriber:
        @asynccontextmanager
        async def pool() -> AsyncIterator[RecogniserPool]:
            async with serving() as server, pool_of(server.config()) as opened:
                yield opened

        return pool

    @pytest.fixture
    def gone(self) -> OpenedTranscriber:
        @asynccontextmanager
        async def ended() -> AsyncIterator[RecogniserPool]:
            async with serving() as server:
                config = server.config()
            async with pool_of(config) as pool:
                yield pool

        return ended


# What is sent


async def test_the_sound_goes_out_as_one_channel_of_16_bits_at_16_khz() -> None:
    segment = ordered(SAY, 7, duration_ms=1_234)

    async with connected() as (server, connection):
        await ask(connection, segment)

    (question,) = server.transcriptions
    assert question.wav is not None
    assert (question.wav.encoding, question.wav.rate_hz) == (Encoding.PCM_S16LE, 16_000)
    (heard,) = question.wav.channels()
    assert np.abs(heard - segment.samples).max() < 2**-15


async def test_beside_the_sound_goes_what_the_api_asks_for_and_nothing_of_the_call() -> None:
    async with connected() as (server, connection):
        await ask(connection, ordered(SAY))

    (question,) = server.transcriptions
    assert dict(question.fields) == {
        "model": "scripted",
        "language": "ja",
        "temperature": "0",
        "response_format": "verbose_json",
    }
    assert question.file_name == "segment.wav"
    assert set(question.headers) == {
        *("host", "accept", "accept-encoding", "connection", "user-agent"),
        *("content-length", "content-type"),
    }
    assert question.headers["user-agent"] == "mimamori"


async def test_key_and_nouns_go_along_when_they_are_set() -> None:
    async with serving() as server:
        config = server.config(key=KEY, prompt="住民票、排雪")
        async with unhurried(config).connection() as connection:
            await connection.wait_ready(PATIENCE_MS)
            await ask(connection, ordered(SAY))

    assert [asked.headers["authorization"] for asked in server.asked] == [f"Bearer {KEY}"] * 2
    assert server.transcriptions[0].fields["prompt"] == "住民票、排雪"


async def test_broken_samples_are_sent_as_silence() -> None:
    broken = np.full(16_000, np.nan, dtype=np.float32)

    async with connected() as (server, connection):
        await connection.decode([broken], Effort.QUICK, PATIENCE_MS)

    wav = server.transcriptions[0].wav
    assert wav is not None
    assert not np.frombuffer(wav.payload, dtype="<i2").any()


async def test_the_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as proxy, serving() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")

        async with unhurried(server.config()).connection() as connection:
            words = await ask(connection, ordered(SAY, 3))

    assert words == "ことば3"
    assert proxy.asked == []


async def test_opening_a_connection_sends_nothing() -> None:
    async with connected() as (server, _):
        pass

    assert server.asked == []


# Ready or not


async def test_a_server_that_lists_the_model_is_ready_without_hearing_anything() -> None:
    async with connected() as (server, connection):
        await connection.wait_ready(PATIENCE_MS)

    assert [question.path for question in server.asked] == ["/v1/models"]


@pytest.mark.parametrize("lists", [None, (), ("another",)])
async def test_a_server_that_does_not_list_the_model_must_recognise_a_second_of_silence(
    lists: tuple[str, ...] | None,
) -> None:
    async with connected(ScriptedServer(lists=lists)) as (server, connection):
        await connection.wait_ready(PATIENCE_MS)

    (question,) = server.transcriptions
    assert question.wav is not None
    assert question.wav.duration_ms == 1_000
    assert not any(question.wav.payload)


async def test_a_model_that_the_server_does_not_have_is_told_at_the_start() -> None:
    async with connected() as (server, connection):
        server.next_answers += [JSONResponse({"data": []}), Response(status_code=404)]
        with pytest.raises(RecogniserGaveUp, match="MIMAMORI_ASR__SERVER_MODEL"):
            await connection.wait_ready(PATIENCE_MS)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_is_told_and_nobody_is_ready(status: int) -> None:
    async with serving() as server:
        server.status = status
        async with pool_of(server.config(key=KEY)) as pool:
            with anyio.fail_after(PATIENCE_S):
                with pytest.raises(TranscriberUnavailable) as at_start:
                    await pool.wait_ready()
                with pytest.raises(TranscriberUnavailable):
                    await pool.transcribe(ordered(SAY), urgency=CALLER)
            ready = pool.ready

    assert "MIMAMORI_ASR__SERVER_KEY" in str(at_start.value)
    assert f"HTTP {status}" in str(at_start.value)
    assert KEY not in str(at_start.value)
    assert not ready
    assert server.transcriptions == []


async def test_a_server_that_is_gone_is_waited_for_a_while_and_then_named() -> None:
    clock = StoppedClock()
    async with serving() as server:
        config = server.config()

    async with unhurried(config, clock).connection() as connection:
        with pytest.raises(RecogniserGaveUp, match=r"cannot be reached.*MIMAMORI_ASR__SERVER_URL"):
            await connection.wait_ready(PATIENCE_MS)

    assert clock.pauses_s == [0.25, 0.5, 1.0, 2.0, 4.0]


async def test_a_server_that_is_still_loading_is_waited_for() -> None:
    async with connected() as (server, connection):
        server.next_answers += [Response(status_code=503)] * 3

        name = await connection.wait_ready(PATIENCE_MS)

    assert name == "scripted"
    assert len(server.asked) == 4


async def test_a_key_that_is_withdrawn_stops_recognition_until_it_is_accepted_again() -> None:
    async with serving() as server, pool_of(server.config(key=KEY), connections=1) as pool:
        with anyio.fail_after(PATIENCE_S):
            await pool.wait_ready()
            server.status = 401
            with pytest.raises(TranscriberUnavailable, match="refuses the key"):
                await pool.transcribe(ordered(SAY), urgency=CALLER)
            server.status = None
            await pool.wait_recovered()
            words = await pool.transcribe(ordered(SAY, 5), urgency=CALLER)

    assert words.text == "ことば5"


async def test_after_a_loss_a_list_of_models_is_no_proof() -> None:
    async with connected() as (server, connection):
        with pytest.raises(RecogniserLost):
            await connection.decode([ordered(HANG).samples], Effort.QUICK, SHORT_MS)

        await connection.wait_ready(PATIENCE_MS)
        await connection.wait_ready(PATIENCE_MS)

    assert [question.path.rpartition("/")[2] for question in server.asked] == [
        *("transcriptions", "transcriptions", "models")
    ]


# Trouble that passes


async def test_a_server_in_trouble_is_asked_again_after_growing_pauses() -> None:
    clock = StoppedClock()

    async with connected(clock=clock) as (server, connection):
        server.next_answers += [Response(status_code=status) for status in (503, 500, 429)]
        words = await ask(connection, ordered(SAY, 1))

    assert words == "ことば1"
    assert len(server.transcriptions) == 4
    assert clock.pauses_s == [0.25, 0.5, 1.0]


async def test_a_server_says_how_long_it_wants_to_be_left_alone() -> None:
    clock = StoppedClock()

    async with connected(clock=clock) as (server, connection):
        server.next_answers.append(Response(status_code=429, headers={"retry-after": "7"}))
        words = await ask(connection, ordered(SAY, 1))

    assert words == "ことば1"
    assert clock.pauses_s == [7.0]


async def test_a_segment_does_not_wait_longer_than_it_may() -> None:
    clock = StoppedClock()

    async with connected(clock=clock) as (server, connection):
        server.next_answers.append(Response(status_code=429, headers={"retry-after": "61"}))
        with pytest.raises(RecogniserLost, match=r"too much to do.*HTTP 429"):
            await ask(connection, ordered(SAY))

    assert clock.pauses_s == []
    assert len(server.transcriptions) == 1


async def test_a_server_that_stays_in_trouble_is_lost_after_four_tries() -> None:
    async with connected() as (server, connection):
        server.status = 502
        with pytest.raises(RecogniserLost, match=r"is failing.*HTTP 502"):
            await ask(connection, ordered(SAY))

    assert len(server.transcriptions) == 4


async def test_a_line_that_is_cut_is_tried_again() -> None:
    async with connected() as (server, connection):
        with pytest.raises(RecogniserLost, match="cannot be reached"):
            await ask(connection, ordered(DIE))
        words = await ask(connection, ordered(SAY, 2))

    assert len(server.transcriptions) == 5
    assert words == "ことば2"


async def test_a_segment_that_is_not_answered_is_lost_and_the_next_is_recognised() -> None:
    async with connected() as (_, connection):
        with pytest.raises(RecogniserLost, match="MIMAMORI_ASR__SERVER_TIMEOUT_MS"):
            await connection.decode([ordered(HANG).samples], Effort.QUICK, SHORT_MS)
        words = await ask(connection, ordered(SAY, 4))

    assert words == "ことば4"


async def test_a_segment_that_no_connection_gets_an_answer_for_fails_and_takes_no_other() -> None:
    async with serving() as server, pool_of(server.config(), connections=1) as pool:
        with anyio.fail_after(PATIENCE_S):
            with pytest.raises(TranscriptionFailed):
                await pool.transcribe(ordered(DIE), urgency=CALLER)
            words = await pool.transcribe(ordered(SAY, 8), urgency=CALLER)

    assert words.text == "ことば8"


async def test_a_slow_answer_holds_up_only_its_own_connection() -> None:
    async with serving() as server, pool_of(server.config(), connections=3) as pool:
        with anyio.fail_after(PATIENCE_S):
            async with anyio.create_task_group() as calls:
                for number in range(2):
                    urgency = Urgency(f"{number}.caller", Rank.CALLER)
                    calls.start_soon(_forget, pool, ordered(HANG), urgency)
                await server.until_hanging(2)
                words = await pool.transcribe(ordered(SAY, 9), urgency=CALLER)
                calls.cancel_scope.cancel()

    assert words.text == "ことば9"


async def _forget(pool: RecogniserPool, segment: SpeechSegment, urgency: Urgency) -> None:
    await pool.transcribe(segment, urgency=urgency)


# What a server may refuse


async def test_a_server_without_details_is_asked_for_the_text_alone() -> None:
    async with connected(ScriptedServer(detailed=False)) as (server, connection):
        words = [await ask(connection, ordered(SAY, number)) for number in range(3)]

    assert words == ["ことば0", "ことば1", "ことば2"]
    assert [question.fields["response_format"] for question in server.transcriptions] == [
        *("verbose_json", "json", "json", "json")
    ]


async def test_a_segment_that_is_refused_is_not_offered_again() -> None:
    async with connected() as (server, connection):
        await ask(connection, ordered(SAY))
        words = await ask(connection, ordered(FAIL))

    assert words is None
    assert [question.fields["response_format"] for question in server.transcriptions] == [
        *("verbose_json", "verbose_json")
    ]


async def test_a_refused_first_segment_does_not_cost_the_details_of_the_next() -> None:
    async with connected() as (server, connection):
        first = await ask(connection, ordered(FAIL))
        second = await ask(connection, ordered(SAY, 1))

    assert (first, second) == (None, "ことば1")
    assert server.transcriptions[-1].fields["response_format"] == "verbose_json"


async def test_a_redirect_is_not_followed() -> None:
    async with serving() as elsewhere, connected() as (server, connection):
        server.next_answers.append(
            RedirectResponse(f"{elsewhere.url}/v1/audio/transcriptions", status_code=307)
        )
        with pytest.raises(RecogniserGaveUp, match="leads on to another address"):
            await ask(connection, ordered(SAY))

    assert elsewhere.asked == []


# Answers that are none


async def _without_length() -> AsyncIterator[bytes]:
    for _ in range(64):
        yield b" " * 65_536


@pytest.mark.parametrize(
    "answer",
    [
        lambda: Response(b"{" + b" " * MAX_ANSWER_BYTES),
        lambda: StreamingResponse(_without_length()),
        lambda: Response(gzip.compress(b" " * 10_000_000), headers={"content-encoding": "gzip"}),
        lambda: Response("<html>ログイン</html>"),
        lambda: Response(b"[" * 100_000),
        lambda: Response(status_code=204),
    ],
    ids=["huge", "huge and without length", "packed", "a page", "deep", "nothing"],
)
async def test_an_answer_that_is_none_costs_this_segment_alone(answer: object) -> None:
    assert callable(answer)

    async with connected() as (server, connection):
        server.next_answers.append(answer())
        first = await ask(connection, ordered(SAY, 0))
        second = await ask(connection, ordered(SAY, 1))

    assert (first, second) == (None, "ことば1")


async def test_how_sure_the_server_is_reaches_the_transcript() -> None:
    async with serving() as server, pool_of(server.config()) as pool:
        server.next_answers += [Response(status_code=404)]  # no list, so silence comes first
        with anyio.fail_after(PATIENCE_S):
            await pool.wait_ready()
            sure = await pool.transcribe(ordered(SAY), urgency=CALLER)
            server.next_answers.append(said("もしもし", avg_logprob=-1.2, no_speech_prob=0.7))
            unsure = await pool.transcribe(ordered(SAY), urgency=CALLER)

    assert (sure.avg_logprob, sure.no_speech_probability) == pytest.approx((-0.1, 0.05))
    assert (unsure.avg_logprob, unsure.no_speech_probability) == pytest.approx((-1.2, 0.7))
    assert unsure.confidence < sure.confidence


# What is told


async def test_why_a_server_cannot_be_used_is_told_once_and_again_after_it_worked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving() as server:
        ours = unhurried(server.config())
        for _ in range(2):
            server.status = 401
            for _ in range(3):
                async with ours.connection() as connection:
                    with pytest.raises(RecogniserGaveUp):
                        await connection.wait_ready(PATIENCE_MS)
            server.status = None
            async with ours.connection() as connection:
                await connection.wait_ready(PATIENCE_MS)

    told = [record.getMessage() for record in caplog.records if record.name.startswith("asr.")]
    assert len(told) == 2
    assert all("refuses the key" in line for line in told)


async def test_neither_words_nor_the_key_reach_a_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # the other side's

    async with serving() as server, unhurried(server.config(key=KEY)).connection() as connection:
        await ask(connection, ordered(SAY, 1))
        await ask(connection, ordered(FAIL))
        server.next_answers.append(Response("ことば999 sk-echo"))
        await ask(connection, ordered(SAY))
        server.status = 401
        with pytest.raises(RecogniserLost) as refused:
            await ask(connection, ordered(SAY))

    assert "a segment was not recognised" in caplog.text
    for secret in (KEY, "ことば", "sk-echo"):
        assert secret not in caplog.text
        assert secret not in str(refused.value)
    assert KEY not in repr(server.config(key=KEY))


@pytest.mark.parametrize("key", ["sk-1\nHost: elsewhere", "鍵", "sk-1\x7f"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_quoted(key: str) -> None:
    config = ServerConfig(address=server_address("http://127.0.0.1:1"), model="m")

    with pytest.raises(ValueError, match=r"^key must be printable ASCII$"):
        replace(config, key=key)


# Certificates


async def test_https_to_a_server_that_speaks_http_says_what_to_check() -> None:
    async with serving() as server:
        secure = server_address(server.url.replace("http:", "https:"))
        async with unhurried(replace(server.config(), address=secure)).connection() as connection:
            with pytest.raises(RecogniserGaveUp, match=r"no trusted connection.*SERVER_CA_FILE"):
                await connection.wait_ready(PATIENCE_MS)


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_file_without_certificates_is_told_at_the_start(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "office.pem"
    if content is not None:
        path.write_text(content)
    config = ServerConfig(address=server_address("https://asr.example"), model="m", ca_file=path)

    with pytest.raises(RecogniserGaveUp, match="MIMAMORI_ASR__SERVER_CA_FILE"):
        OpenAiServer(config)
