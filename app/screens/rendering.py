"""Adapter: pages out of templates, with the headers that keep a page's words to itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

from app.auth.identity import Identity
from app.errors import AppError
from app.screens.catalogues import catalogue_of
from app.screens.language import COOKIE, Catalogue, Language, language_of
from app.screens.navigation import NavigationItem, grouped, navigation_for
from app.screens.words import EMERGENCY_HINT, HELP_INSTEAD, ROLES, screen_words

_HERE: Final = Path(__file__).parent

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",  # recordings of ended calls
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS: Final[dict[str, str]] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # What was said on a call must not come back from a shared desk's history after signing out.
    "Cache-Control": "no-store",
}


_FORMS_OF_THEIR_OWN: Final = frozenset({"/login", "/password"})

_templates = Jinja2Templates(directory=_HERE / "templates")


@pass_context
def _translated(context: Context, japanese: object, **values: object) -> str:
    """Return a text, or what a page hands over as a phrase, a day or a moment, in the page's language."""
    catalogue: Catalogue = context["catalogue"]
    return (
        catalogue.text(japanese, **values)
        if isinstance(japanese, str)
        else catalogue.words(japanese)
    )


_templates.env.globals.update(
    _=_translated,
    role_words={role.value: words for role, words in ROLES.items()},
    emergency_hint=EMERGENCY_HINT,
    help_instead=HELP_INSTEAD,
)
_templates.env.trim_blocks = True
_templates.env.lstrip_blocks = True


def render(
    request: Request,
    name: str,
    *,
    identity: Identity | None = None,
    status_code: int = 200,
    **context: object,
) -> Response:
    """Return the page *name*; every value in it is escaped, nothing in it runs but our own files."""
    language = language_of(request.cookies.get(COOKIE))
    catalogue = catalogue_of(language)
    navigation = navigation_for(identity, request.url.path)
    return _templates.TemplateResponse(
        request,
        name,
        {
            "identity": identity,
            "language": language.value,
            "other_language": next(one.value for one in Language if one is not language),
            "catalogue": catalogue,
            "words": catalogue.all_of(screen_words()),
            "csrf_token": identity.csrf_token if identity is not None else "",
            "navigation": grouped(navigation),
            "here": _here(request, navigation),
            **context,
        },
        status_code=status_code,
        headers=PAGE_HEADERS,
    )


def _here(request: Request, navigation: tuple[NavigationItem, ...]) -> str:
    """Return where the same page is read again; the answer to a form cannot be asked for twice."""
    url = request.url
    if request.method == "GET":
        return f"{url.path}?{url.query}" if url.query else url.path
    if url.path in _FORMS_OF_THEIR_OWN:
        return url.path
    return next((item.href for item in navigation if item.current), "/")


def refusal_words(request: Request, refused: AppError) -> str:
    """Return what *refused* says, in the language of the browser that asked."""
    catalogue = catalogue_of(language_of(request.cookies.get(COOKIE)))
    return catalogue.error(refused.code, refused.message)


class ScreenFiles(StaticFiles):
    """Style sheets, scripts and pictures; asked for again each time, so that an update is never half old."""

    def __init__(self) -> None:
        super().__init__(directory=_HERE / "static")

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
