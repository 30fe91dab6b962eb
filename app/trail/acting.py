"""Pure: who acts in the present task, as the door that let them in has said."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Acting:
    """Nobody, from nowhere, is the server itself."""

    login: str = ""
    role: str = ""
    address: str = ""


COMMAND_LINE: Final = "command-line"
"""Who acts where the trail tells of a command: whoever may run commands as the server's account. No person's name."""

acting: Final[ContextVar[Acting]] = ContextVar("acting", default=Acting())  # noqa: B039 - frozen
"""Set where a request is let in (``app.auth.access``), read where a deed is written."""
