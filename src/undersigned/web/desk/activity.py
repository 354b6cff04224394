"""The page of the trail: what was done at the desk, the newest first."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import get_activity
from undersigned.web.desk.guard import AtDesk, Organiser
from undersigned.web.desk.routing import make_router
from undersigned.web.pages.letters import renderer_of

router = make_router()

LAST_PAGE = 1_000_000


@router.get("/activity")
def show_activity(
    request: Request,
    signed_in: Organiser,
    desk: AtDesk,
    page: Annotated[int, Query(ge=1, le=LAST_PAGE)] = 1,
) -> Response:
    """Show a page of the trail."""
    values = {"activity": get_activity(desk, page)}
    return renderer_of(request).desk_page(request, signed_in, "desk/activity.html", values)
