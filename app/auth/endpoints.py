"""Glue: accounts over REST: who am I, and for administrators users and tokens."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request

from app.auth.access import administration_of, requires
from app.auth.identity import Identity, Role
from app.auth.names import LARGEST_ID
from app.auth.schemas import (
    MeOut,
    NewPasswordOut,
    NewTokenOut,
    TokenIn,
    TokenOut,
    TokensOut,
    UserChangeIn,
    UserIn,
    UserOut,
    UsersOut,
    problems,
)
from app.errors import BadRequest, Conflict, NotAllowed, NotFound, NotSignedIn

Anybody = Annotated[Identity, Depends(requires(*Role))]
AccountId = Annotated[int, Path(ge=1, le=LARGEST_ID, examples=[3])]

router = APIRouter(prefix="/v1", responses=problems(NotSignedIn, NotAllowed))
_administrators = APIRouter(dependencies=[Depends(requires(Role.ADMINISTRATOR))])


@router.get("/me", tags=["me"])
async def me(identity: Anybody) -> MeOut:
    """Return who you are signed in as."""
    return MeOut.model_validate(identity)


@_administrators.get("/users", tags=["users"])
async def list_users(request: Request) -> UsersOut:
    """Return all users by login name."""
    users = await administration_of(request).users()
    return UsersOut(users=[UserOut.model_validate(user) for user in users])


@_administrators.post(
    "/users", status_code=201, tags=["users"], responses=problems(BadRequest, Conflict)
)
async def create_user(request: Request, body: UserIn) -> NewPasswordOut:
    """Make a user and show their one-time password, this once."""
    made = await administration_of(request).create_user(
        login=body.login, display_name=body.display_name, role=body.role, section=body.section
    )
    return NewPasswordOut(
        user=UserOut.model_validate(made.user), one_time_password=made.one_time_password
    )


@_administrators.patch(
    "/users/{user_id}", tags=["users"], responses=problems(BadRequest, NotFound, Conflict)
)
async def change_user(request: Request, user_id: AccountId, body: UserChangeIn) -> UserOut:
    """Change a user, disable or enable them; the last administrator stays one."""
    administration = administration_of(request)
    user = await administration.change_user(
        user_id, display_name=body.display_name, role=body.role, section=body.section
    )
    if body.disabled is True:
        user = await administration.disable_user(user_id)
    elif body.disabled is False:
        user = await administration.enable_user(user_id)
    return UserOut.model_validate(user)


@_administrators.post(
    "/users/{user_id}/reset-password", tags=["users"], responses=problems(NotFound)
)
async def reset_password(request: Request, user_id: AccountId) -> NewPasswordOut:
    """Replace a forgotten password by a one-time password and end the user's sessions."""
    made = await administration_of(request).reset_password(user_id)
    return NewPasswordOut(
        user=UserOut.model_validate(made.user), one_time_password=made.one_time_password
    )


@_administrators.get("/tokens", tags=["tokens"])
async def list_tokens(request: Request) -> TokensOut:
    """Return all tokens, revoked ones too; their secrets are not kept."""
    tokens = await administration_of(request).tokens()
    return TokensOut(tokens=[TokenOut.model_validate(token) for token in tokens])


@_administrators.post("/tokens", status_code=201, tags=["tokens"], responses=problems(BadRequest))
async def create_token(request: Request, body: TokenIn) -> NewTokenOut:
    """Make a token and show it, this once."""
    made = await administration_of(request).create_token(
        name=body.name, role=body.role, section=body.section
    )
    return NewTokenOut(token=made.secret, **TokenOut.model_validate(made.token).model_dump())


@_administrators.delete("/tokens/{token_id}", tags=["tokens"], responses=problems(NotFound))
async def revoke_token(request: Request, token_id: AccountId) -> TokenOut:
    """Refuse the token from now on. It stays in the list; calls point to it."""
    return TokenOut.model_validate(await administration_of(request).revoke_token(token_id))


router.include_router(_administrators)
