"""The application: every page's router, and what becomes of what goes wrong."""

import logging
from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware

from services.bus.client import NoReply
from services.health import Health
from services.refusals import Refused
from services.web import static_files
from services.web.house import House
from services.web.languages import chosen
from services.web.live import route as live
from services.web.pages import (
    assistant,
    bulk,
    chat,
    compilations,
    conflicts,
    finding,
    groups,
    importing,
    lesson,
    lessons,
    messages,
    model,
    model_settings,
    models,
    notices,
    people,
    providers,
    review,
    searching,
    signing_in,
    system_message,
    train,
)
from services.web.problems import sentence_of, status_of
from services.web.rendering import answer
from services.web.security import App, Guarded, Receive, Scope, Send
from services.web.visitor import SignedOut, theme_of, visitor_of

ROUTERS = (
    static_files.router,
    live.router,
    signing_in.router,
    groups.router,
    chat.router,
    messages.router,
    searching.router,
    train.router,
    assistant.router,
    models.router,
    model.router,
    model_settings.router,
    system_message.router,
    bulk.router,
    lessons.router,
    lesson.router,
    notices.router,
    finding.router,
    importing.router,
    conflicts.router,
    review.router,
    providers.router,
    people.router,
    compilations.router,
)
"""In the order in which they are looked through."""
HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})

logger = logging.getLogger(__name__)


def application(house: House, ready: Callable[[], bool]) -> App:
    """Everything that is served over HTTP."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = house
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=4)  # streams of events are left as they are
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(SignedOut, _signed_out)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(NoReply, _away)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(Exception, _bug)
    health = Health("web", ready, house.rooms.figures)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await (health if scope["path"] in HEALTH else app)(scope, receive, send)

    return Guarded(serve)


async def _signed_out(request: Request, _: Exception) -> Response:
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-redirect": "/sign-in"})
    if request.url.path == "/live":
        return Response(status_code=401)
    return RedirectResponse(f"/sign-in?to={request.url.path}", status_code=303)


async def _refused(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refused)
    return await _problem(request, status_of(problem), problem)


async def _away(request: Request, problem: Exception) -> Response:
    logger.warning("a page couldn't be shown: %s", problem)
    return await _problem(request, 503, Refused("unavailable", ""))


async def _http(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return await _problem(
        request, problem.status_code, Refused("unknown_page" if problem.status_code == 404 else "malformed", "")
    )


async def _malformed(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    return await _problem(request, 422, Refused("malformed", ""))


async def _bug(request: Request, problem: Exception) -> Response:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=problem)
    return await _problem(request, 500, Refused("internal_error", ""))


async def _problem(request: Request, status: int, refused: Refused) -> Response:
    """A sentence: as a toast where a part of a page was asked for, else as a page."""
    try:
        visitor = await visitor_of(request)
    except (NoReply, Refused):
        visitor = None
    language = visitor.language if visitor else chosen([], request.headers.get("accept-language", ""))
    context = {
        "sentence": sentence_of(language, refused),
        "code": refused.code,
        "status": status,
        "theme": theme_of(request),
    }
    if request.headers.get("hx-request"):
        headers = {"hx-reswap": "none", "hx-push-url": "false"}
        return answer("parts/problem_toast.html", language, context, status, headers)
    return answer("problem.html", language, context | {"visitor": visitor}, status)
