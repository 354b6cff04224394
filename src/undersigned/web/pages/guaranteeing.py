"""The guarantor's page: exactly what is asked for, to be confirmed or declined; later to be withdrawn.

GET shows and changes nothing. What is confirmed leads to the page of another link, which withdraws.
"""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.guaranteeing import (
    Offer,
    decline_guarantee,
    get_offer,
    give_guarantee,
    withdraw_guarantee,
)
from undersigned.errors import FormatError, GuaranteeDecided, GuaranteeExists, UnknownLink
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.answering import see_other, show_gone
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.forms import AtForm
from undersigned.web.pages.letters import renderer_of

STATUS: Final = {
    "": HTTPStatus.OK,
    "exists": HTTPStatus.CONFLICT,
    "decided": HTTPStatus.CONFLICT,
    "over": HTTPStatus.CONFLICT,
    "unsure": HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Why nothing was done, and the status of the page that says so."""

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/guarantee/{token}")
def show_guarantee(request: Request, door: AtDoor, token: str, done: str = "") -> Response:
    """Show what a link confirms or withdraws; nothing is changed by that."""
    try:
        return _page(request, door, _get(door, token), done=done)
    except UnknownLink:
        return show_gone(request)


@router.post("/guarantee/{token}")
def decide(request: Request, door: AtDoor, token: str, form: AtForm) -> Response:
    """Confirm, decline or withdraw."""
    site, letters = door.running.site, door.running.letters
    act, is_sure = form.get("act"), form.get("sure") == "yes"
    try:
        offer = _get(door, token)
        if act == "decline":
            decline_guarantee(site, token)
            return see_other(request, done="declined")
        if not is_sure or act not in ("give", "withdraw"):
            return _page(request, door, offer, refused="unsure")
        if act == "withdraw":
            withdraw_guarantee(site, letters, token)
            return see_other(request, done="withdrawn")
        url = door.running.desk.url
        withdrawal = give_guarantee(site, letters, token, mail_from=url)
        return see_other(request, withdrawal, done="given")
    except UnknownLink:
        return show_gone(request)
    except GuaranteeDecided:
        return _page(request, door, _get(door, token), refused="decided")
    except GuaranteeExists:
        return _page(request, door, offer, refused="exists")
    except FormatError:
        return _page(request, door, offer, refused="over")


def _get(door: Door, token: str) -> Offer:
    return get_offer(door.running.site, door.running.letters, token)


def _page(
    request: Request, door: Door, offer: Offer, *, done: str = "", refused: str = ""
) -> Response:
    renderer = renderer_of(request)
    letter = offer.view.letter
    name = f"{letter.slug}@{letter.edition}"
    page = reading.get_page(door.running.site, door.running.letters, name)
    values: dict[str, Any] = {
        "slug": name,
        "action": request.scope["path"],
        "text": choose_text(page.texts, None, renderer.language_of(request).tag),
        "terms": offer.terms,
        "domain": offer.domain,
        "state": offer.row.state,
        "done": done,
        "refused": refused,
    }
    response = renderer.page(request, "guarantee.html", values, status=STATUS[refused], forms=True)
    response.headers["Cache-Control"] = "no-store"
    return response
