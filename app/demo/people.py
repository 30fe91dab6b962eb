"""Glue: an operator and a supervisor for the demonstration, with passwords made anew each time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import anyio

from app.auth.administration import Administration
from app.auth.identity import Role
from app.auth.repository import AccountRepository
from app.clock import SystemClock
from app.db import Database
from app.errors import NotFound

OPERATOR: Final = "demo-operator"
SUPERVISOR: Final = "demo-supervisor"


@dataclass(frozen=True, slots=True)
class DemoPeople:
    operator_login: str
    operator_password: str
    supervisor_login: str
    supervisor_password: str


@asynccontextmanager
async def open_demo_people(database: Database, section: str) -> AsyncIterator[DemoPeople]:
    """Let the two sign in while the block lasts; disable them afterwards."""
    administration = Administration(database, SystemClock())
    passwords = {
        login: await _let_in(administration, database, login, name, role, section)
        for login, name, role in (
            (OPERATOR, "デモ職員", Role.OPERATOR),
            (SUPERVISOR, "デモ監督者", Role.SUPERVISOR),
        )
    }
    try:
        yield DemoPeople(OPERATOR, passwords[OPERATOR], SUPERVISOR, passwords[SUPERVISOR])
    finally:
        with anyio.CancelScope(shield=True):
            for login in passwords:
                await administration.disable_user((await administration.user_named(login)).id)


async def _let_in(
    administration: Administration,
    database: Database,
    login: str,
    display_name: str,
    role: Role,
    section: str,
) -> str:
    try:
        user = await administration.user_named(login)
    except NotFound:
        made = await administration.create_user(
            login=login, display_name=display_name, role=role, section=section
        )
    else:
        await administration.enable_user(user.id)
        made = await administration.reset_password(user.id)
    async with database.transaction() as session:
        stored = await AccountRepository(session).user_named(login)
        if stored is not None:
            # A password of one evening need not be changed before it is used.
            stored.must_change_password = False
    return made.one_time_password
