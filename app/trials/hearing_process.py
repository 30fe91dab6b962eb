"""Glue: ``python -m app.trials.hearing_process``: hears calls again in a process of its own, behind everything else.

Words come in by a pipe and stay in memory; nothing that is said here ends in a log.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO, Final

from app.trials.hearing import compare
from app.trials.rules import Rules, RulesSpec, open_rules
from app.trials.wire import call_of, line
from detection.errors import DetectionError

NICEST: Final = 19
"""Live calls, and recognisers at 5, come first."""


def main() -> None:
    os.nice(NICEST)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    work(sys.stdin.buffer, answers)


def work(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until *questions* end."""
    first = questions.readline()
    if not first:
        return
    try:
        before, after = _opened(json.loads(first))
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
