"""Glue: one click, from the person to the record: written down first, done once, then what came of it.

Nothing is asked of a telephone that is not in the tables already: where the record cannot be written, nothing happens.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import anyio
import structlog

from app.auth.identity import Identity
from app.calls.lifecycle import facts_of
from app.control.ports import ControlFailed, OutcomeUnknown
from app.errors import AppError, Conflict
from app.events import EventType
from app.ledger import Entry
from app.models import Call, StaffAction
from app.services import Services

log = structlog.get_logger()


class ClickKind(StrEnum):
    """As it stands in the records and in notes."""

    PLAY = "telephone_play"
    JOIN = "telephone_join"
    END = "telephone_end"


class Result(StrEnum):
    ASKED = "asked"
    """Nobody has said yet what came of it: the server stopped in between."""
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was sent, and no answer came."""


RESULT_WORDS: Final = {
    Result.ASKED: "結果は記録されていません",
    Result.DONE: "行いました",
    Result.FAILED: "できませんでした",
    Result.UNKNOWN: "行われたか分かりません",
}


@dataclass(frozen=True, slots=True)
class Click:
    """What a person asked for. No word of the talk; *what* is what the record shows."""

    kind: ClickKind
    what: str
    detail: dict[str, Any] = field(default_factory=dict)


class OneAtATime:
    """The calls for which something is being done now, in this process."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def is_busy(self, call_id: str) -> bool:
        return call_id in self._busy

    @contextmanager
    def turn(self, call_id: str) -> Iterator[None]:
        """Hold the call's turn.

        Raises:
            Conflict: somebody else has it (``busy``).
        """
        if call_id in self._busy:
            raise Conflict(
                "busy", "この通話では、前の操作がまだ終わっていません。終わってから押してください。"
            )
        self._busy.add(call_id)
        try:
            yield
        finally:
            self._busy.discard(call_id)


async def carry_out(
    services: Services,
    identity: Identity,
    call: Call,
    click: Click,
    act: Callable[[], Awaitable[None]],
) -> datetime:
    """Record the click, *act* once, record and tell what came of it; return when it was done.

    Goes on to the end although the browser leaves: a telephone does not stop half way either.

    Raises:
        AppError: what *act* raised, after it was recorded.
        OutcomeUnknown: it was done, and that cannot be recorded (``outcome_not_recorded``).
    """
    with anyio.CancelScope(shield=True):
        action_id = await services.ledger.write(_asked(identity, call, click))
        result, failed = Result.DONE, None
        try:
            await act()
        except AppError as error:
            failed = error
            unknown = isinstance(error, ControlFailed) and not error.known
            result = Result.UNKNOWN if unknown else Result.FAILED
        except Exception:
            await services.ledger.write(
                _came_of_it(identity, call, click, action_id, Result.UNKNOWN, "internal_error")
            )
            raise
        code = failed.code if failed is not None else ""
        try:
            done_at = await services.ledger.write(
                _came_of_it(identity, call, click, action_id, result, code)
            )
        except Exception as broken:
            log.exception("what came of a telephone click is not recorded", call_id=call.id)
            # Not as an error of the server, after which one tries again: it may be done already.
            raise failed or _not_recorded() from broken
    log.info("telephone click", call_id=call.id, kind=click.kind, result=result, code=code)
    if failed is not None:
        raise failed
    return done_at


def _not_recorded() -> OutcomeUnknown:
    return OutcomeUnknown(
        "outcome_not_recorded",
        "操作は電話交換機に伝えましたが、結果を記録できませんでした。もう一度押さずに、電話機で確かめてください。",
    )


def _asked(identity: Identity, call: Call, click: Click) -> Callable[[Entry], Awaitable[int]]:
    async def change(entry: Entry) -> int:
        action = StaffAction(
            call_id=call.id,
            kind=click.kind.value,
            by_login=identity.login,
            at=entry.now,
            detail=_detail(click, Result.ASKED, ""),
        )
        entry.session.add(action)
        await entry.session.flush()
        return action.id

    return change


def _came_of_it(
    identity: Identity, call: Call, click: Click, action_id: int, result: Result, code: str
) -> Callable[[Entry], Awaitable[datetime]]:
    detail = _detail(click, result, code)

    async def change(entry: Entry) -> datetime:
        action = await entry.session.get(StaffAction, action_id)
        if action is not None:  # its call may have been removed meanwhile
            action.detail = detail
            entry.tell(
                EventType.NOTE,
                call.id,
                facts_of(call).audience,
                {"kind": click.kind.value, "by": identity.login, **detail},
            )
        return entry.now

    return change


def _detail(click: Click, result: Result, code: str) -> dict[str, Any]:
    return {
        **click.detail,
        "text": f"{click.what}:{RESULT_WORDS[result]}",
        "result": result.value,
        "code": code,
    }
