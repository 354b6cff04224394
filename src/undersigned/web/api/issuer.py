"""`/issuer`: which issuer this is."""

from fastapi import APIRouter, Response

from undersigned import __version__
from undersigned.web.api.models import IssuerAnswer
from undersigned.web.door import AtIssuer

router = APIRouter(tags=["issuer"])


@router.get("/issuer")
async def get_issuer(door: AtIssuer, response: Response) -> IssuerAnswer:
    """Tell the address that letters name, and what time it is here."""
    issuer = door.running.issuer
    response.headers["Cache-Control"] = "no-store"
    return IssuerAnswer(url=issuer.url or "", version=__version__, time=issuer.clock.now())
