"""`/site`: who runs the log, and under which keys."""

from fastapi import APIRouter, Response

from undersigned import __version__
from undersigned.crypto.note_key import format_vkey
from undersigned.web.api.models import SiteAnswer
from undersigned.web.door import AtDoor

router = APIRouter(tags=["site"])


@router.get("/site")
async def get_site(door: AtDoor, response: Response) -> SiteAnswer:
    """Tell the log's origin, its keys, and what time it is here."""
    site = door.running.site
    response.headers["Cache-Control"] = "no-store"
    return SiteAnswer(
        origin=site.origin,
        log_vkey=format_vkey(site.keys.log.verifier),
        promise_vkey=format_vkey(site.keys.promise.verifier),
        witnesses=[],
        version=__version__,
        time=site.clock.now(),
    )
