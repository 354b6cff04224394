"""A letter as of a size of the log: a page that stays as it is, and can be quoted."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse, Response
from pydantic import Field
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.moments import get_moment
from undersigned.domain.as_of import AtSize
from undersigned.web.api.decimals import DECIMAL, GREATEST
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of, values_of

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/letters/{slug}/at/{size}")
def show_moment(
    request: Request,
    door: AtDoor,
    slug: str,
    size: Annotated[int, Field(ge=0, le=GREATEST), DECIMAL, Path()],
) -> Response:
    """Show a letter's numbers as of a size of the log, how to cite them, and what proves them."""
    renderer, running = renderer_of(request), door.running
    page = reading.get_page(running.site, running.letters, slug)
    text = choose_text(page.texts, None, renderer.language_of(request).tag)
    values = values_of(page, text, running.site.clock.now()) | {
        "moment_then": get_moment(running.site, running.letters, slug, AtSize(size)),
        "base": find_base_url(request, running),
    }
    return renderer.page(request, "at.html", values)
