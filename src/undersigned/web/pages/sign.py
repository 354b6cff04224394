"""The page on which a member signs, and the one on which a signature is looked up and withdrawn.

Both are complete as they are sent: they hold every sentence that their scripts may show, and say what
to do where no script runs.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.crowd import get_crowd
from undersigned.app.following_through import get_follow_up
from undersigned.domain.letter import State
from undersigned.domain.name import LONGEST_STATEMENT
from undersigned.domain.terms import LONGEST_LANG
from undersigned.web.api.letters import seals_of
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.address import find_base_url, find_port
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.markup import render_markdown
from undersigned.web.pages.methods import ways_of

TAKES_SIGNATURES: Final = (State.OPEN, State.REACHED, State.FROZEN, State.RELEASED)
TAKES_NOTHING: Final = (State.LAPSED, State.SUPERSEDED)

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)

TextLang = Annotated[str | None, Query(max_length=LONGEST_LANG)]


@router.get("/letters/{slug}/sign")
def show_signing(request: Request, door: AtDoor, slug: str, text: TextLang = None) -> Response:
    """Show the letter, and the steps of signing it."""
    return _show(request, door, slug, text, "sign")


@router.get("/letters/{slug}/signature")
def show_signature(request: Request, door: AtDoor, slug: str, text: TextLang = None) -> Response:
    """Let a member look up and withdraw their signature."""
    return _show(request, door, slug, text, "signature")


def _show(request: Request, door: Door, slug: str, text: str | None, name: str) -> Response:
    renderer, running = renderer_of(request), door.running
    page = reading.get_page(running.site, running.letters, slug)
    shown = choose_text(page.texts, text, renderer.language_of(request).tag)
    values: dict[str, Any] = {
        "page": page,
        "letter": page.letter,
        "name": f"{page.letter.slug}@{page.letter.edition}",
        "text": shown,
        "html": render_markdown(shown.text),
        "seals": seals_of(page.letter),
        "modes": [mode.value for mode in page.letter.modes],
        "methods": [method.value for method in page.letter.methods],
        "ways": ways_of(page.letter),
        "numbers": page.numbers,
        "state": page.stage.state.value,
        "counts": page.numbers.counts,
        "longest_statement": LONGEST_STATEMENT,
        "takes": page.stage.state in TAKES_SIGNATURES,
        "superseded": page.stage.state is State.SUPERSEDED,
        "follow_up": get_follow_up(running.site, running.letters, slug),
        "crowd": get_crowd(running.site, running.letters, slug),
        "takes_changes": page.stage.state not in TAKES_NOTHING,
        "base": find_base_url(request, running),
        "host": running.site.host,
        "port": find_port(request),
    }
    # Only who signs asks the issuer, which then is the one other place that the page sends to.
    connect = page.letter.issuer_url if name == "sign" else None
    return renderer.page(
        request, f"{name}.html", values, scripts=[f"dist/{name}.js"], connect=connect
    )
