"""The page of an open letter at the desk: how it stands, what comes next, who is awaited."""

from typing import Any, cast

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.crowd import get_crowd
from undersigned.app.progress import get_outlook
from undersigned.web.desk.guard import Organiser, SignedIn
from undersigned.web.desk.routing import make_router
from undersigned.web.door import AtDoor, Door
from undersigned.web.pages.charts import Charts
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of, values_of

router = make_router()


@router.get("/letters/{slug}")
def show_progress(request: Request, signed_in: Organiser, door: AtDoor, slug: str) -> Response:
    """Show how a letter stands."""
    running = door.running
    values = letter_values(door, signed_in, slug)
    charts = cast("Charts", request.app.state.charts)
    values |= {
        "growth": charts.get(running, values["page"]),
        "crowd": get_crowd(running.site, running.letters, slug),
        "outlook": get_outlook(running.site, running.letters, slug),
    }
    return renderer_of(request).desk_page(request, signed_in, "desk/letter.html", values)


def letter_values(door: Door, signed_in: SignedIn, slug: str) -> dict[str, Any]:
    """Return what every page about one letter shows of it; `desk` is where its pages at the desk are.

    Raises UnknownLetter.
    """
    site = door.running.site
    page = reading.get_page(site, door.running.letters, slug)
    text = choose_text(page.texts, None, signed_in.language)
    values = values_of(page, text, site.clock.now())
    return values | {"desk": f"/desk/letters/{values['name']}"}
