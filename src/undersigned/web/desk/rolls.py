"""The desk's first page at an issuer apart: the letters that it gives tokens for."""

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.web.desk.guard import Organiser
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtIssuer
from undersigned.web.pages.letters import renderer_of

router = make_router()


@router.get("")
def enter_desk(_: Organiser) -> Response:
    """Go to the letters."""
    return see_other("/desk/letters")


@router.get("/letters")
def list_acknowledged(request: Request, signed_in: Organiser, door: AtIssuer) -> Response:
    """List the letters that this issuer has acknowledged."""
    values = {"lines": door.running.issuer.list_letters()}
    return renderer_of(request).desk_page(request, signed_in, "desk/issued.html", values)
