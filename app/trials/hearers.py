"""Adapter: what hears a call again: the process beside the server, or this very process for a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from app.trials.hearing import StoredCall
from app.trials.rules import RulesSpec
from app.trials.wire import call_fields, line

START_SECONDS: Final = 120
CALL_SECONDS: Final = 600
"""A call that takes longer is not comparable: three hours of talk take one minute."""
_LONGEST_ANSWER: Final = 16 * 1024 * 1024


class NotComparable(Exception):  # noqa: N818 - named as a fact
    """This call cannot be compared; the next may. Its message is a code."""


class HearerLost(Exception):  # noqa: N818
    """The process ended or fell silent, with this call or before the first. Its message is a code."""


class Hearer(Protocol):
    """Hears calls under two sets of rules."""

    async def compared(self, call: StoredCall) -> dict[str, Any]:
        """Return the fields of ``Compared``.

        Raises:
            NotComparable: this call is lost; the next may go well.
            HearerLost: this call is lost, and whoever hears must be opened anew.
        """
        ...


class ProcessHearer:
    """A ``Hearer`` that is a process of its own, so that nothing here waits for it."""

    def __init__(self, process: anyio.abc.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise HearerLost("no_pipes")
        self.pid = process.pid
        self._questions = process.stdin
        self._answers = BufferedByteReceiveStream(process.stdout)

    async def opened(
        self, before: RulesSpec, after: RulesSpec, warnings: Sequence[str]
    ) -> dict[str, str]:
        """Give it the rules; return the versions of both detectors."""
        asked = {"before": before.fields(), "after": after.fields(), "warnings": list(warnings)}
        answer = await self._ask(asked, START_SECONDS)
        if "ready" not in answer:
            raise HearerLost(str(answer.get("refused", "not_ready")))
        return {name: str(version) for name, version in answer["ready"].items()}

    async def compared(self, call: StoredCall) -> dict[str, Any]:
        answer = await self._ask(call_fields(call), CALL_SECONDS)
        if "compared" not in answer:
            raise NotComparable(str(answer.get("failed", "failed")))
        return dict(answer["compared"])

    async def _ask(self, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        asked = await anyio.to_thread.run_sync(line, message)
        try:
            with anyio.fail_after(seconds):
                await self._questions.send(asked)
                answer = await self._answers.receive_until(b"\n", _LONGEST_ANSWER)
        except TimeoutError:
            raise HearerLost("too_slow") from None
        except (
            anyio.BrokenResourceError,
            anyio.ClosedResourceError,
            anyio.EndOfStream,
            anyio.IncompleteRead,
            anyio.DelimiterNotFound,
            OSError,
        ):
            raise HearerLost("process_ended") from None
        return dict(json.loads(answer))


@asynccontextmanager
async def hearing_process() -> AsyncIterator[ProcessHearer]:
    """Start a process that hears; it ends with the block."""
    process = await anyio.open_process(
        [sys.executable, "-m", "app.trials.hearing_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback may hold words
    )
    try:
        yield ProcessHearer(process)
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            await process.aclose()
