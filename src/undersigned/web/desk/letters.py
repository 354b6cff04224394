"""The desk's first page at a site: its letters."""

from fastapi.responses import Response
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.desk_drafts import list_drafts
from undersigned.web.desk.guard import AtDesk, Organiser
from undersigned.web.desk.routing import make_router, see_other
from undersigned.web.door import AtDoor
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of

router = make_router()


@router.get("")
def enter_desk(_: Organiser) -> Response:
    """Go to the letters."""
    return see_other("/desk/letters")


@router.get("/letters")
def list_letters(request: Request, signed_in: Organiser, desk: AtDesk, door: AtDoor) -> Response:
    """List the drafts and the letters of this site."""
    renderer, running = renderer_of(request), door.running
    pages = reading.list_pages(running.site, running.letters)
    values = {
        "lines": [(page, choose_text(page.texts, None, signed_in.language)) for page in pages],
        "drafts": list_drafts(desk),
        "now": running.site.clock.now(),
    }
    return renderer.desk_page(request, signed_in, "desk/letters.html", values)
