"""Adapter: one recogniser process, seen from the server: start it, ask it, end it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Final, cast

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from asr.errors import RecogniserGaveUp, RecogniserLost
from asr.types import Answer, Effort, Samples
from asr.wire import (
    PREFIX,
    BrokenMessage,
    Decoded,
    DecodeRequest,
    GaveUp,
    Message,
    Ready,
    decode,
    lengths,
    pieces,
)

_AVX512: Final = frozenset({"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"})
_MAX_BATCH: Final = 32
"""Of 30 s each; as much as one message may hold."""


class RecogniserProcess:
    """A ``Recogniser`` that is a process of its own."""

    def __init__(self, process: anyio.abc.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise RecogniserLost("the process was started without pipes")
        self._process = process
        self._requests = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)
        self._asked = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def max_batch(self) -> int:
        return _MAX_BATCH

    async def wait_ready(self, timeout_ms: int) -> str:
        match await self._receive(timeout_ms):
            case Ready(model_name):
                return model_name
            case GaveUp(reason):
                raise RecogniserGaveUp(reason)
        raise RecogniserLost("the process did not begin with being ready")

    async def decode(self, batch: Sequence[Samples], effort: Effort, timeout_ms: int) -> Answer:
        self._asked += 1
        try:
            with anyio.fail_after(timeout_ms / 1000):
                # Segment by segment: four megabytes at once would hold the loop for up to 4 ms,
                # so it is 0.3 ms at most, and what waits in the pipe is one segment.
                for piece in pieces(DecodeRequest(self._asked, tuple(batch), effort)):
                    # Any buffer may be written, although only bytes are declared.
                    await self._requests.send(cast("bytes", piece))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError) as error:
            raise RecogniserLost("the process does not take its work") from error
        match await self._receive(timeout_ms):
            case Decoded(request_id, transcripts, resident_bytes) if (
                request_id == self._asked and len(transcripts) == len(batch)
            ):
                return Answer(transcripts, resident_bytes)
        raise RecogniserLost("the answer does not belong to the question")

    async def wait_exit(self) -> None:
        await self._process.wait()

    async def end(self) -> None:
        """Kill it: it keeps nothing that is worth a farewell."""
        with suppress(ProcessLookupError):
            self._process.kill()
        with anyio.CancelScope(shield=True):
            await self._process.aclose()

    async def _receive(self, timeout_ms: int) -> Message:
        try:
            with anyio.fail_after(timeout_ms / 1000):
                header_bytes, body_bytes = lengths(await self._answers.receive_exactly(PREFIX.size))
                header = await self._answers.receive_exactly(header_bytes)
                return decode(header, await self._answers.receive_exactly(body_bytes))
        except TimeoutError as error:
            raise RecogniserLost("the process does not answer") from error
        except BrokenMessage as error:
            raise RecogniserLost("the process says something that is no message") from error
        except (
            anyio.EndOfStream,
            anyio.IncompleteRead,
            anyio.BrokenResourceError,
            anyio.ClosedResourceError,
            OSError,
        ) as error:
            raise RecogniserLost("the process ended") from error


def process_recogniser(
    command: Sequence[str],
) -> Callable[[], AbstractAsyncContextManager[RecogniserProcess]]:
    """Return what opens a recogniser that *command* starts, as a pool wants it."""
    return lambda: running(command)


@asynccontextmanager
async def running(command: Sequence[str]) -> AsyncIterator[RecogniserProcess]:
    """Run *command* as a recogniser; afterwards it is gone, whatever happened.

    Raises:
        RecogniserLost: it could not be started.
    """
    try:
        process = await anyio.open_process(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,
            env=environment(),
        )
    except OSError as error:
        raise RecogniserLost(f"{command[0]} could not be started: {error.strerror}") from error
    recogniser = RecogniserProcess(process)
    try:
        yield recogniser
    finally:
        await recogniser.end()


def recogniser_command(
    model: Path,
    name: str,
    *,
    nice: int = 5,
    beam_size: int = 1,
    device: str = "cpu",
    compute_type: str = "int8",
) -> tuple[str, ...]:
    """Return the command line that recognises with the model in *model*."""
    return (
        sys.executable, "-m", "asr.recogniser",
        "--model", str(model), "--name", name, "--nice", str(nice),
        "--beam-size", str(beam_size), "--device", device, "--compute-type", compute_type,
    )  # fmt: skip


def environment() -> dict[str, str]:
    """Return this process's environment with what a single-threaded recogniser needs."""
    settings = {
        "OMP_NUM_THREADS": "1",
        # Intel's OpenMP would spin 200 ms after each batch, on a core that others need.
        "KMP_BLOCKTIME": "0",
        "OMP_WAIT_POLICY": "PASSIVE",
        "MALLOC_ARENA_MAX": "2",
        # The process is started with -m: it must find this package whatever the directory is.
        "PYTHONPATH": os.pathsep.join(
            [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }
    if cpu_flags() >= _AVX512:
        # CTranslate2 chooses AVX2 on AMD by itself; AVX-512 took an eighth less time (Zen 5).
        settings["CT2_FORCE_CPU_ISA"] = os.environ.get("CT2_FORCE_CPU_ISA", "AVX512")
    return {**os.environ, **settings}


def cpu_flags() -> frozenset[str]:
    """Return what the processor can do, as Linux names it; empty where nothing tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("flags"):
                return frozenset(line.partition(":")[2].split())
    except OSError:
        pass
    return frozenset()
