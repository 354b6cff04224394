"""`/embed`: a letter in the frame of somebody else's page, the one page here that others may frame.

It shows numbers and one link, takes nothing from the page around it, and sends nothing there.
"""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.glance import make_glance
from undersigned.errors import UnknownLetter
from undersigned.web.door import AtDoor
from undersigned.web.headers import EMBED_CSP, EMBED_PAGE
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.rendering import Renderer

FRAME_SCRIPT: Final = "dist/embed-frame.js"
THEMES: Final = ("auto", "light", "dark")
PARTS: Final = ("title", "count", "bar", "button")

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/embed/{slug}")
def show_embed(
    request: Request, door: AtDoor, slug: str, theme: str = "auto", show: str = ""
) -> Response:
    """Show a letter's numbers within another page. What is not known of `theme` and `show` is passed over."""
    renderer, running = renderer_of(request), door.running
    values: dict[str, object] = {
        "theme": theme if theme in THEMES else "auto",
        "show": parts_of(show),
    }
    try:
        page = reading.get_page(running.site, running.letters, slug)
    except UnknownLetter:
        return _frame(request, renderer, "embed_gone.html", values, status=404)
    language = renderer.language_of(request)
    glance = make_glance(page, choose_text(page.texts, None, language.tag), language.tag)
    values |= {"glance": glance, "base": find_base_url(request, running)}
    return _frame(request, renderer, "embed.html", values, scripts=(FRAME_SCRIPT,))


def parts_of(show: str) -> tuple[str, ...]:
    """Return the parts that are named, in our order; all of them if none is."""
    named = show.split(",")
    return tuple(part for part in PARTS if part in named) or PARTS


def _frame(
    request: Request,
    renderer: Renderer,
    template: str,
    values: dict[str, object],
    *,
    status: int = 200,
    scripts: tuple[str, ...] = (),
) -> Response:
    response = renderer.page(request, template, values, status=status, scripts=scripts)
    response.headers["Content-Security-Policy"] = EMBED_CSP
    response.headers["Cache-Control"] = EMBED_PAGE
    response.headers["X-Robots-Tag"] = "noindex"
    return response
