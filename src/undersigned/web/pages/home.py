"""The site's home: its letters by what can still happen to them, and those that say certain words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, cast

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import Field
from starlette.requests import Request

from undersigned.app.finding import Finder, FoundLetter, FoundPage, Shelf, lines_of
from undersigned.app.reading import LetterPage
from undersigned.domain.letter import TextDocument
from undersigned.web.api.decimals import DECIMAL
from undersigned.web.door import AtDoor
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.excerpt import Excerpt, find_excerpt
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.names import GREATEST_PAGE, LONGEST_QUERY

_SPACES = re.compile(r"\s+")

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class Line:
    """A letter as the home shows it; with `excerpt` where words were found in what it says."""

    page: LetterPage
    text: TextDocument
    shelf: Shelf
    excerpt: Excerpt | None


@router.get("/")
def show_home(
    request: Request,
    door: AtDoor,
    q: Annotated[str, Query(max_length=LONGEST_QUERY)] = "",
    state: Annotated[Shelf | None, Query()] = None,
    page: Annotated[int, Field(ge=1, le=GREATEST_PAGE), DECIMAL, Query()] = 1,
) -> Response:
    """List the letters of this site, or those that say certain words."""
    renderer = renderer_of(request)
    query = _SPACES.sub(" ", q).strip()
    found = cast("Finder", request.app.state.finder).find(query, state, page)
    texts = list(chain.from_iterable(line.page.texts for line in found.letters))
    values = {
        "found": found,
        "lines": list(_lines(found, renderer.language_of(request, texts).tag)),
        "query": query,
        "shelf": state,
        "shelves": [shelf for shelf in Shelf if found.shelves.get(shelf)],
        "now": door.running.site.clock.now(),
    }
    # What somebody has looked for is kept nowhere.
    return renderer.page(request, "home.html", values, forms=True, texts=texts, kept=not query)


def _lines(found: FoundPage, tag: str) -> Iterator[Line]:
    for line in found.letters:
        text = _choose(line, tag)
        # What the title says already needs no excerpt.
        lines = lines_of(text)[1:] if found.words else []
        yield Line(line.page, text, line.shelf, find_excerpt(lines, found.words))


def _choose(line: FoundLetter, tag: str) -> TextDocument:
    """Choose among the texts that have the words: that of the page's language, else the first."""
    shown = choose_text(line.page.texts, None, tag)
    return shown if shown in line.texts or not line.texts else line.texts[0]
