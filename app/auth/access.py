"""Glue: who is asking, and whether this endpoint is for them.

Every route names its roles with ``Depends(requires(...))`` or says with ``Depends(public("why"))`` that it
is open; a test walks all routes and reads the two off them (``every_route``, ``roles_of``, ``public_reason``).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from typing import Any, Final, cast

from fastapi.routing import RouteContext, iter_route_contexts
from starlette.requests import HTTPConnection, Request
from starlette.routing import BaseRoute

from app.auth.administration import Administration
from app.auth.credentials import same
from app.auth.identity import Identity, Role
from app.auth.origins import from_own_pages
from app.auth.service import Accounts
from app.errors import NotAllowed, NotSignedIn
from app.services import services_of
from app.trail.acting import Acting, acting

COOKIE: Final = "mimamori_session"
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf_token"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_FIELDS: Final = 100
_FORM_FIELD_BYTES: Final = 65_536
_ROLES: Final = "mimamori_roles"
_REASON: Final = "mimamori_public_reason"


def accounts_of(connection: HTTPConnection) -> Accounts:
    """Return the process's accounts, made at the first question: they count failed sign-ins."""
    state = connection.app.state
    if not hasattr(state, "accounts"):
        services = services_of(connection)
        state.accounts = Accounts(services.database, services.clock, services.settings.auth)
    return cast("Accounts", state.accounts)


def administration_of(connection: HTTPConnection) -> Administration:
    services = services_of(connection)
    return Administration(services.database, services.clock)


def session_secret_of(connection: HTTPConnection) -> str:
    return connection.cookies.get(COOKIE, "")


def address_of(connection: HTTPConnection) -> str:
    """Return where the request comes from; empty when the server cannot say."""
    return connection.client.host if connection.client is not None else ""


async def identify(connection: HTTPConnection) -> Identity | None:
    """Return whose request this is; None when nobody is signed in. What follows in this task is theirs.

    A token in ``Authorization`` counts alone, whatever cookie comes with it.
    Ask again for a WebSocket that stays open (once a minute will do): that
    prolongs the session, and None then means that it has ended.

    Raises:
        NotAllowed: a cookie came with a request that another site may have made
            (``cross_site``, ``csrf_refused``).
    """
    identity = await _identified(connection)
    if identity is not None:
        acting.set(Acting(identity.login, identity.role.value, address_of(connection)))
    return identity


async def _identified(connection: HTTPConnection) -> Identity | None:
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        return await accounts_of(connection).identity_of_token(token.strip())
    secret = session_secret_of(connection)
    if not secret:
        return None
    identity = await accounts_of(connection).identity_of_session(secret)
    if identity is None:
        return None
    if connection.scope["type"] == "websocket":
        # Another site's page can open a socket here, and the browser adds our cookie.
        refuse_other_sites(connection, must_tell=True)
    elif connection.scope["method"] not in _SAFE_METHODS:
        refuse_other_sites(connection)
        if not same(await _csrf_token_of(connection), identity.csrf_token):
            raise NotAllowed(
                "csrf_refused",
                "画面の有効期限が切れました。ページを読み込み直して、もう一度お試しください。",
            )
    return identity


def refuse_other_sites(connection: HTTPConnection, *, must_tell: bool = False) -> None:
    """Raise NotAllowed for what a page of another site sent through a visitor's browser."""
    headers = connection.headers
    if not from_own_pages(
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
        host=headers.get("host"),
        public_url=services_of(connection).settings.public_url,
        must_tell=must_tell,
    ):
        raise NotAllowed("cross_site", "ほかのサイトからの操作は受け付けられません。")


async def _csrf_token_of(connection: HTTPConnection) -> str:
    header = connection.headers.get(CSRF_HEADER)
    if header is not None:
        return header
    if not isinstance(connection, Request):
        return ""
    form = await connection.form(max_fields=_FORM_FIELDS, max_part_size=_FORM_FIELD_BYTES)
    field = form.get(CSRF_FIELD)
    return field if isinstance(field, str) else ""


def requires(
    *roles: Role, before_password_change: bool = False
) -> Callable[[HTTPConnection], Awaitable[Identity]]:
    """Return a dependency that lets only *roles* in and gives their identity.

    Args:
        roles: at least one.
        before_password_change: also lets in who must still replace a one-time password.

    The dependency raises:
        NotSignedIn: nobody is signed in (``sign_in_required``).
        NotAllowed: another role (``role_not_allowed``), a one-time password
            (``password_change_required``), or as ``identify`` says.
    """
    allowed = frozenset(roles)
    if not allowed:
        raise ValueError("an endpoint names the roles that may use it")

    async def let_in(connection: HTTPConnection) -> Identity:
        return await admit(connection, allowed, before_password_change=before_password_change)

    setattr(let_in, _ROLES, allowed)
    return let_in


async def admit(
    connection: HTTPConnection, roles: Collection[Role], *, before_password_change: bool = False
) -> Identity:
    """Return who is asking, if one of *roles*; raise as ``requires`` says."""
    identity = await identify(connection)
    if identity is None:
        raise NotSignedIn("sign_in_required", "サインインが必要です。")
    connection.state.identity = identity
    if identity.must_change_password and not before_password_change:
        raise NotAllowed("password_change_required", "先にパスワードを変更してください。")
    if identity.role not in roles:
        raise NotAllowed("role_not_allowed", "お使いの役割では、この操作はできません。")
    return identity


def admits(*roles: Role) -> Callable[[], Awaitable[None]]:
    """Return a dependency that names the roles of an endpoint which calls ``admit`` itself.

    For WebSockets: only one that was accepted can be closed with a code that says why.
    """

    async def judged_inside() -> None:
        return None

    setattr(judged_inside, _ROLES, frozenset(roles))
    return judged_inside


def public(reason: str) -> Callable[[], Awaitable[None]]:
    """Return a dependency that marks an endpoint as open to everybody, and says why."""

    async def open_to_everybody() -> None:
        return None

    setattr(open_to_everybody, _REASON, reason)
    return open_to_everybody


def identity_on(connection: HTTPConnection) -> Identity | None:
    """Return who was recognised while this request was judged, for pages that say what went wrong."""
    return getattr(connection.state, "identity", None)


def every_route(routes: Sequence[BaseRoute]) -> Iterator[RouteContext]:
    """Yield all routes of ``app.routes``, those of included routers with their full path."""
    yield from iter_route_contexts(routes)


def roles_of(route: BaseRoute | RouteContext) -> frozenset[Role] | None:
    """Return the roles that *route* lets in; None when it names none."""
    marks = [mark for mark in _marks_on(route, _ROLES) if isinstance(mark, frozenset)]
    return frozenset.intersection(*marks) if marks else None


def public_reason(route: BaseRoute | RouteContext) -> str | None:
    """Return why *route* is open to everybody; None when it does not say so."""
    return next((str(mark) for mark in _marks_on(route, _REASON)), None)


def _marks_on(route: BaseRoute | RouteContext, name: str) -> Iterator[object]:
    # Mounts and Starlette's own routes have no dependencies: they count as unmarked.
    waiting: list[Any] = [getattr(route, "dependant", None)]
    while waiting:
        dependant = waiting.pop()
        if dependant is None:
            continue
        mark = getattr(dependant.call, name, None)
        if mark is not None:
            yield mark
        waiting.extend(dependant.dependencies)
