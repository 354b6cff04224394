"""The trustee's page: a key is made, a letter acknowledged, names opened, all in the trustee's browser.

The page is the same for everybody, and asks for nothing: what is secret never leaves the browser.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from undersigned.encoding import parse_hex
from undersigned.web.api.models import HASH
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url, find_port
from undersigned.web.pages.letters import renderer_of

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@router.get("/trustee")
def show_trustee(
    request: Request,
    door: AtDoor,
    proposal: Annotated[str | None, Query(max_length=64, json_schema_extra=HASH)] = None,
) -> Response:
    """Let a trustee do what a trustee does; `proposal` is the id of a letter to acknowledge."""
    running = door.running
    values = {
        "proposal": None if proposal is None else parse_hex(proposal, 32).hex(),
        "base": find_base_url(request, running),
        "host": running.site.host,
        "port": find_port(request),
    }
    return renderer_of(request).page(request, "trustee.html", values, scripts=["dist/trustee.js"])
