"""The page of a proposal: exactly what would be fixed, and who has acknowledged it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.app.proposing import get_proposal
from undersigned.domain.terms import LONGEST_LANG
from undersigned.encoding import parse_hex
from undersigned.web.api.letters import seals_of
from undersigned.web.api.models import HASH
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of
from undersigned.web.pages.markup import render_markdown

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/proposals/{letter_id}")
def show_proposal(
    request: Request,
    door: AtDoor,
    letter_id: Annotated[str, Path(json_schema_extra=HASH)],
    text: Annotated[str | None, Query(max_length=LONGEST_LANG)] = None,
) -> Response:
    """Show a letter that waits for its acks, in every respect in which it will be fixed."""
    renderer, site = renderer_of(request), door.running.site
    proposal = get_proposal(site, parse_hex(letter_id, 32))
    shown = choose_text(proposal.texts, text, renderer.language_of(request).tag)
    values = {
        "proposal": proposal,
        "letter": proposal.letter,
        "name": f"{proposal.letter.slug}@{proposal.letter.edition}",
        "awaited": proposal.awaited,
        "text": shown,
        "html": render_markdown(shown.text),
        "seals": seals_of(proposal.letter),
        "base": find_base_url(request, door.running),
        "now": site.clock.now(),
    }
    response = renderer.page(request, "proposal.html", values)
    response.headers["Cache-Control"] = "no-store"
    return response
