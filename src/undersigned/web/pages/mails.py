"""Ending the mails that a member asked for: by the link that is in each of them.

GET shows a button and changes nothing, since mail scanners follow links. POST ends them: from that page, or
from a mail program by one click (RFC 8058), whose body says no more than that. A link that is not known is
answered in the same way: nobody learns from it who gets mails. No letter is named.
"""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app.telling_members import unsubscribe
from undersigned.web.door import AtIssuer
from undersigned.web.pages.letters import renderer_of

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/mails/{link}")
def show_end(request: Request, link: str) -> Response:
    """Show the button that ends the mails of whoever has this link."""
    return _page(request, link, ended=False)


@router.post("/mails/{link}")
def end(request: Request, door: AtIssuer, link: str) -> Response:
    """End the mails of whoever has this link."""
    unsubscribe(door.running.issuer, link)
    return _page(request, link, ended=True)


def _page(request: Request, link: str, *, ended: bool) -> Response:
    values = {"address": f"/mails/{link}", "ended": ended}
    page = renderer_of(request).page(request, "mails.html", values, forms=True)
    page.headers["Cache-Control"] = "no-store"
    page.headers["Referrer-Policy"] = "no-referrer"
    return page
