"""What a log may hold: where something broke, never what was said."""

from __future__ import annotations

import logging

import pytest
import structlog

from app.log import configure_logs, failure_of

SPEECH = "今からそっちに行くからな"


def broken() -> ExceptionGroup[Exception]:
    def judge(words: str) -> None:
        try:
            int(words)
        except ValueError as error:
            raise RuntimeError(words) from error

    try:
        judge(SPEECH)
    except RuntimeError as error:
        return ExceptionGroup(SPEECH, [error])
    raise AssertionError("unreachable")


def test_a_failure_is_told_by_its_types_and_places_alone() -> None:
    failure = failure_of(broken())

    assert "ExceptionGroup" in failure
    assert "RuntimeError" in failure
    assert "from ValueError" in failure
    assert "test_log.py:" in failure
    assert SPEECH not in failure


def test_no_log_holds_the_message_of_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config(), list(logging.root.handlers), logging.root.level
    for handler in before[1]:
        logging.root.removeHandler(handler)
    try:
        configure_logs("INFO")
        error = broken()
        structlog.get_logger().error("call failed", exc_info=error)
        logging.getLogger("some.library").error("failed", exc_info=error)
        try:
            raise error
        except ExceptionGroup:
            structlog.get_logger().exception("call failed")
            logging.getLogger("some.library").exception("failed")
        written = capsys.readouterr().err
    finally:
        structlog.configure(**before[0])
        logging.root.handlers[:] = before[1]
        logging.root.setLevel(before[2])

    assert written.count("RuntimeError") == 4
    assert SPEECH not in written
