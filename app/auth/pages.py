"""Glue: the pages for signing in, for the password and for administrators.

Forms are read field by field, not declared: a missing or wrong field is then told beside it, in Japanese.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from app.auth import admin_pages
from app.auth.access import (
    COOKIE,
    accounts_of,
    address_of,
    identify,
    public,
    refuse_other_sites,
    requires,
    session_secret_of,
)
from app.auth.errors import FieldRefused
from app.auth.forms import fields_of
from app.auth.identity import Identity, Role
from app.auth.names import PEOPLE
from app.auth.origins import local_path
from app.errors import NotAllowed, NotSignedIn, TooMany
from app.screens.rendering import refusal_words, render
from app.services import services_of

FORM_BYTES: Final = 65_536
"""More than any of these forms can need; whoever is not signed in yet may send no more."""

_HOME: Final = {role: "/admin" if role is Role.ADMINISTRATOR else "/calls" for role in PEOPLE}
_WITHOUT_SIGN_IN: Final = "it is where people sign in"

Person = Annotated[Identity, Depends(requires(*PEOPLE, before_password_change=True))]

router = APIRouter(include_in_schema=False, max_body_size=FORM_BYTES)
router.include_router(admin_pages.router)


def first_page_of(identity: Identity) -> str:
    if identity.must_change_password:
        return "/password"
    return _HOME[identity.role]


@router.get("/login", dependencies=[Depends(public(_WITHOUT_SIGN_IN))])
async def login_page(request: Request) -> Response:
    identity = await identify(request)
    if identity is not None and identity.user_id is not None:
        return RedirectResponse(first_page_of(identity), 303)
    return render(request, "login.html", next=local_path(request.query_params.get("next", "")))


@router.post("/login", dependencies=[Depends(public(_WITHOUT_SIGN_IN))])
async def sign_in(request: Request) -> Response:
    """Begin a session.

    There is no session yet that could hold a CSRF token. What another site could gain is to sign
    a visitor in under a name of its own; that the form was sent from our own page is enough against it.
    """
    refuse_other_sites(request)
    fields = await fields_of(request)
    login, password = fields.get("login", ""), fields.get("password", "")
    accounts = accounts_of(request)
    try:
        signed_in = await accounts.sign_in(login, password, address=address_of(request))
    except (NotSignedIn, TooMany) as refused:
        return render(
            request,
            "login.html",
            status_code=refused.status,
            error=refusal_words(request, refused),
            login=login,
            next=local_path(fields.get("next", "")),
        )
    if before := session_secret_of(request):
        await accounts.sign_out(before, address=address_of(request))
    target = first_page_of(signed_in.identity)
    if not signed_in.identity.must_change_password:
        target = local_path(fields.get("next", "")) or target
    response = RedirectResponse(target, 303)
    response.set_cookie(
        COOKIE,
        signed_in.secret,
        httponly=True,
        secure=services_of(request).settings.secure_cookies,
        # Strict would greet whoever follows a link from the office's mail or groupware as a stranger.
        samesite="lax",
        path="/",
        # No age: it goes when the browser closes, and the server ends it by last use.
    )
    return response


@router.post("/logout")
async def sign_out(request: Request, _identity: Person) -> Response:
    await accounts_of(request).sign_out(session_secret_of(request), address=address_of(request))
    response = RedirectResponse("/login", 303)
    response.delete_cookie(
        COOKIE,
        httponly=True,
        secure=services_of(request).settings.secure_cookies,
        samesite="lax",
        path="/",
    )
    return response


@router.get("/password")
async def password_page(request: Request, identity: Person) -> Response:
    return render(request, "password.html", identity=_with_password(identity))


@router.post("/password")
async def change_password(request: Request, identity: Person) -> Response:
    fields = await fields_of(request)
    try:
        await accounts_of(request).change_password(
            _with_password(identity),
            secret=session_secret_of(request),
            current=fields.get("current", ""),
            new=_typed_twice(fields),
            address=address_of(request),
        )
    except FieldRefused as refused:
        return render(
            request,
            "password.html",
            identity=identity,
            status_code=refused.status,
            errors={refused.field: refusal_words(request, refused)},
        )
    except TooMany as refused:
        return render(
            request,
            "password.html",
            identity=identity,
            status_code=refused.status,
            error=refusal_words(request, refused),
        )
    if identity.must_change_password:
        return RedirectResponse(_HOME[identity.role], 303)
    return render(request, "password.html", identity=identity, changed=True)


def _typed_twice(fields: dict[str, str]) -> str:
    new = fields.get("new", "")
    if new != fields.get("again", ""):
        raise FieldRefused("again", "password_differs", "新しいパスワードと一致しません。")
    return new


def _with_password(identity: Identity) -> Identity:
    if identity.user_id is None:
        raise NotAllowed("person_required", "トークンにはパスワードがありません。")
    return identity
