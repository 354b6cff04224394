"""What a site says of itself: who runs it, what it keeps, how it is checked, what it cannot promise."""

from typing import cast

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned import __version__
from undersigned.app.holding import COOKIE_IDLE_S, Place, list_personal, list_retentions
from undersigned.app.log import find_cosigners
from undersigned.app.site import WholeSite
from undersigned.crypto.note_key import format_vkey
from undersigned.tlog.policy import printable
from undersigned.web.door import AtDoor
from undersigned.web.imprint import Imprint
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


def _imprint_of(request: Request) -> Imprint:
    return cast("Imprint", request.app.state.imprint)


@router.get("/about")
def show_about(request: Request, door: AtDoor) -> Response:
    """Say who runs this site, what letters are like here, and which log it has."""
    site = door.running.site
    values = {
        "imprint": _imprint_of(request),
        "version": __version__,
        "origin": site.origin,
        "log_vkey": format_vkey(site.keys.log.verifier),
    }
    return renderer_of(request).page(request, "about.html", values)


@router.get("/privacy")
def show_privacy(request: Request, door: AtDoor) -> Response:
    """Say what is kept of people, where, and until when: by the code, and letter by letter."""
    site, renderer = door.running.site, renderer_of(request)
    tag = renderer.language_of(request).tag
    is_whole = isinstance(site, WholeSite)
    values = {
        "imprint": _imprint_of(request),
        "held": list_personal,
        "places": [Place.COLLECTOR, Place.ISSUER] if is_whole else [Place.COLLECTOR],
        "desk": Place.DESK,
        "is_whole": is_whole,
        "cookie_idle_s": COOKIE_IDLE_S,
        "letters": [
            (each, choose_text(each.texts, None, tag))
            for each in list_retentions(site, door.running.letters)
        ],
    }
    return renderer.page(request, "privacy.html", values)


@router.get("/how-to-check")
def show_how_to_check(request: Request, door: AtDoor) -> Response:
    """Say how anybody checks a count, with which key."""
    site = door.running.site
    values = {
        "base": find_base_url(request, door.running),
        "origin": site.origin,
        "log_vkey": format_vkey(site.keys.log.verifier),
        "witnesses": [printable(name) for name in find_cosigners(site)],
    }
    return renderer_of(request).page(request, "how_to_check.html", values)


@router.get("/threat-model")
def show_threat_model(request: Request) -> Response:
    """Say in plain words what can be relied on here, and what cannot."""
    return renderer_of(request).page(request, "threat_model.html", {})
