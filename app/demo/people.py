"""Glue: an operator, a supervisor and a telephone for the demonstration, with secrets made anew each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import anyio

from app.auth.administration import Administration
from app.auth.identity import Role
from app.errors import NotFound

OPERATOR: Final = "demo-operator"
SUPERVISOR: Final = "demo-supervisor"
SECTION: Final = "デモ課"
TOKEN_NAME: Final = "demo"  # noqa: S105 - a name, not a secret


@dataclass(frozen=True, slots=True)
class DemoPeople:
    operator_login: str
    operator_password: str
    supervisor_login: str
    supervisor_password: str
    stream_token: str


@asynccontextmanager
async def open_demo_people(
    administration: Administration, section: str
) -> AsyncIterator[DemoPeople]:
    """Let the two sign in and the telephone call while the block lasts; end all three afterwards."""
    try:
        operator = await _let_in(administration, OPERATOR, "デモ職員", Role.OPERATOR, section)
        supervisor = await _let_in(
            administration, SUPERVISOR, "デモ監督者", Role.SUPERVISOR, section
        )
        telephone = await administration.create_token(
            name=TOKEN_NAME, role=Role.STREAM, section=section
        )
        yield DemoPeople(OPERATOR, operator, SUPERVISOR, supervisor, telephone.secret)
    finally:
        with anyio.CancelScope(shield=True):
            await end_demonstration(administration, section)


async def end_demonstration(administration: Administration, section: str) -> bool:
    """Close the accounts of a demonstration and revoke its tokens; tell whether any was still open."""
    ended = False
    for user in await administration.users():
        if user.login in {OPERATOR, SUPERVISOR} and user.disabled_at is None:
            await administration.disable_user(user.id)
            ended = True
    for token in await administration.tokens():
        ours = (token.name, token.role, token.section) == (TOKEN_NAME, Role.STREAM, section)
        if ours and token.revoked_at is None:
            await administration.revoke_token(token.id)
            ended = True
    return ended


async def _let_in(
    administration: Administration, login: str, display_name: str, role: Role, section: str
) -> str:
    try:
        user = await administration.user_named(login)
    except NotFound:
        user = (
            await administration.create_user(
                login=login, display_name=display_name, role=role, section=section
            )
        ).user
    # A password of one evening need not be changed before it is used.
    made = await administration.reset_password(user.id, must_change=False)
    await administration.enable_user(user.id)
    return made.one_time_password
