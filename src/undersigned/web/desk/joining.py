"""The page of a link: taking over the desk, following an invitation, coming back by recovery."""

from typing import Annotated, Any

from fastapi import Depends, Path
from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import accounts
from undersigned.app.entering import get_link
from undersigned.errors import UnknownLink
from undersigned.web.desk.forms import Named, NamedAnswer, Next
from undersigned.web.desk.guard import AtDesk, check_address, check_origin
from undersigned.web.desk.routing import PASSKEY_SCRIPT, make_router, make_script_router
from undersigned.web.desk.sign_in import enter
from undersigned.web.pages.letters import renderer_of

router = make_router()
script_router = make_script_router()

Token = Annotated[str, Path(max_length=64)]


@router.get("/join/{token}", dependencies=[Depends(check_address)])
def show_link(request: Request, desk: AtDesk, token: Token) -> Response:
    """Say what a link is for, and let its reader make a passkey; it changes nothing."""
    renderer = renderer_of(request)
    try:
        link = get_link(desk, token)
    except UnknownLink:
        return renderer.desk_page(request, None, "desk/link_invalid.html", {}, status=404)
    values = {"link_": link, "token": token, "rp_id": desk.rp_id, "now": desk.clock.now()}
    return renderer.desk_page(request, None, "desk/join.html", values, scripts=[PASSKEY_SCRIPT])


@script_router.post("/join/{token}/options", dependencies=[Depends(check_origin)])
def ask_for_passkey(named: Named, desk: AtDesk, token: Token) -> dict[str, Any]:
    """Ask for what the authenticator is to make."""
    return accounts.begin_joining(desk, get_link(desk, token), named.name)


@script_router.post("/join/{token}", dependencies=[Depends(check_origin)])
def join(answer: NamedAnswer, desk: AtDesk, response: Response, token: Token) -> Next:
    """Take the passkey, use the link up, and begin a session."""
    cookie = accounts.join(desk, get_link(desk, token), answer.name, answer.credential)
    return enter(response, cookie, "/desk/account?done=joined")
