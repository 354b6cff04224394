"""What went wrong, as the one who asked can read it: a problem document, or a small page."""

from collections.abc import Sequence
from typing import Any, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from undersigned.app.failures import report_failure
from undersigned.errors import Busy, FormatError, StoreError, UndersignedError
from undersigned.web.pages.rendering import Renderer, wants_page
from undersigned.web.problems import http_problem, problem_of

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "holds an unknown member",
    "json_invalid": "is not JSON",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "union_tag_invalid": "has a method that is not known here",
    "union_tag_not_found": "says no method",
}
"""What pydantic found, in words of our own: its own may repeat what was sent."""


def add_refusals(app: FastAPI) -> None:
    """Let the app answer every error in the one way."""
    app.add_exception_handler(UndersignedError, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_form)
    app.add_exception_handler(HTTPException, _refuse_http)


async def _refuse(request: Request, error: Exception) -> Response:
    refused = cast("UndersignedError", error)
    if isinstance(refused, StoreError) and not isinstance(refused, Busy):
        report_failure("request", refused)
    return _answer(request, problem_of(refused))


async def _refuse_form(request: Request, error: Exception) -> Response:
    found = cast("RequestValidationError", error).errors()
    return _answer(request, problem_of(FormatError(_sentence_of(found))))


async def _refuse_http(request: Request, error: Exception) -> Response:
    refused = cast("HTTPException", error)
    response = http_problem(refused.status_code)
    for name, value in (refused.headers or {}).items():
        response.headers[name] = _allowed(request) if name == "Allow" else value
    return _answer(request, response)


def _allowed(request: Request) -> str:
    """Return the methods that an address takes: of all routes to it, where the router names the first's."""
    routes = request.app.router.routes
    methods = [
        method
        for method in ("GET", "POST")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes
        )
    ]
    # A route that takes GET takes HEAD, too.
    return ", ".join(methods).replace("GET", "GET, HEAD")


def _answer(request: Request, response: Response) -> Response:
    if not wants_page(request):
        return response
    renderer = cast("Renderer", request.app.state.renderer)
    page = renderer.error_page(request, response.status_code)
    for name in ("retry-after", "allow"):
        if name in response.headers:
            page.headers[name] = response.headers[name]
    return page


def _sentence_of(found: Sequence[Any]) -> str:
    """Say where the first error is and of what kind, without a value, or a name, that was sent."""
    if not found:
        return "the request is not in the format that it should be in"
    first = found[0]
    kind, place = str(first["type"]), list(first["loc"])
    if kind in ("extra_forbidden", "json_invalid"):
        place.pop()
    where = ".".join(part for part in place if isinstance(part, str))
    return f"{where}: {_SENTENCES.get(kind, 'is not of the form that it should be')}"
