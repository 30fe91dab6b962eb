"""Glue: the fields of a form that a browser sent."""

from __future__ import annotations

from starlette.requests import Request

from app.auth.errors import FieldRefused
from app.auth.identity import Role


async def fields_of(request: Request) -> dict[str, str]:
    """Return the texts of a form; files that somebody put in are left out.

    Halves of a character, which a form may bring in an encoding of its own, become question marks:
    nothing could write them, neither into the database nor onto a page.
    """
    form = await request.form()
    return {
        name: value.encode(errors="replace").decode()
        for name, value in form.items()
        if isinstance(value, str)
    }


def role_in(fields: dict[str, str]) -> Role:
    """Return the chosen role; raise FieldRefused where none was."""
    try:
        return Role(fields.get("role", ""))
    except ValueError:
        raise FieldRefused("role", "role_missing", "役割を選んでください。") from None
