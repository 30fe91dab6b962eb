"""Pure: a refusal that belongs to one field of a form."""

from __future__ import annotations

from app.errors import BadRequest


class FieldRefused(BadRequest):
    """What was written into *field* will not do; the message is shown beside it."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(code, message)
        self.field = field
