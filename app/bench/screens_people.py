"""Adapter: the people of a measurement, each with an account and a session of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from app.auth.access import COOKIE
from app.auth.credentials import hash_of, new_csrf_token, new_session_secret
from app.auth.identity import Role
from app.auth.repository import AccountRepository
from app.bench.server import SECTION
from app.clock import SystemClock
from app.db import open_database
from app.models import BrowserSession, User
from app.settings import Settings

NO_PASSWORD: Final = "!"  # noqa: S105 - fits no password: nobody signs in with it
SESSION: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    secret: str
    """Of the session's cookie."""

    def headers(self, url: str) -> dict[str, str]:
        """Return what this person's browser sends to the server at *url*."""
        return {"Cookie": f"{COOKIE}={self.secret}", "Origin": url}


async def sign_in_people(
    data_dir: Path, logins: Sequence[str], role: Role, section: str = SECTION
) -> list[Person]:
    """Give each of *logins* an account and an open session in the tables of a measurement's server.

    The sessions are real and looked up for every request; only the hundred passwords, half a
    second of a core each, are left out.
    """
    now, secrets = SystemClock().now(), {login: new_session_secret() for login in logins}
    settings = Settings(data_dir=data_dir)
    async with (
        open_database(settings.async_database_url) as database,
        database.transaction() as transaction,
    ):
        rows = AccountRepository(transaction)
        for login, secret in secrets.items():
            user = User(
                login=login,
                display_name=login,
                role=role.value,
                section=section,
                password_hash=NO_PASSWORD,
                must_change_password=False,
                created_at=now,
                disabled_at=None,
            )
            rows.add_user(user)
            await rows.flush()
            rows.add_session(
                BrowserSession(
                    secret_hash=hash_of(secret),
                    user_id=user.id,
                    csrf_token=new_csrf_token(),
                    created_at=now,
                    last_seen_at=now,
                    expires_at=now + SESSION,
                )
            )
    return [Person(login, secret) for login, secret in secrets.items()]
