"""What a log may hold: where something broke, never what was said."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text

from app.db import open_database
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


@contextmanager
def logs(level: str) -> Iterator[None]:
    """Log as the server does while the block lasts."""
    before = structlog.get_config(), list(logging.root.handlers), logging.root.level
    for handler in before[1]:
        logging.root.removeHandler(handler)
    try:
        configure_logs(level)
        yield
    finally:
        structlog.configure(**before[0])
        logging.root.handlers[:] = before[1]
        logging.root.setLevel(before[2])


def test_a_failure_is_told_by_its_types_and_places_alone() -> None:
    failure = failure_of(broken())

    assert "ExceptionGroup" in failure
    assert "RuntimeError" in failure
    assert "from ValueError" in failure
    assert "test_log.py:" in failure
    assert SPEECH not in failure


def test_no_log_holds_the_message_of_an_exception(capsys: pytest.CaptureFixture[str]) -> None:
    with logs("INFO"):
        error = broken()
        structlog.get_logger().error("call failed", exc_info=error)
        logging.getLogger("some.library").error("failed", exc_info=error)
        try:
            raise error
        except ExceptionGroup:
            structlog.get_logger().exception("call failed")
            logging.getLogger("some.library").exception("failed")
        written = capsys.readouterr().err

    assert written.count("RuntimeError") == 4
    assert SPEECH not in written


async def test_in_all_detail_no_log_holds_what_is_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs("DEBUG"):
        async with (
            open_database(f"sqlite+aiosqlite:///{tmp_path / 'mimamori.db'}") as database,
            database.transaction() as session,
        ):
            found = await session.scalar(text("SELECT :said"), {"said": SPEECH})
        structlog.get_logger().debug("stored")
        written = capsys.readouterr().err

    assert found == SPEECH
    assert "stored" in written
    assert SPEECH not in written


async def test_a_task_that_nobody_waited_for_is_told_without_what_its_exception_quotes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def fail() -> None:
        raise ValueError(SPEECH)

    with logs("INFO"):
        task = asyncio.get_running_loop().create_task(fail())
        await asyncio.wait([task])
        del task  # its last owner: now the loop tells of it
        written = capsys.readouterr().err

    assert "never retrieved" in written
    assert "ValueError" in written
    assert SPEECH not in written
