"""`/site`: who runs the log, and under which keys."""

from fastapi import APIRouter, Response

from undersigned import __version__
from undersigned.app.log import find_cosigners
from undersigned.app.site import Site
from undersigned.crypto.note_key import format_vkey
from undersigned.tlog.policy import printable
from undersigned.web.api.models import SiteAnswer, WitnessAnswer
from undersigned.web.door import AtDoor

router = APIRouter(tags=["site"])


@router.get("/site")
def get_site(door: AtDoor, response: Response) -> SiteAnswer:
    """Tell the log's origin, its keys, who witnesses it, and what time it is here."""
    site = door.running.site
    response.headers["Cache-Control"] = "no-store"
    return SiteAnswer(
        origin=site.origin,
        log_vkey=format_vkey(site.keys.log.verifier),
        promise_vkey=format_vkey(site.keys.promise.verifier),
        witnesses=_witnesses(site),
        quorum=site.witnesses is not None and site.witnesses.policy.quorum is not None,
        waiting=site.is_waiting_for_witnesses,
        version=__version__,
        time=site.clock.now(),
    )


def _witnesses(site: Site) -> list[WitnessAnswer]:
    if site.witnesses is None:
        return []
    cosigned = find_cosigners(site)
    return [
        WitnessAnswer(
            name=printable(witness.name),
            vkey=format_vkey(witness.key),
            cosigned_at=cosigned.get(witness.name),
        )
        for witness in site.witnesses.policy.witnesses
    ]
