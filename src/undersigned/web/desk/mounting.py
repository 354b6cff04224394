"""Putting the desk into an app: its pages, and what becomes of those who may not come in."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, cast

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from undersigned.app.desk import Desk
from undersigned.errors import DeskElsewhere, ForeignRequest, ForOwners, NotSignedIn, Refused
from undersigned.web.desk import (
    account,
    accounts,
    activity,
    invites,
    joining,
    roll,
    roll_imports,
    sign_in,
)
from undersigned.web.desk.guard import LONGEST_NEXT
from undersigned.web.desk.routing import PREFIX, see_other
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.rendering import wants_page
from undersigned.web.problems import problem_of, status_of

SIGN_IN: Final = f"{PREFIX}/sign-in"


SHARED: Final = (
    activity.router,
    sign_in.router,
    sign_in.script_router,
    joining.router,
    joining.script_router,
    account.router,
    account.script_router,
    accounts.router,
)
"""What a desk has wherever it is: at a site, or at an issuer apart."""

ROLLS: Final = (roll.router, roll_imports.router, invites.router)
"""The pages of rolls: a desk has them where codes and tokens are given out."""


def add_desk(app: FastAPI, desk: Desk, routers: Iterable[APIRouter]) -> None:
    """Add the pages of a desk to an app: those that it shares, and `routers`."""
    app.state.desk = desk
    for router in (*routers, *SHARED):
        app.include_router(router)
    for kind in (NotSignedIn, ForOwners, ForeignRequest, DeskElsewhere):
        app.add_exception_handler(kind, _refuse)


async def _refuse(request: Request, error: Exception) -> Response:
    """Say who may not come in what to do: to sign in, to ask an owner, to open the page anew."""
    refused = cast("Refused", error)
    if not wants_page(request):
        return problem_of(refused)
    is_get = request.method in ("GET", "HEAD")
    if isinstance(refused, NotSignedIn) and is_get:
        query = request.scope["query_string"].decode("latin-1")
        path = request.scope["path"] + (f"?{query}" if query else "")
        return see_other(SIGN_IN, next=None if path == PREFIX or len(path) > LONGEST_NEXT else path)
    desk = cast("Desk", request.app.state.desk)
    status = status_of(type(refused))
    values = {
        "kind": type(refused).__name__,
        "desk_url": desk.url,
        "path": request.scope["path"] if is_get else PREFIX,
    }
    page = renderer_of(request).page(
        request, "desk/refused.html", values, status=HTTPStatus(status)
    )
    page.headers["Cache-Control"] = "no-store"
    return page
