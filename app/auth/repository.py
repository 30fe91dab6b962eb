"""Adapter: every SQL statement about users, sessions and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Result, UpdateBase, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.auth.identity import Role
from app.auth.names import is_login
from app.models import AccessToken, BrowserSession, User


class AccountRepository:
    """Reads and writes within the transaction it is given."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def flush(self) -> None:
        """Send what was changed, so that the database can object now."""
        await self._session.flush()

    # Users

    async def users(self) -> Sequence[User]:
        return (await self._session.scalars(select(User).order_by(User.login))).all()

    async def user(self, user_id: int) -> User | None:
        return await self._session.get(User, user_id, populate_existing=True)

    async def user_named(self, login: str) -> User | None:
        if not is_login(login):
            return None  # nobody has it, and PostgreSQL would choke on some of them
        found: User | None = await self._session.scalar(select(User).where(User.login == login))
        return found

    async def lock_user(self, login: str) -> None:
        """Have whoever changes this user wait for this transaction; on SQLite its first write does that."""
        if is_login(login):
            await self._session.execute(
                select(User.id).where(User.login == login).with_for_update()
            )

    async def replace_password(self, user_id: int, *, known_hash: str, new_hash: str) -> bool:
        """Store a person's own new password; tell whether *known_hash* was still the one in force."""
        # One statement, as below: an administrator may reset it in the same moment, and that counts.
        changed = await self._change(
            update(User)
            .where(User.id == user_id, User.password_hash == known_hash)
            .values(password_hash=new_hash, must_change_password=False)
            .returning(User.id)
        )
        return changed.first() is not None

    async def anybody(self) -> bool:
        return await self._session.scalar(select(User.id).limit(1)) is not None

    def add_user(self, user: User) -> None:
        self._session.add(user)

    async def disable(self, user_id: int, at: datetime) -> bool:
        """Disable the user, unless no administrator would be left; tell whether it was done."""
        await self._lock_administrators()
        return await self._update_keeping_an_administrator(user_id, disabled_at=at)

    async def move(self, user_id: int, *, role: str) -> bool:
        """Give the user another role, unless no administrator would be left; tell whether it was done."""
        await self._lock_administrators()
        return await self._update_keeping_an_administrator(user_id, role=role)

    async def _lock_administrators(self) -> None:
        # On PostgreSQL two administrators could disable each other in the same moment; SQLite has one writer.
        await self._session.execute(
            select(User.id)
            .where(User.role == Role.ADMINISTRATOR.value)
            .order_by(User.id)
            .with_for_update()
        )

    async def _update_keeping_an_administrator(
        self, user_id: int, **values: datetime | str
    ) -> bool:
        # One statement: SQLite reads outside its write transaction, so a check before it would prove nothing.
        other = aliased(User)
        another_is_left = exists(
            select(other.id).where(
                other.role == Role.ADMINISTRATOR.value,
                other.disabled_at.is_(None),
                other.id != user_id,
            )
        )
        changed = await self._change(
            update(User)
            .where(
                User.id == user_id,
                or_(
                    User.role != Role.ADMINISTRATOR.value,
                    User.disabled_at.is_not(None),
                    another_is_left,
                ),
            )
            .values(**values)
            .returning(User.id)
        )
        return changed.first() is not None

    # Browser sessions

    def add_session(self, session: BrowserSession) -> None:
        self._session.add(session)

    async def session_with_user(
        self, secret_hash: str, now: datetime
    ) -> tuple[BrowserSession, User] | None:
        """Return the session and its user while both are good."""
        rows = await self._session.execute(
            select(BrowserSession, User)
            .join(User, User.id == BrowserSession.user_id)
            .where(
                BrowserSession.secret_hash == secret_hash,
                BrowserSession.expires_at > now,
                User.disabled_at.is_(None),
            )
        )
        found = rows.first()
        return (found[0], found[1]) if found is not None else None

    async def prolong_session(
        self, secret_hash: str, *, seen_at: datetime, until: datetime
    ) -> None:
        """Do nothing where it was ended meanwhile."""
        await self._change(
            update(BrowserSession)
            .where(BrowserSession.secret_hash == secret_hash)
            .values(last_seen_at=seen_at, expires_at=until)
        )

    async def end_session(self, secret_hash: str) -> User | None:
        """Return whose it was; None where there was none."""
        user: User | None = await self._session.scalar(
            select(User)
            .join(BrowserSession, BrowserSession.user_id == User.id)
            .where(BrowserSession.secret_hash == secret_hash)
        )
        await self._end(BrowserSession.secret_hash == secret_hash)
        return user

    async def end_sessions_of(self, user_id: int, *, but: str | None = None) -> None:
        """End all sessions of the user, *but* the one of that hash."""
        if but is None:
            await self._end(BrowserSession.user_id == user_id)
        else:
            await self._end(BrowserSession.user_id == user_id, BrowserSession.secret_hash != but)

    async def forget_expired_sessions(self, now: datetime) -> None:
        await self._end(BrowserSession.expires_at <= now)

    async def _end(self, *conditions: ColumnElement[bool]) -> None:
        await self._change(delete(BrowserSession).where(*conditions))

    # Tokens

    async def tokens(self) -> Sequence[AccessToken]:
        return (await self._session.scalars(select(AccessToken).order_by(AccessToken.id))).all()

    async def token(self, token_id: int) -> AccessToken | None:
        return await self._session.get(AccessToken, token_id)

    async def token_by_hash(self, secret_hash: str) -> AccessToken | None:
        """Return the token while it is not revoked."""
        found: AccessToken | None = await self._session.scalar(
            select(AccessToken).where(
                AccessToken.secret_hash == secret_hash, AccessToken.revoked_at.is_(None)
            )
        )
        return found

    async def token_named(self, name: str, role: str) -> AccessToken | None:
        """Return the newest token of that name and role, revoked ones behind those that hold."""
        found: AccessToken | None = await self._session.scalar(
            select(AccessToken)
            .where(AccessToken.name == name, AccessToken.role == role)
            .order_by(AccessToken.revoked_at.is_not(None), AccessToken.id.desc())
            .limit(1)
        )
        return found

    def add_token(self, token: AccessToken) -> None:
        self._session.add(token)

    async def _change(self, statement: UpdateBase) -> Result[Any]:
        """Change the table alone: rows already loaded stay as they were read, and nobody looks at them again."""
        return await self._session.execute(
            statement, execution_options={"synchronize_session": False}
        )
