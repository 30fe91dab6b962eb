"""Glue: what an administrator does with users and tokens, from a screen, over REST or from the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from app.auth.credentials import hash_of, new_one_time_password, new_token
from app.auth.errors import FieldRefused
from app.auth.identity import Role
from app.auth.names import (
    NAME_CHARACTERS,
    PEOPLE,
    SECTION_CHARACTERS,
    is_label,
    is_login,
    normal_label,
    normal_login,
)
from app.auth.passwords import PasswordHashing
from app.auth.repository import AccountRepository
from app.db import Database
from app.errors import Conflict, NotFound
from app.models import AccessToken, User
from app.ports import Clock
from app.trail.chain import Deed
from app.trail.writing import record

FIRST_ADMINISTRATOR = "admin"


@dataclass(frozen=True, slots=True)
class NewPassword:
    user: User
    one_time_password: str
    """Shown once; must be changed at the first sign-in."""


@dataclass(frozen=True, slots=True)
class NewToken:
    token: AccessToken
    secret: str
    """Shown once; only its hash is kept."""


class Administration:
    def __init__(
        self, database: Database, clock: Clock, *, hashing: PasswordHashing | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._hashing = hashing or PasswordHashing()

    async def ensure_first_administrator(self) -> str | None:
        """Make the user ``admin`` where there is no user at all and return the one-time password.

        Returns None where somebody is there already; several servers may start at once.
        """
        async with self._database.transaction() as transaction:
            if await AccountRepository(transaction).anybody():
                return None
        try:
            made = await self.create_user(
                login=FIRST_ADMINISTRATOR, display_name="管理者", role=Role.ADMINISTRATOR
            )
        except Conflict:
            return None
        return made.one_time_password

    async def users(self) -> Sequence[User]:
        async with self._database.transaction() as transaction:
            return await AccountRepository(transaction).users()

    async def user_named(self, login: str) -> User:
        """Raise NotFound where there is none."""
        async with self._database.transaction() as transaction:
            user = await AccountRepository(transaction).user_named(normal_login(login))
        if user is None:
            raise _no_such_user()
        return user

    async def create_user(
        self, *, login: str, display_name: str, role: Role, section: str = ""
    ) -> NewPassword:
        """Make a user with a one-time password.

        Raises:
            FieldRefused: something in the form will not do.
            Conflict: the login name is taken (``login_taken``).
        """
        name = normal_login(login)
        if not is_login(name):
            raise FieldRefused(
                "login",
                "login_refused",
                "ログイン名は、半角の英数字と . _ - @ を使って64文字以内で入力してください。",
            )
        password = new_one_time_password()
        user = User(
            login=name,
            display_name=_label("display_name", "表示名", display_name),
            role=_person_role(role).value,
            section=_section(section),
            password_hash=await self._hashing.hash(password),
            must_change_password=True,
            created_at=self._clock.now(),
            disabled_at=None,
        )
        try:
            async with self._database.transaction() as transaction:
                AccountRepository(transaction).add_user(user)
        except IntegrityError:
            raise Conflict("login_taken", "このログイン名はすでに使われています。") from None
        return NewPassword(user, password)

    async def change_user(
        self,
        user_id: int,
        *,
        display_name: str | None = None,
        role: Role | None = None,
        section: str | None = None,
    ) -> User:
        """Change what is given. It holds from the person's next request on.

        Raises:
            NotFound, FieldRefused
            Conflict: no administrator would be left (``last_administrator``).
        """
        async with self._database.transaction() as transaction:
            rows = AccountRepository(transaction)
            user = await _existing(rows, user_id)
            # A form sends every field: only another role can leave the office without an administrator.
            if role is not None and _person_role(role).value != user.role:
                if not await rows.move(user_id, role=role.value):
                    raise _last_administrator()
                await record(transaction, Deed("account.role", subject=user.login))
            if display_name is not None:
                user.display_name = _label("display_name", "表示名", display_name)
            if section is not None:
                user.section = _section(section)
            await rows.flush()
            return await _existing(rows, user_id)

    async def disable_user(self, user_id: int) -> User:
        """Close the account and end its sessions now.

        Raises:
            NotFound
            Conflict: no administrator would be left (``last_administrator``).
        """
        async with self._database.transaction() as transaction:
            rows = AccountRepository(transaction)
            user = await _existing(rows, user_id)
            if user.disabled_at is None:
                if not await rows.disable(user_id, self._clock.now()):
                    raise _last_administrator()
                await record(transaction, Deed("account.disabled", subject=user.login))
            await rows.end_sessions_of(user_id)
            return await _existing(rows, user_id)

    async def enable_user(self, user_id: int) -> User:
        """Open the account again, with the password it had. Raise NotFound where there is none."""
        async with self._database.transaction() as transaction:
            user = await _existing(AccountRepository(transaction), user_id)
            user.disabled_at = None
            return user

    async def reset_password(self, user_id: int, *, must_change: bool = True) -> NewPassword:
        """Give the user a one-time password and end their sessions. Raise NotFound where there is none."""
        password = new_one_time_password()
        new_hash = await self._hashing.hash(password)
        async with self._database.transaction() as transaction:
            rows = AccountRepository(transaction)
            user = await _existing(rows, user_id)
            user.password_hash = new_hash
            user.must_change_password = must_change
            await rows.end_sessions_of(user_id)
            await record(transaction, Deed("account.password_reset", subject=user.login))
        return NewPassword(user, password)

    async def tokens(self) -> Sequence[AccessToken]:
        async with self._database.transaction() as transaction:
            return await AccountRepository(transaction).tokens()

    async def create_token(self, *, name: str, role: Role, section: str = "") -> NewToken:
        """Make a token. Raise FieldRefused where something in the form will not do."""
        secret = new_token()
        token = AccessToken(
            name=_label("name", "名前", name),
            role=role.value,
            section=_section(section),
            secret_hash=hash_of(secret),
            created_at=self._clock.now(),
            last_used_at=None,
            revoked_at=None,
        )
        async with self._database.transaction() as transaction:
            AccountRepository(transaction).add_token(token)
        return NewToken(token, secret)

    async def revoke_token(self, token_id: int) -> AccessToken:
        """Refuse the token from now on; again does nothing. Raise NotFound where there is none."""
        async with self._database.transaction() as transaction:
            token = await AccountRepository(transaction).token(token_id)
            if token is None:
                raise NotFound("no_such_token", "このトークンはありません。")
            if token.revoked_at is None:
                token.revoked_at = self._clock.now()
            return token


async def _existing(rows: AccountRepository, user_id: int) -> User:
    user = await rows.user(user_id)
    if user is None:
        raise _no_such_user()
    return user


def _person_role(role: Role) -> Role:
    if role not in PEOPLE:
        raise FieldRefused("role", "role_refused", "この役割は利用者に付けられません。")
    return role


def _section(text: str) -> str:
    section = normal_label(text)
    if section and not is_label(section, at_most=SECTION_CHARACTERS):
        raise FieldRefused(
            "section",
            "section_refused",
            f"課は改行などを使わずに{SECTION_CHARACTERS}文字以内で入力してください。",
        )
    return section


def _label(field: str, words: str, text: str) -> str:
    label = normal_label(text)
    if not label:
        raise FieldRefused(field, f"{field}_missing", f"{words}を入力してください。")
    if not is_label(label, at_most=NAME_CHARACTERS):
        raise FieldRefused(
            field,
            f"{field}_refused",
            f"{words}は改行などを使わずに{NAME_CHARACTERS}文字以内で入力してください。",
        )
    return label


def _no_such_user() -> NotFound:
    return NotFound("no_such_user", "この利用者は登録されていません。")


def _last_administrator() -> Conflict:
    return Conflict(
        "last_administrator",
        "有効な管理者がいなくなるため、この操作はできません。先に別の管理者を登録してください。",
    )
