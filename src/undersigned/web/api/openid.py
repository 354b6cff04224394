"""`/openid`: what a sign-on begins with. All else of it happens at the provider, and at `/tokens`."""

from fastapi import APIRouter, Response

from undersigned.app.methods.by_openid import offer_sign_on
from undersigned.provider.terms import SCOPE
from undersigned.web.api.membership_models import SignOnAnswer
from undersigned.web.door import AtIssuer

router = APIRouter(tags=["signing"])


@router.get("/letters/{slug}/openid")
async def get_sign_on(door: AtIssuer, slug: str, response: Response) -> SignOnAnswer:
    """Tell a member's program where to sign on, as whom, and where the member comes back to."""
    letter = (await door.get_letter(slug)).letter
    running = door.running
    offer = await door.sign_ons.run(offer_sign_on, running.issuer, letter, running.sign_on)
    response.headers["Cache-Control"] = "no-store"
    return SignOnAnswer(
        issuer=offer.terms.issuer,
        name=offer.terms.name,
        authorization_endpoint=offer.authorization_endpoint,
        client_id=offer.terms.client_id,
        redirect_uri=offer.redirect,
        scope=SCOPE,
        ticket=offer.ticket,
    )
