"""`/proposals`: a letter that waits for its issuer and trustees, and what they send for it."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Response

from undersigned.app.proposing import add_ack, get_proposal
from undersigned.domain.canonical import format_canonical
from undersigned.domain.proposal import Proposal, format_proposal
from undersigned.domain.record import RollRecord, parse_record
from undersigned.encoding import parse_base64url, parse_hex
from undersigned.errors import FormatError
from undersigned.web.api.models import HASH, AckAsked, AwaitedAnswer, ProposalAnswer
from undersigned.web.door import AtDoor

router = APIRouter(tags=["opening"])

LetterIdHex = Annotated[str, Path(json_schema_extra=HASH)]


@router.get("/proposals/{letter_id}")
def read_proposal(door: AtDoor, letter_id: LetterIdHex, response: Response) -> ProposalAnswer:
    """Tell all of a letter that is proposed: what will be fixed, and who has acknowledged it."""
    response.headers["Cache-Control"] = "no-store"
    proposal = get_proposal(door.running.site, parse_hex(letter_id, 32))
    return ProposalAnswer(**format_proposal(proposal))


@router.post(
    "/proposals/{letter_id}/acks",
    status_code=201,
    responses={200: {"description": "it was there", "model": AwaitedAnswer}},
)
def acknowledge(
    door: AtDoor, letter_id: LetterIdHex, asked: AckAsked, response: Response
) -> AwaitedAnswer:
    """Take the ack of the issuer or of a trustee; its signature is all that is asked for."""
    response.headers["Cache-Control"] = "no-store"
    proposal, is_new = add_ack(
        door.running.site,
        parse_hex(letter_id, 32),
        asked.by,
        parse_base64url(asked.sig, size=64),
        None if asked.roll is None else _roll_of(asked.roll),
    )
    if not is_new:
        response.status_code = 200
    return AwaitedAnswer(awaited=_awaited(proposal))


def _awaited(proposal: Proposal) -> list[Any]:
    return list(proposal.awaited)


def _roll_of(value: dict[str, Any]) -> RollRecord:
    try:
        record = parse_record(format_canonical(value))
    except (RecursionError, msgspec.MsgspecError):
        raise FormatError("roll: not of that form") from None
    if not isinstance(record, RollRecord):
        raise FormatError("roll: a record of another kind")
    return record
