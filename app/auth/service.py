"""Glue: signing in and out, and who a cookie or a token belongs to.

A transaction lasts as long as its statements; a password is checked between two of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import anyio

from app.auth.credentials import (
    TOKEN_PREFIX,
    hash_of,
    new_csrf_token,
    new_session_secret,
)
from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.auth.login_limit import LoginLimit
from app.auth.names import normal_login
from app.auth.password_rules import LONGEST, normal_password, problem_with
from app.auth.passwords import PasswordCheck, PasswordHashing
from app.auth.repository import AccountRepository
from app.db import Database
from app.errors import NotSignedIn, TooMany
from app.models import AccessToken, BrowserSession, User
from app.ports import Clock
from app.settings import AuthSettings
from app.trail.chain import Deed
from app.trail.writing import record

TOUCH_SECONDS: Final = 60
"""Last use is written at most so often: a screen that asks ten times a second costs one write a minute."""
_LONGEST_SECRET: Final = 256


@dataclass(frozen=True, slots=True)
class SignedIn:
    secret: str
    """For the cookie; known to nobody else from now on."""
    identity: Identity


class Accounts:
    """One per process: it counts failed sign-ins."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settings: AuthSettings,
        *,
        hashing: PasswordHashing | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._session_length = timedelta(hours=settings.session_hours)
        self._hashing = hashing or PasswordHashing()
        self._limit = LoginLimit(
            attempts=settings.login_attempts,
            address_attempts=settings.login_attempts_per_address,
            window_ms=settings.login_window_seconds * 1_000,
        )
        # Passwords are checked one after the other, so that a hundred guesses sent at once are
        # counted before the sixth is looked at.
        self._at_the_door = anyio.Lock()

    async def sign_in(self, login: str, password: str, *, address: str) -> SignedIn:
        """Begin a session.

        Raises:
            TooMany: the name or the address has failed too often; nothing was checked.
            NotSignedIn: wrong name, wrong password or disabled; the answer does not say which.
        """
        name = normal_login(login)[:LONGEST]
        stored = await self._check_password(name, password, address=address)
        secret = new_session_secret()
        now = self._clock.now()
        session = BrowserSession(
            secret_hash=hash_of(secret),
            csrf_token=new_csrf_token(),
            created_at=now,
            last_seen_at=now,
            expires_at=now + self._session_length,
        )
        async with self._database.transaction() as transaction:
            rows = AccountRepository(transaction)
            # So that a reset in the same moment also ends the session that begins here.
            await rows.lock_user(name)
            await rows.forget_expired_sessions(now)
            user = await rows.user_named(name)
            if user is None or user.disabled_at is not None or user.password_hash != stored:
                raise _wrong()  # changed while the password was being checked
            session.user_id = user.id
            rows.add_session(session)
            await record(transaction, Deed("session.began", user.login, user.role, address))
        return SignedIn(secret=secret, identity=_person(user, session))

    async def sign_out(self, secret: str, *, address: str = "") -> None:
        """End the session of *secret*, if there is one; whoever asks, it is its person's on the trail."""
        async with self._database.transaction() as transaction:
            user = await AccountRepository(transaction).end_session(hash_of(secret))
            if user is not None:
                await record(transaction, Deed("session.ended", user.login, user.role, address))

    async def change_password(
        self, identity: Identity, *, secret: str, current: str, new: str, address: str
    ) -> None:
        """Give the person another password and end their sessions, except the one of *secret*.

        Raises:
            FieldRefused: the present password is wrong (``current``) or the new one will not do (``new``).
            TooMany: the present password was wrong too often.
        """
        if problem := problem_with(new, login=identity.login):
            raise FieldRefused("new", "password_refused", problem)
        if normal_password(new) == normal_password(current):
            raise FieldRefused("new", "password_unchanged", "今と異なるパスワードにしてください。")
        try:
            stored = await self._check_password(identity.login, current, address=address)
        except NotSignedIn:
            raise FieldRefused(
                "current", "password_wrong", "現在のパスワードが違います。"
            ) from None
        new_hash = await self._hashing.hash(new)
        async with self._database.transaction() as transaction:
            rows = AccountRepository(transaction)
            user = await rows.user_named(identity.login)
            if user is None or not await rows.replace_password(
                user.id, known_hash=stored, new_hash=new_hash
            ):
                raise _wrong()
            await rows.end_sessions_of(user.id, but=hash_of(secret))
            await record(transaction, Deed("account.password", subject=user.login))

    async def identity_of_session(self, secret: str) -> Identity | None:
        """Return whose session it is and prolong it; None when it is over or its user disabled."""
        if not 0 < len(secret) <= _LONGEST_SECRET:
            return None
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            rows = AccountRepository(transaction)
            found = await rows.session_with_user(hash_of(secret), now)
            if found is None:
                return None
            session, user = found
            if now - session.last_seen_at >= timedelta(seconds=TOUCH_SECONDS):
                await rows.prolong_session(
                    session.secret_hash, seen_at=now, until=now + self._session_length
                )
        return _person(user, session)

    async def identity_of_token(self, token: str) -> Identity | None:
        """Return what the token stands for; None when there is none such or it was revoked."""
        if not token.startswith(TOKEN_PREFIX) or len(token) > _LONGEST_SECRET:
            return None
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            found = await AccountRepository(transaction).token_by_hash(hash_of(token))
            if found is None:
                return None
            used = found.last_used_at
            if used is None or now - used >= timedelta(seconds=TOUCH_SECONDS):
                found.last_used_at = now
        return _token(found)

    async def _check_password(self, name: str, password: str, *, address: str) -> str:
        """Return the stored hash that *password* fits, brought up to date where it was made long ago."""
        async with self._at_the_door:
            if wait_ms := self._limit.wait_ms(name, address, self._clock.monotonic_ms()):
                raise _too_many(wait_ms)
            async with self._database.transaction() as transaction:
                user = await AccountRepository(transaction).user_named(name)
            good = user is not None and user.disabled_at is None
            stored = user.password_hash if user is not None else None
            check = PasswordCheck(correct=False)
            # Counted as it was when it was chosen: a kana may come as two characters.
            if len(normal_password(password)) <= LONGEST:
                check = await self._hashing.check(password, stored)
            if not (check.correct and good) or user is None:
                self._limit.failed(name, address, self._clock.monotonic_ms())
                # A name that nobody has may be a password in the wrong field.
                known = user.login if user is not None else ""
                async with self._database.transaction() as transaction:
                    refused = Deed("session.refused", address=address, subject=known)
                    await record(transaction, refused)
                raise _wrong()
            self._limit.succeeded(name)
        if check.better_hash is None:
            return user.password_hash
        async with self._database.transaction() as transaction:
            again = await AccountRepository(transaction).user_named(name)
            if again is None or again.password_hash != stored:
                raise _wrong()
            again.password_hash = check.better_hash
        return check.better_hash


def _person(user: User, session: BrowserSession) -> Identity:
    return Identity(
        login=user.login,
        display_name=user.display_name,
        role=Role(user.role),
        section=user.section,
        user_id=user.id,
        csrf_token=session.csrf_token,
        must_change_password=user.must_change_password,
    )


def _token(token: AccessToken) -> Identity:
    return Identity(
        login=f"token:{token.name}",
        display_name=token.name,
        role=Role(token.role),
        section=token.section,
        token_id=token.id,
    )


def _wrong() -> NotSignedIn:
    return NotSignedIn("sign_in_refused", "ログイン名またはパスワードが違います。")


def _too_many(wait_ms: int) -> TooMany:
    minutes = -(-wait_ms // 60_000)
    return TooMany(
        "too_many_sign_ins",
        f"サインインの失敗が続いたため、受付を止めています。{minutes}分ほど待ってから、もう一度お試しください。",
    )
