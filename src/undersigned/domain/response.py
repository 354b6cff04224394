"""Response documents: what is answered to each demand, and who says so; `docs/formats.md` §3.4.

A document is named by its hash in a `response` record, which holds the state of each answer.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from undersigned.domain.address import parse_address
from undersigned.domain.canonical import (
    LONGEST_DOCUMENT,
    DemandId,
    check_range,
    check_unique,
    decode_json,
    format_canonical,
)
from undersigned.domain.kinds import ResponseRecord
from undersigned.domain.plain import check_words
from undersigned.domain.reasons import ResponseSource
from undersigned.domain.terms import check_lang
from undersigned.domain.text import MOST_ADDRESSEES, MOST_DEMANDS
from undersigned.errors import FormatError

LONGEST_ANSWER: Final = 2_000  # characters, as many as a demand may have
LONGEST_TOLD_BY: Final = 1_000


class DemandReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said to one demand; None: nothing beside its state."""

    id: DemandId
    text: str | None


class Answerer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose link was used: the addressee's number (from 1), the domain to which it was sent."""

    addressee: int
    domain: str


@dataclass(frozen=True, slots=True)
class Response:
    """What was answered in `lang`: by an addressee, or told by the organiser, who names a source."""

    lang: str
    answers: tuple[DemandReply, ...]
    answerer: Answerer | None
    told_by: str | None

    def __post_init__(self) -> None:
        check_lang(self.lang, "response: lang")
        check_range(len(self.answers), "response: answers, how many", 1, MOST_DEMANDS)
        check_unique((answer.id for answer in self.answers), "response: answers")
        for answer in self.answers:
            check_words(answer.text, "response: text", longest=LONGEST_ANSWER)
        if (self.answerer is None) == (self.told_by is None):
            raise FormatError("response: from an addressee, or with a source, one of the two")
        check_words(self.told_by, "response: source", longest=LONGEST_TOLD_BY)
        if self.answerer is not None:
            check_range(self.answerer.addressee, "response: addressee", 1, MOST_ADDRESSEES)
            check_domain(self.answerer.domain, "response: domain")


class _ResponseWire(
    msgspec.Struct,
    tag="response",
    tag_field="t",
    forbid_unknown_fields=True,
    rename={"answerer": "from"},
):
    v: Literal[1]
    lang: str
    answers: tuple[DemandReply, ...]
    answerer: Answerer | None
    source: str | None


_DECODER = msgspec.json.Decoder(_ResponseWire)


def parse_response(data: bytes) -> Response:
    """Read a response document. Raises FormatError unless it is canonical and within its limits."""
    if len(data) > LONGEST_DOCUMENT:
        raise FormatError(f"response: longer than {LONGEST_DOCUMENT} bytes")
    wire = decode_json(_DECODER, data, "response")
    response = Response(wire.lang, wire.answers, wire.answerer, wire.source)
    if format_response(response) != data:
        raise FormatError("response: not in canonical form")
    return response


def format_response(response: Response) -> bytes:
    """Write a response document canonically."""
    answerer = response.answerer
    return format_canonical(
        {
            "v": 1,
            "t": "response",
            "lang": response.lang,
            "answers": [{"id": each.id, "text": each.text} for each in response.answers],
            "from": None if answerer is None else msgspec.to_builtins(answerer),
            "source": response.told_by,
        }
    )


def check_response(record: ResponseRecord, response: Response) -> None:
    """Check that a document belongs to a record: the same demands, the same source.

    Raises FormatError.
    """
    if [answer.id for answer in record.demands] != [answer.id for answer in response.answers]:
        raise FormatError("response: its document answers other demands")
    is_addressee = record.source is ResponseSource.ADDRESSEE
    if is_addressee != (response.answerer is not None):
        raise FormatError("response: its document names another source")


def check_domain(domain: str, member: str) -> None:
    """Check that a text is the domain of a canonical address (§4). Raises FormatError."""
    try:
        parse_address(f"a@{domain}")
    except FormatError:
        raise FormatError(f"{member}: not the domain of an address") from None
