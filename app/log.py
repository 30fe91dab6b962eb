"""Adapter: logs to standard error, one line an event, without speech, names or numbers.

Messages are static; values go into named fields. Fields under ``pii`` are dropped here,
so that nothing personal can reach a log by accident of a caller. Libraries write what they
like, so of them neither details (DEBUG) nor more than the first line of a message is taken.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Final

import structlog
from structlog.typing import EventDict, ExcInfo, WrappedLogger

FRAMES_TOLD: Final = 8
"""Innermost first: enough to find the line."""


def configure_logs(level: str) -> None:
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            drop_personal,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            trace_without_words,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_WordlessFormatter("%(levelname)s %(name)s: %(message)s"))
    # At DEBUG the driver of SQLite writes every sentence that it stores, an HTTP client its headers.
    logging.basicConfig(level=max(threshold, logging.INFO), handlers=[handler])
    # Addresses of calls are none of a log's business, and every socket would write three lines.
    for chatty in ("uvicorn.access", "uvicorn.error", "httpx", "alembic", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # A stranger's malformed form is answered, and worth no line in the log.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def drop_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove what is personal: ``pii`` and everything named ``pii.…``."""
    return {key: value for key, value in event.items() if key.split(".", 1)[0] != "pii"}


def trace_without_words(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn ``exc_info`` into ``failure``: where it happened, not what was said."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else (sys.exc_info()[1] if given else None)
    if isinstance(given, tuple):
        error = given[1]
    return event if error is None else {**event, "failure": failure_of(error)}


def failure_of(error: BaseException) -> str:
    """Return the types and places of *error* and what it came from.

    No messages: those of a database or a parser quote the value that they choke on.
    """
    parts = [type(error).__name__]
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        parts.append(" < ".join(_place(frame) for frame in reversed(frames[-FRAMES_TOLD:])))
    if isinstance(error, BaseExceptionGroup):
        parts += [f"({failure_of(each)})" for each in error.exceptions]
    elif error.__cause__ is not None:
        parts.append(f"from {failure_of(error.__cause__)}")
    return " ".join(parts)


def _place(frame: traceback.FrameSummary) -> str:
    return f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno}"


class _WordlessFormatter(logging.Formatter):
    """Tells of exceptions in the libraries' own logs as ``failure_of`` does, and each in one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name
        # Below its first line asyncio shows the task that failed, and with it what the exception quotes.
        record.message = record.message.partition("\n")[0]
        return super().formatMessage(record)

    def formatException(self, ei: ExcInfo | tuple[None, None, None]) -> str:  # noqa: N802 - its name
        return failure_of(ei[1]) if ei[1] is not None else ""
