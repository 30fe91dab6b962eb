"""Adapter: logs to standard error, one line an event, without speech, names or numbers.

Messages are static; values go into named fields. Fields under ``pii`` are dropped here,
so that nothing personal can reach a log by accident of a caller.
"""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure_logs(level: str) -> None:
    threshold = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            drop_personal,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        level=threshold, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    # Addresses of calls are none of a log's business, and every socket would write three lines.
    for chatty in ("uvicorn.access", "uvicorn.error", "httpx", "alembic", "websockets"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def drop_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Remove what is personal: ``pii`` and everything named ``pii.…``."""
    return {key: value for key, value in event.items() if key.split(".", 1)[0] != "pii"}
