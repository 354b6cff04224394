"""Signing in and out."""

from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app.activity import acting
from undersigned.app.sessions import end_session
from undersigned.domain.act import Act
from undersigned.web.desk.guard import (
    LONGEST_NEXT,
    AtDesk,
    MaybeSignedIn,
    Organiser,
    check_address,
    checked_next,
    delete_cookie,
)
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.pages.letters import renderer_of

router = make_router()

Next = Annotated[str | None, Query(max_length=LONGEST_NEXT)]


@router.get("/sign-in", dependencies=[Depends(check_address)])
def show_sign_in(
    request: Request,
    signed_in: MaybeSignedIn,
    desk: AtDesk,
    next: Next = None,  # noqa: A002 - the name of the query
) -> Response:
    """Let an organiser sign in with a passkey."""
    if signed_in is not None:
        return see_other(checked_next(next))
    values = {"next": checked_next(next), "rp_id": desk.rp_id}
    return renderer_of(request).desk_page(request, None, "desk/sign_in.html", values)


@router.post("/sign-out")
def sign_out(signed_in: Organiser, desk: AtDesk) -> Response:
    """End the session."""
    with acting(desk, signed_in.account, Act.SIGN_OUT):
        end_session(desk, signed_in.session)
    response = see_other("/desk/sign-in", done="signed-out")
    delete_cookie(response)
    return response
