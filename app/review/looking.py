"""Glue: who may look at a call again: auditors and supervisors, once it is over."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.auth.access import requires
from app.auth.identity import Identity, Role
from app.errors import Conflict
from app.models import Call

Reviewer = Annotated[Identity, Depends(requires(Role.SUPERVISOR, Role.AUDITOR))]


def over(call: Call) -> Call:
    """Return *call*, which is over.

    Raises:
        Conflict: it goes on (``call_not_over``).
    """
    if call.ended_at is None:
        raise Conflict(
            "call_not_over",
            "この通話はまだ続いています。終わってから振り返ることができます。いまは通話の画面をご覧ください。",
        )
    return call
