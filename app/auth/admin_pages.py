"""Glue: the administrators' page: users and tokens, one action a form.

What is shown once (a one-time password, a token) stands on the answer to the form itself and is kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from app.auth.access import administration_of, requires
from app.auth.administration import NewPassword
from app.auth.errors import FieldRefused
from app.auth.forms import fields_of, role_in
from app.auth.identity import Identity, Role
from app.auth.names import LARGEST_ID, PEOPLE
from app.errors import AppError
from app.models import AccessToken, User
from app.screens.forms import Rejected
from app.screens.language import Phrase, phrase
from app.screens.rendering import refusal_words, render

_FIELD_OF_CODE: Final = {"login_taken": "login"}

Administrator = Annotated[Identity, Depends(requires(Role.ADMINISTRATOR))]
AccountId = Annotated[int, Path(ge=1, le=LARGEST_ID)]

router = APIRouter(prefix="/admin", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ShownOnce:
    what: str
    whose: str
    secret: str
    hint: str


@dataclass(frozen=True, slots=True)
class UserLine:
    id: int
    login: str
    display_name: str
    role: str
    section: str
    state: Phrase
    disabled: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class TokenLine:
    id: int
    name: str
    role: str
    section: str
    made: datetime
    used: datetime | None
    revoked: datetime | None


@router.get("")
async def admin_page(request: Request, identity: Administrator) -> Response:
    return await _page(request, identity)


@router.post("/users")
async def create_user(request: Request, identity: Administrator) -> Response:
    fields = await fields_of(request)
    try:
        made = await administration_of(request).create_user(
            login=fields.get("login", ""),
            display_name=fields.get("display_name", ""),
            role=role_in(fields),
            section=fields.get("section", ""),
        )
    except AppError as refused:
        return await _refused(request, identity, "user", fields, refused)
    return await _page(request, identity, shown=_one_time(made))


@router.post("/users/{user_id}")
async def change_user(request: Request, identity: Administrator, user_id: AccountId) -> Response:
    fields = await fields_of(request)
    try:
        await administration_of(request).change_user(
            user_id,
            display_name=_changed(fields, "display_name"),
            role=role_in(fields) if _changed(fields, "role") is not None else None,
            section=_changed(fields, "section"),
        )
    except AppError as refused:
        return await _refused(request, identity, f"user-{user_id}", fields, refused)
    return _back("users")


@router.post("/users/{user_id}/disable")
async def disable_user(request: Request, identity: Administrator, user_id: AccountId) -> Response:
    try:
        await administration_of(request).disable_user(user_id)
    except AppError as refused:
        return await _refused(request, identity, f"user-{user_id}", {}, refused)
    return _back("users")


@router.post("/users/{user_id}/enable")
async def enable_user(request: Request, _by: Administrator, user_id: AccountId) -> Response:
    await administration_of(request).enable_user(user_id)
    return _back("users")


@router.post("/users/{user_id}/reset-password")
async def reset_password(request: Request, identity: Administrator, user_id: AccountId) -> Response:
    made = await administration_of(request).reset_password(user_id)
    return await _page(request, identity, shown=_one_time(made))


@router.post("/tokens")
async def create_token(request: Request, identity: Administrator) -> Response:
    fields = await fields_of(request)
    try:
        made = await administration_of(request).create_token(
            name=fields.get("name", ""), role=role_in(fields), section=fields.get("section", "")
        )
    except AppError as refused:
        return await _refused(request, identity, "token", fields, refused)
    shown = ShownOnce(
        what="トークン",
        whose=made.token.name,
        secret=made.secret,
        hint="接続する機器の設定に貼り付けてください。",
    )
    return await _page(request, identity, shown=shown)


@router.post("/tokens/{token_id}/revoke")
async def revoke_token(request: Request, _by: Administrator, token_id: AccountId) -> Response:
    await administration_of(request).revoke_token(token_id)
    return _back("tokens")


def _changed(fields: dict[str, str], name: str) -> str | None:
    """Return what was written into the field; None where it still says what it said on the page."""
    written = fields.get(name, "")
    return written if written != fields.get(f"was_{name}") else None


def _one_time(made: NewPassword) -> ShownOnce:
    return ShownOnce(
        what="仮パスワード",
        whose=f"{made.user.display_name}({made.user.login})",
        secret=made.one_time_password,
        hint="本人に伝えてください。最初のサインインで変更が必要です。",
    )


def _back(place: str) -> Response:
    # A reload of the page must not do the same thing again.
    return RedirectResponse(f"/admin#{place}", 303)


async def _refused(
    request: Request, identity: Identity, form: str, entered: dict[str, str], refused: AppError
) -> Response:
    where = refused.field if isinstance(refused, FieldRefused) else _FIELD_OF_CODE.get(refused.code)
    words = refusal_words(request, refused)
    rejected = Rejected(form, entered, {where: words} if where else {})
    return await _page(
        request,
        identity,
        rejected=rejected,
        failure=None if where else words,
        status_code=refused.status,
    )


async def _page(
    request: Request,
    identity: Identity,
    *,
    shown: ShownOnce | None = None,
    rejected: Rejected | None = None,
    failure: str | None = None,
    status_code: int = 200,
) -> Response:
    administration = administration_of(request)
    return render(
        request,
        "admin.html",
        identity=identity,
        status_code=status_code,
        users=[_user_line(user) for user in await administration.users()],
        tokens=[_token_line(token) for token in await administration.tokens()],
        person_roles=[role.value for role in Role if role in PEOPLE],
        token_roles=[role.value for role in Role],
        shown=shown,
        rejected=rejected or Rejected(),
        failure=failure,
    )


def _user_line(user: User) -> UserLine:
    if user.disabled_at is not None:
        state = phrase("停止中({at}から)", at=user.disabled_at)
    elif user.must_change_password:
        state = phrase("仮パスワード")
    else:
        state = phrase("有効")
    return UserLine(
        id=user.id,
        login=user.login,
        display_name=user.display_name,
        role=user.role,
        section=user.section,
        state=state,
        disabled=user.disabled_at is not None,
        since=user.created_at,
    )


def _token_line(token: AccessToken) -> TokenLine:
    return TokenLine(
        id=token.id,
        name=token.name,
        role=token.role,
        section=token.section,
        made=token.created_at,
        used=token.last_used_at,
        revoked=token.revoked_at,
    )
