"""The page that checks receipts, proofs, lists of names and the count, in the reader's browser.

It is the same for everybody: what is checked is never sent, so the site does not learn what anybody has.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.reading import LetterPage
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url, find_port
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of

LONGEST_NAME = 72
"""Characters: the longest slug, `@` and an edition."""

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/verify")
def show_verify(
    request: Request,
    door: AtDoor,
    letter: Annotated[str | None, Query(max_length=LONGEST_NAME)] = None,
) -> Response:
    """Let anybody check what they have against the log."""
    renderer, running = renderer_of(request), door.running
    tag = renderer.language_of(request).tag
    pages = reading.list_pages(running.site, running.letters)
    chosen = None if letter is None else reading.get_page(running.site, running.letters, letter)
    values = {
        "lines": [(page, choose_text(page.texts, None, tag)) for page in pages],
        "chosen": None if chosen is None else _id_of(chosen),
        "base": find_base_url(request, running),
        "host": running.site.host,
        "port": find_port(request),
    }
    return renderer.page(request, "verify.html", values, scripts=["dist/verify.js"])


def _id_of(page: LetterPage) -> str:
    return page.letter.letter_id.hex()
