"""`/letters/{slug}/follow-through`: what signers say of themselves after the deadline; formats §9.2."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import Field

from undersigned.app.following_through import get_follow_up, take_answer
from undersigned.domain.canonical import LetterId
from undersigned.domain.follow_through import FollowAnswer, FollowThrough
from undersigned.encoding import parse_base64url
from undersigned.web.api.models import Answer, Asked, bytes_field
from undersigned.web.door import AtDoor
from undersigned.web.headers import SHORT

router = APIRouter(tags=["letters"])


class FollowUpAnswer(Answer):
    """Whether signers are asked, and what they have said: their own words, in no log."""

    asked: bool = Field(description="the deadline is over, and the letter released")
    yes: int
    not_yet: int
    no: int


class FollowThroughAsked(Asked):
    """A signer's answer, signed by the signer's key."""

    v: Literal[1]
    t: Literal["follow-through"]
    letter: str = bytes_field(32)
    pk: str = bytes_field(32)
    answer: Literal["yes", "not-yet", "no"]
    sig: str = bytes_field(64)


class TakenAnswer(Answer):
    """The answer was counted."""

    counted: Literal[True]


@router.get("/letters/{slug}/follow-through")
def get_follow_through(door: AtDoor, slug: str, response: Response) -> FollowUpAnswer:
    """Tell how many have said whether they did what the letter said."""
    response.headers["Cache-Control"] = SHORT
    found = get_follow_up(door.running.site, door.running.letters, slug)
    return FollowUpAnswer(asked=found.asked, yes=found.yes, not_yet=found.not_yet, no=found.no)


@router.post("/letters/{slug}/follow-through", status_code=201)
def follow_through(door: AtDoor, slug: str, asked: FollowThroughAsked) -> TakenAnswer:
    """Count what a signer says, once."""
    sent = FollowThrough(
        LetterId(parse_base64url(asked.letter, size=32)),
        parse_base64url(asked.pk, size=32),
        FollowAnswer(asked.answer),
        parse_base64url(asked.sig, size=64),
    )
    take_answer(door.running.site, door.running.letters, slug, sent)
    return TakenAnswer(counted=True)
