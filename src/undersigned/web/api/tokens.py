"""`/tokens`: a proof of membership becomes the member's one token."""

from typing import Any

import msgspec
from fastapi import APIRouter, Response

from undersigned.app.issuer import IssuedLetter
from undersigned.app.issuing import ShownAs, TokenAnswer, TokenRequest, issue_token
from undersigned.app.methods.by_invite import InviteProof
from undersigned.app.methods.by_mail import EmailProof
from undersigned.app.methods.by_openid import OpenIdProof
from undersigned.app.methods.proof import Proof, prove_membership
from undersigned.app.running_issuer import RunningIssuer
from undersigned.app.telling_members import subscribe
from undersigned.domain.name import format_attestation
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.web.api.membership_models import (
    EmailProofAsked,
    InviteProofAsked,
    OpenIdProofAsked,
    ProofAsked,
    TokenAsked,
    TokenIssued,
)
from undersigned.web.door import AtIssuer

router = APIRouter(tags=["signing"])


@router.post("/letters/{slug}/tokens")
async def ask_for_token(
    door: AtIssuer, slug: str, asked: TokenAsked, response: Response
) -> TokenIssued:
    """Give a member of the roll their one token; the same request again gets the same answer."""
    letter = await door.get_letter(slug)
    # A provider may let us wait; who has a code must not wait with it.
    threads = door.sign_ons if asked.proof.method == "openid" else door.tokens
    issued = await threads.run(_issue, door.running, letter, asked)
    response.headers["Cache-Control"] = "no-store"
    return TokenIssued(
        blind_signature=format_base64url(issued.blind_signature),
        attestation=msgspec.json.decode(
            format_attestation(issued.attestation), type=dict[str, Any]
        ),
        salt=format_base64url(issued.salt),
    )


def _issue(running: RunningIssuer, issued: IssuedLetter, asked: TokenAsked) -> TokenAnswer:
    issuer, letter, shown = running.issuer, issued.letter, asked.shown_as
    request = TokenRequest(
        blinded=parse_base64url(asked.blinded, size=256),
        c=parse_base64url(asked.c, size=32),
        shown_as=None if shown is None else ShownAs(shown.name, shown.role),
    )
    member, verified = prove_membership(issuer, letter, _proof_of(running, asked.proof))
    collector = running.collector_of(issued)
    answer = issue_token(issuer, collector, letter, member, verified, request)
    if asked.notify is not None:
        subscribe(issuer, letter, member, asked.notify)
    return answer


def _proof_of(running: RunningIssuer, asked: ProofAsked) -> Proof:
    match asked:
        case EmailProofAsked(enrolment=enrolment, code=code):
            return EmailProof(parse_base64url(enrolment, size=16), code)
        case InviteProofAsked(code=code):
            return InviteProof(code)
        case OpenIdProofAsked(code=code, verifier=verifier, nonce=nonce):
            return OpenIdProof(running.sign_on, code, verifier, nonce)
