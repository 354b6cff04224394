"""Signing in with a passkey, and out."""

from typing import Annotated, Any

from fastapi import Depends, Query
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import accounts
from undersigned.app.sessions import sign_out
from undersigned.web.desk.forms import Answer, Next, Nothing
from undersigned.web.desk.guard import (
    LONGEST_NEXT,
    AtDesk,
    MaybeSignedIn,
    Organiser,
    check_address,
    check_origin,
    checked_next,
    delete_cookie,
    set_cookie,
)
from undersigned.web.desk.routing import PASSKEY_SCRIPT, make_router, make_script_router, see_other
from undersigned.web.pages.letters import renderer_of

router = make_router()
script_router = make_script_router()

AskedNext = Annotated[str | None, Query(alias="next", max_length=LONGEST_NEXT)]


@router.get("/sign-in", dependencies=[Depends(check_address)])
def show_sign_in(
    request: Request, signed_in: MaybeSignedIn, desk: AtDesk, asked: AskedNext = None
) -> Response:
    """Let an organiser sign in with a passkey."""
    if signed_in is not None:
        return see_other(checked_next(asked))
    values = {"next": checked_next(asked), "rp_id": desk.rp_id}
    renderer = renderer_of(request)
    return renderer.desk_page(request, None, "desk/sign_in.html", values, scripts=[PASSKEY_SCRIPT])


@script_router.post("/sign-in/options", dependencies=[Depends(check_origin)])
def ask_to_sign_in(_: Nothing, desk: AtDesk) -> dict[str, Any]:
    """Ask for what the authenticator is to sign."""
    return accounts.ask_to_sign_in(desk)


@script_router.post("/sign-in", dependencies=[Depends(check_origin)])
def sign_in(answer: Answer, desk: AtDesk, response: Response, asked: AskedNext = None) -> Next:
    """Begin a session by the answer of an authenticator."""
    cookie = accounts.sign_in(desk, answer.credential)
    return enter(response, cookie, checked_next(asked))


@router.post("/sign-out")
def leave(signed_in: Organiser, desk: AtDesk) -> Response:
    """End the session."""
    sign_out(desk, signed_in.session)
    response = see_other("/desk/sign-in", done="signed-out")
    delete_cookie(response)
    return response


def enter(response: Response, cookie: str, path: str) -> Next:
    """Give who has a session now its cookie, and say where to go."""
    set_cookie(response, cookie)
    response.headers["Cache-Control"] = "no-store"
    return Next(next=path)
