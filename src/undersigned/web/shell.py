"""What the apps of the roles have in common: the framework without its own pages, headers, refusals."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from undersigned import __version__
from undersigned.web import openapi
from undersigned.web.body_limits import OF_SITE, LongBody
from undersigned.web.headers import OPEN_TO_ALL
from undersigned.web.middleware import BodyLimit, HeadAsGet, LastResort, SecurityHeaders
from undersigned.web.refusing import add_refusals
from undersigned.web.unread import AnswerUnread

API: Final = "/api/v1"


class UndersignedApp(FastAPI):
    """The app; its OpenAPI document also has the routes that FastAPI does not know.

    `find_ahead` says of a request what takes it before middleware, if anything does; `answer_unread`
    what answers it before its body is read, if that is at hand.
    """

    plain_paths: Mapping[str, Any]
    find_ahead: Callable[[Scope], ASGIApp | None]
    answer_unread: AnswerUnread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        ahead = self.find_ahead(scope)
        if ahead is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await ahead(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI 3.1 document."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.complete(super().openapi(), self.plain_paths)
        return self.openapi_schema


def make_shell(
    *,
    description: str,
    plain_paths: Mapping[str, Any],
    open_to_all: tuple[str, ...] = OPEN_TO_ALL,
    long_bodies: tuple[LongBody, ...] = OF_SITE,
    more: Sequence[Middleware] = (),
    outer: Sequence[Middleware] = (),
    find_ahead: Callable[[Scope], ASGIApp | None] = lambda _: None,
    answer_unread: AnswerUnread = lambda _: None,
) -> UndersignedApp:
    """Return an app without routes. `more` stands between the headers and all else, `outer` before them."""
    app = UndersignedApp(
        title="Undersigned",
        version=__version__,
        description=description,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(HeadAsGet),
            *outer,
            Middleware(SecurityHeaders, open_to_all=open_to_all),
            *more,
            Middleware(LastResort),
            Middleware(BodyLimit, long_bodies=long_bodies),
        ],
        # Its log records would hold what was sent.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.plain_paths = plain_paths
    app.find_ahead = find_ahead
    app.answer_unread = answer_unread
    add_refusals(app)
    return app
