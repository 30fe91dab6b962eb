"""Glue: the application. Importing it does nothing; ``create_app`` puts it together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from app import readiness
from app.aids import break_endpoints as breaks
from app.aids import endpoints as aids
from app.alerts import endpoints as alerts
from app.answers import ANSWER_HEADERS, BODY_BYTES, GuardedAnswers
from app.auth import endpoints as accounts
from app.auth import pages as account_pages
from app.auth.access import identity_on, public
from app.basis import endpoints as basis
from app.board import endpoints as board
from app.board import pages as board_pages
from app.bootstrap import open_services
from app.callers import endpoints as callers
from app.callers import pages as caller_pages
from app.calls import audio_ws
from app.calls import endpoints as calls
from app.control import endpoints as control
from app.errors import AppError, NotSignedIn
from app.exports import endpoints as exports
from app.exports import pages as export_pages
from app.feedback import endpoints as feedback
from app.feedback import pages as feedback_pages
from app.joining import endpoints as joining
from app.joining import sound_ws
from app.judgements import endpoints as judgements
from app.judgements import pages as judgement_pages
from app.notices import endpoints as notices
from app.notices import pages as notice_pages
from app.privacy import endpoints as privacy
from app.progress import endpoints as progress
from app.recordings import endpoints as recordings
from app.reports import endpoints as reports
from app.reports import file_endpoints as report_files
from app.reports import list_pages as report_list_pages
from app.reports import pages as report_pages
from app.responses import endpoints as responses
from app.responses import script_endpoints, script_pages
from app.retention import endpoints as retention
from app.retention import pages as retention_pages
from app.retention import person_pages
from app.review import endpoints as review
from app.review import pages as review_pages
from app.screens import pages, screen_ws
from app.screens.rendering import ScreenFiles, refusal_words, render
from app.search import endpoints as search
from app.search import pages as search_pages
from app.services import Services
from app.settings import Settings
from app.statistics import endpoints as statistics
from app.statistics import pages as statistics_pages
from app.supervision import endpoints as supervision
from app.telephony import door_ws, states, twilio_voice
from app.trail import endpoints as trail
from app.trail import pages as trail_pages
from app.trials import endpoints as trials
from app.trials import pages as trial_pages

_SAME: Final = "the description of the interface is the same in every office, and published"

OpenServices = Callable[[Settings], AbstractAsyncContextManager[Services]]


def create_app(settings: Settings, *, open_services: OpenServices = open_services) -> FastAPI:
    """Return the application; its services open when it starts and close when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            yield

    app = FastAPI(
        title="Mimamori",
        version="1",
        description="通話の見守り。すべての経路に必要な役割が記されています。",
        lifespan=lifespan,
        docs_url=None,  # the pages of the framework load their scripts from a CDN
        redoc_url=None,
        openapi_url=None,  # served below, with its reason to be open
        redirect_slashes=False,  # the framework would repeat the Host that the request names
    )
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=BODY_BYTES)
    app.add_middleware(GuardedAnswers)  # outermost, so that refusals of the limit are guarded too

    @app.get("/v1/openapi.json", include_in_schema=False, dependencies=[Depends(public(_SAME))])
    async def interface() -> dict[str, Any]:
        return app.openapi()

    for module in (
        readiness,
        audio_ws,
        door_ws,
        states,
        twilio_voice,
        screen_ws,
        calls,
        alerts,
        feedback,
        report_files,  # its list must be known before the id of a report
        reports,
        report_list_pages,
        report_pages,
        responses,
        recordings,
        progress,
        script_endpoints,
        script_pages,
        statistics,
        statistics_pages,
        supervision,
        control,
        basis,
        board,
        board_pages,
        callers,
        caller_pages,
        joining,
        aids,
        breaks,
        judgements,
        judgement_pages,
        trials,
        trial_pages,
        notices,
        notice_pages,
        review,
        review_pages,
        search,
        search_pages,
        sound_ws,
        trail,
        trail_pages,
        exports,
        export_pages,
        accounts,
        account_pages,
        feedback_pages,
        retention,
        person_pages,
        retention_pages,
        privacy,
        pages,
    ):
        app.include_router(module.router)
    app.mount("/static", ScreenFiles(), name="static")
    app.add_exception_handler(AppError, _render_app_error)
    app.add_exception_handler(RequestValidationError, _render_bad_request)
    app.add_exception_handler(HTTPException, _render_http_error)
    app.add_exception_handler(Exception, _render_defect)
    return app


async def _render_app_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, AppError):
        raise error
    if _wants_page(request):
        if isinstance(error, NotSignedIn):
            # What takes forms alone cannot be asked for afterwards: it would greet them with an error.
            asked = f"?{urlencode({'next': request.url.path})}" if request.method == "GET" else ""
            return RedirectResponse(f"/login{asked}", 303)
        if error.code == "password_change_required":
            return RedirectResponse("/password", 303)
        return _error_page(request, error.status, error)
    return JSONResponse({"code": error.code, "message": error.message}, error.status)


async def _render_bad_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    # Where and why, never what: the value may be speech or a secret.
    fields: list[dict[str, Any]] = [
        {"where": ".".join(str(part) for part in item["loc"]), "why": item["type"]}
        for item in error.errors()
    ]
    message = "送られた内容の形式が正しくありません。"
    if _wants_page(request):
        return _error_page(request, 400, AppError("bad_request", message))
    return JSONResponse({"code": "bad_request", "message": message, "fields": fields}, 400)


async def _render_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message = {
        404: "ページが見つかりません。",
        405: "この操作はできません。",
        413: "送られた内容が大きすぎます。",
    }.get(error.status_code, "処理できませんでした。")
    code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(
        error.status_code, "http_error"
    )
    if _wants_page(request):
        return _error_page(request, error.status_code, AppError(code, message))
    return JSONResponse(
        {"code": code, "message": message}, error.status_code, headers=error.headers
    )


async def _render_defect(request: Request, _error: Exception) -> Response:
    # The server logs it; nobody outside learns more than that it happened.
    message = (
        "サーバーでエラーが起きました。もう一度お試しになり、続くときは管理者に連絡してください。"
    )
    if _wants_page(request):
        answer = _error_page(request, 500, AppError("internal_error", message))
    else:
        answer = JSONResponse({"code": "internal_error", "message": message}, 500)
    for name, value in ANSWER_HEADERS.items():  # made outside of what adds them to other answers
        answer.headers.setdefault(name, value)
    return answer


def _wants_page(request: Request) -> bool:
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get(
        "accept", ""
    )


def _error_page(request: Request, status: int, refused: AppError) -> Response:
    return render(
        request,
        "error.html",
        identity=identity_on(request),
        status_code=status,
        message=refusal_words(request, refused),
    )
