"""`/letters/{slug}/responses` and `/guarantees`: what was answered, and who promises what; formats §3.4."""

from collections.abc import Iterable

from fastapi import APIRouter, Response
from pydantic import Field

from undersigned.app.answers import Answer as Given
from undersigned.app.answers import Answers, get_answers, records_of
from undersigned.app.guarantees import ShownGuarantee
from undersigned.app.guarantees import list_guarantees as find_guarantees
from undersigned.web.api.models import Answer
from undersigned.web.door import AtDoor
from undersigned.web.headers import SHORT

router = APIRouter(tags=["letters"])


class DemandAnswer(Answer):
    """A demand of the letter, and the state of its newest answer."""

    id: str
    state: str | None = Field(description="met, partly or refused; null: not answered")


class ReplyAnswer(Answer):
    """What was said to one demand."""

    id: str
    state: str
    text: str | None = Field(description="null: nothing beside the state, or it was taken down")


class AnswererAnswer(Answer):
    """Whose link an answer came by."""

    addressee: int = Field(description="number in the letter's first text, from 1")
    domain: str = Field(description="of the address that the link was made for")


class ResponseAnswer(Answer):
    """A record that answers demands."""

    leaf: int
    at: int
    source: str = Field(description="addressee or organiser")
    demands: list[ReplyAnswer]
    answerer: AnswererAnswer | None = Field(serialization_alias="from")
    told_by: str | None = Field(description="where the organiser has it from")
    lang: str | None
    document: str = Field(description="hex: the hash of its words")


class ResponsesAnswer(Answer):
    """Every demand with the state of its newest answer, and every answer, the newest first."""

    answered: bool = Field(description="every demand has an answer")
    met: bool = Field(description="every demand is met")
    demands: list[DemandAnswer]
    responses: list[ResponseAnswer]


class GuaranteeAnswer(Answer):
    """A guarantee that was given."""

    leaf: int
    at: int
    guarantor: str | None
    terms: str | None
    lang: str | None
    domain: str | None = Field(description="of the address that confirmed it")
    cap: int | None = Field(description="how many signatures it covers, the first in the log")
    expires: int | None
    withdrawn_at: int | None
    holds: bool
    document: str = Field(description="hex: the hash of its words")


class GuaranteesAnswer(Answer):
    """Every guarantee under a letter, the newest first."""

    guarantees: list[GuaranteeAnswer]


@router.get("/letters/{slug}/responses")
def list_responses(door: AtDoor, slug: str, response: Response) -> ResponsesAnswer:
    """Tell what was answered to each demand."""
    response.headers["Cache-Control"] = SHORT
    return responses_of(get_answers(door.running.site, door.running.letters, slug))


@router.get("/letters/{slug}/guarantees")
def list_guarantees(door: AtDoor, slug: str, response: Response) -> GuaranteesAnswer:
    """Tell who promises what to those who sign."""
    response.headers["Cache-Control"] = SHORT
    site = door.running.site
    return guarantees_of(find_guarantees(site, door.running.letters, slug), site.clock.now())


def responses_of(answers: Answers) -> ResponsesAnswer:
    """Write what was answered to a letter."""
    return ResponsesAnswer(
        answered=answers.is_answered,
        met=answers.is_met,
        demands=[
            DemandAnswer(id=each.id, state=None if each.newest is None else each.newest.state.value)
            for each in answers.demands
        ],
        responses=[_response_of(record) for record in records_of(answers)],
    )


def guarantees_of(found: Iterable[ShownGuarantee], now: int) -> GuaranteesAnswer:
    """Write the guarantees under a letter, as they are at `now` (UTC seconds)."""
    return GuaranteesAnswer(guarantees=[_guarantee_of(each, now) for each in found])


def _response_of(record: tuple[Given, ...]) -> ResponseAnswer:
    first = record[0]
    answerer = None
    if first.addressee is not None and first.domain is not None:
        answerer = AnswererAnswer(addressee=first.addressee, domain=first.domain)
    return ResponseAnswer(
        leaf=first.leaf_index,
        at=first.at,
        source=first.source.value,
        demands=[
            ReplyAnswer(id=each.demand, state=each.state.value, text=each.text) for each in record
        ],
        answerer=answerer,
        told_by=first.told_by,
        lang=first.lang,
        document=first.document.hex(),
    )


def _guarantee_of(shown: ShownGuarantee, now: int) -> GuaranteeAnswer:
    words = shown.words
    return GuaranteeAnswer(
        leaf=shown.leaf_index,
        at=shown.at,
        guarantor=None if words is None else words.guarantor,
        terms=None if words is None else words.terms,
        lang=None if words is None else words.lang,
        domain=None if words is None else words.domain,
        cap=shown.cap,
        expires=shown.expires,
        withdrawn_at=shown.withdrawn_at,
        holds=shown.holds(now),
        document=shown.document.hex(),
    )
