"""Glue: ``python -m app.trials.hearing_process``: hears calls again in a process of its own, behind everything else.

Words come in by a pipe and stay in memory; nothing that is said here ends in a log. It ends when the pipe does, in the
middle of a call too: then the server has ended, however it ended, and nobody waits for the answer.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Final

from app.trials.hearing import compare
from app.trials.rules import Rules, RulesSpec, open_rules
from app.trials.wire import call_of, line
from detection.errors import DetectionError

NICEST: Final = 19
"""Live calls, and recognisers at 5, come first."""


def main() -> None:
    # Ctrl-C and a service manager's signal reach the whole group: the server, which may still have live calls to
    # judge, says when this process ends. A call in work would be listed as lost else.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICEST)
    with suppress(OSError):  # only Linux has it
        # Where memory runs out this process goes first, not one that judges live calls.
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    work(_until_the_pipe_ends(questions), answers)


def _until_the_pipe_ends(questions: BinaryIO) -> Iterator[bytes]:
    """Yield line by line what is asked; with the end of *questions* the process ends at once."""
    lines: SimpleQueue[bytes] = SimpleQueue()

    def read() -> None:
        for line_ in questions:
            lines.put(line_)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield lines.get()


def work(questions: Iterator[bytes], answers: BinaryIO) -> None:
    """Answer until *questions* end."""
    try:
        before, after = _opened(json.loads(next(questions)))
    except DetectionError as refused:
        _say(answers, {"refused": type(refused).__name__})
        return
    versions = {"before": before.detector.version, "after": after.detector.version}
    _say(answers, {"ready": versions})
    for question in questions:
        _say(answers, _answer(question, before, after))


def _say(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(line(message))
    answers.flush()


def _opened(asked: dict[str, Any]) -> tuple[Rules, Rules]:
    warnings = tuple(asked["warnings"])
    before = open_rules(RulesSpec.of(asked["before"]), warnings)
    return before, open_rules(RulesSpec.of(asked["after"]), warnings)


def _answer(question: bytes, before: Rules, after: Rules) -> dict[str, Any]:
    try:
        return {"compared": compare(call_of(json.loads(question)), before, after).fields()}
    except Exception as broken:  # noqa: BLE001 - whatever stumbles over one call, the next may go well
        return {"failed": type(broken).__name__}


if __name__ == "__main__":
    main()
