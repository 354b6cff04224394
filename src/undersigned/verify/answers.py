"""The answers and guarantees of one letter (check 5), and their documents (check 6); formats §3.4."""

from collections.abc import Callable

from undersigned.domain.explanation import parse_explanation
from undersigned.domain.guarantee import parse_guarantee
from undersigned.domain.letter import Letter
from undersigned.domain.record import (
    GuaranteeRecord,
    GuaranteeState,
    InvalidateRecord,
    Record,
    ResponseRecord,
)
from undersigned.domain.response import check_response, parse_response

Tell = Callable[[int, str], None]
"""Report that the record at a leaf is false, and why."""


class Answers:
    """What has been answered and guaranteed so far: `responses` and `guarantees` by their leaves."""

    __slots__ = ("_demands", "_given", "_tell", "guarantees", "responses")

    def __init__(self, letter: Letter, tell: Tell) -> None:
        self.responses: dict[int, ResponseRecord] = {}
        self.guarantees: dict[int, GuaranteeRecord] = {}
        self._demands = frozenset(letter.demands)
        self._given: dict[bytes, tuple[int | None, int | None]] = {}
        self._tell = tell

    def read(self, index: int, record: Record) -> None:
        """Take a record of the letter, whatever it is, that stands in no epoch."""
        match record:
            case ResponseRecord():
                self._respond(index, record)
            case GuaranteeRecord():
                self._guarantee(index, record)
            case _:
                pass

    def _respond(self, index: int, record: ResponseRecord) -> None:
        self.responses[index] = record
        if not {answer.id for answer in record.demands} <= self._demands:
            self._tell(index, "a response answers a demand that the letter lacks")

    def _guarantee(self, index: int, record: GuaranteeRecord) -> None:
        self.guarantees[index] = record
        terms = (record.cap, record.expires)
        if record.state is GuaranteeState.WITHDRAWN:
            given = self._given.pop(record.document, None)
            if given is None:
                self._tell(index, "a guarantee is withdrawn that was not given")
            elif given != terms:
                self._tell(index, "a guarantee is withdrawn with another cap or expiry")
            return
        if record.document in self._given:
            self._tell(index, "a guarantee is given that was given before")
        if record.expires is not None and record.expires <= record.at:
            self._tell(index, "a guarantee expires before it is given")
        self._given[record.document] = terms


def check_document(record: Record, content: bytes) -> None:
    """Check that the document of an organiser's record is what its kind names. Raises FormatError."""
    match record:
        case InvalidateRecord():
            parse_explanation(content)
        case ResponseRecord():
            check_response(record, parse_response(content))
        case GuaranteeRecord():
            parse_guarantee(content)
        case _:
            pass
