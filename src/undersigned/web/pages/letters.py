"""The list of letters, and the page of one."""

from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.reading import LetterPage
from undersigned.domain.letter import TextDocument
from undersigned.domain.terms import LONGEST_LANG
from undersigned.web.api.decimals import GREATEST, Decimal
from undersigned.web.api.letters import moments_of, seals_of
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.markup import render_markdown
from undersigned.web.pages.rendering import Renderer

NAMES_ON_A_PAGE = 100

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


def _renderer(request: Request) -> Renderer:
    return cast("Renderer", request.app.state.renderer)


@router.get("/")
def show_letters(request: Request, door: AtDoor) -> Response:
    """List the letters of this site."""
    renderer = _renderer(request)
    tag = renderer.language_of(request).tag
    pages = reading.list_pages(door.running.site, door.running.letters)
    lines = [(page, _choose_text(page, None, tag)) for page in pages]
    return renderer.page(request, "letters.html", {"lines": lines})


@router.get("/letters/{slug}")
def show_letter(
    request: Request,
    door: AtDoor,
    slug: str,
    text: Annotated[str | None, Query(max_length=LONGEST_LANG)] = None,
    after: Annotated[Decimal, Query(ge=-1, le=GREATEST)] = -1,
) -> Response:
    """Show a letter, its numbers and its names."""
    renderer, running = _renderer(request), door.running
    page = reading.get_page(running.site, running.letters, slug)
    names = reading.list_names(
        running.site, running.letters, slug, after=after, limit=NAMES_ON_A_PAGE + 1
    )
    shown = _choose_text(page, text, renderer.language_of(request).tag)
    values: dict[str, Any] = {
        "page": page,
        "letter": page.letter,
        "stage": page.stage,
        "counts": page.numbers.counts,
        "numbers": page.numbers,
        "text": shown,
        "html": render_markdown(shown.text),
        "seals": seals_of(page.letter),
        "moments": moments_of(page),
        "names": names[:NAMES_ON_A_PAGE],
        "after": after,
        "next_after": names[NAMES_ON_A_PAGE - 1].leaf_index
        if len(names) > NAMES_ON_A_PAGE
        else None,
        "base": find_base_url(request, running.site.host),
        "now": running.site.clock.now(),
    }
    return renderer.page(request, "letter.html", values)


def _choose_text(page: LetterPage, asked: str | None, tag: str) -> TextDocument:
    """Choose the text in the language that was asked for, else that of the page, else the first."""
    for text in page.texts:
        if text.lang == asked:
            return text
    for text in page.texts:
        if text.lang.partition("-")[0] == tag:
            return text
    return page.texts[0]
