"""Pure: users and tokens as the REST interface takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.auth.identity import Role
from app.errors import AppError

_USER: dict[str, Any] = {
    "id": 3,
    "login": "tanaka",
    "display_name": "田中 花子",
    "role": "operator",
    "section": "市民課",
    "must_change_password": True,
    "created_at": "2026-04-01T00:30:00Z",
    "disabled_at": None,
}
_TOKEN: dict[str, Any] = {
    "id": 1,
    "name": "電話交換機 本庁舎",
    "role": "stream",
    "section": "市民課",
    "created_at": "2026-04-01T00:30:00Z",
    "last_used_at": None,
    "revoked_at": None,
}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class Problem(_Out):
    """Why a request was refused."""

    code: str = Field(examples=["login_taken"])
    """Stays the same from version to version."""
    message: str = Field(examples=["このログイン名はすでに使われています。"])
    """Japanese, may be shown."""


class MeOut(_Out):
    login: str = Field(examples=["tanaka"])
    """``token:<name>`` for a token."""
    display_name: str = Field(examples=["田中 花子"])
    role: Role
    section: str = Field(examples=["市民課"])
    csrf_token: str
    """Send it back in ``X-CSRF-Token`` with every change; empty for a token, which needs none."""


class UserIn(_In):
    login: str = Field(max_length=256, examples=["tanaka"])
    """Half-width letters, digits and ``. _ - @``; stored in lower case."""
    display_name: str = Field(max_length=256, examples=["田中 花子"])
    role: Role
    section: str = Field(default="", max_length=256, examples=["市民課"])
    """A supervisor sees the calls of their section, an auditor without one those of all."""


class UserChangeIn(_In):
    """What is not given stays as it is."""

    display_name: str | None = Field(default=None, max_length=256, examples=["田中 花子"])
    role: Role | None = None
    section: str | None = Field(default=None, max_length=256, examples=["税務課"])
    disabled: bool | None = Field(default=None, examples=[True])
    """True closes the account and ends its sessions at once; False opens it again."""


class UserOut(_Out):
    model_config = ConfigDict(json_schema_extra={"example": _USER})

    id: int
    login: str
    display_name: str
    role: Role
    section: str
    must_change_password: bool
    """Still has a one-time password."""
    created_at: datetime
    disabled_at: datetime | None


class UsersOut(_Out):
    users: list[UserOut]


class NewPasswordOut(_Out):
    model_config = ConfigDict(
        json_schema_extra={"example": {"user": _USER, "one_time_password": "k7mq-x3pd-9wva-hf2t"}}
    )

    user: UserOut
    one_time_password: str
    """Shown this once; must be changed at the first sign-in."""


class TokenIn(_In):
    name: str = Field(max_length=256, examples=["電話交換機 本庁舎"])
    role: Role
    section: str = Field(default="", max_length=256, examples=["市民課"])


class TokenOut(_Out):
    model_config = ConfigDict(json_schema_extra={"example": _TOKEN})

    id: int
    name: str
    role: Role
    section: str
    created_at: datetime
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None


class TokensOut(_Out):
    tokens: list[TokenOut]


class NewTokenOut(TokenOut):
    model_config = ConfigDict(json_schema_extra={"example": {"token": "mim_2fD1…", **_TOKEN}})

    token: str
    """Shown this once. Send it as ``Authorization: Bearer <token>``."""


def problems(*refusals: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of an endpoint that may refuse with *refusals*."""
    return {
        refusal.status: {"model": Problem, "description": refusal.__name__} for refusal in refusals
    }
