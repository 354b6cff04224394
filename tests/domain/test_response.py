"""Response documents: what is said to each demand, and who says so."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import responses

from undersigned.domain.canonical import LONGEST_DOCUMENT, LetterId
from undersigned.domain.letter import MOST_DEMANDS
from undersigned.domain.record import DemandAnswer, DemandState, ResponseRecord, ResponseSource
from undersigned.domain.response import (
    LONGEST_ANSWER,
    LONGEST_TOLD_BY,
    Answerer,
    DemandReply,
    Response,
    check_response,
    format_response,
    parse_response,
)
from undersigned.errors import FormatError

ANSWERED = Response(
    "en",
    (DemandReply("wheel", "It turns.\nSince May."), DemandReply("dam", None)),
    Answerer(1, "mill.example"),
    None,
)
RECORD = ResponseRecord(
    LetterId(bytes(32)),
    (DemandAnswer("wheel", DemandState.MET), DemandAnswer("dam", DemandState.REFUSED)),
    1_800_000_000,
    bytes(32),
    ResponseSource.ADDRESSEE,
    bytes(64),
)


def test_the_bytes_are_those_of_the_formats() -> None:
    """The example of formats §3.4, to the byte."""
    assert format_response(ANSWERED) == (
        b'{"answers":[{"id":"wheel","text":"It turns.\\nSince May."},{"id":"dam","text":null}],'
        b'"from":{"addressee":1,"domain":"mill.example"},"lang":"en","source":null,"t":"response","v":1}'
    )


@given(responses)
def test_what_is_written_is_read(response: Response) -> None:
    """Nothing is lost on the way."""
    assert parse_response(format_response(response)) == response


@pytest.mark.parametrize(
    "changed",
    [
        {"lang": "EN"},
        {"answers": ()},
        {"answers": (DemandReply("wheel", "a"), DemandReply("wheel", "b"))},
        {"answers": (DemandReply("wheel", " \n"),)},
        {"answers": (DemandReply("wheel", "a\tb"),)},
        {"answers": (DemandReply("wheel", "x" * (LONGEST_ANSWER + 1)),)},
        {"answers": tuple(DemandReply(str(i), None) for i in range(MOST_DEMANDS + 1))},
        {"answerer": None},
        {"told_by": "Hearsay"},
        {"answerer": None, "told_by": "  "},
        {"answerer": None, "told_by": "x" * (LONGEST_TOLD_BY + 1)},
        {"answerer": Answerer(0, "mill.example")},
        {"answerer": Answerer(51, "mill.example")},
        {"answerer": Answerer(1, "mill")},
        {"answerer": Answerer(1, "Mill.example")},
        {"answerer": Answerer(1, "a@mill.example")},
    ],
)
def test_what_is_no_response(changed: dict[str, Any]) -> None:
    """Each member has its bounds."""
    with pytest.raises(FormatError):
        replace(ANSWERED, **changed)


def test_the_longest_response_is_a_document() -> None:
    """What is within every limit is within that of documents, whatever is escaped."""
    words = "𝄞" * (LONGEST_ANSWER - 1) + "\n"
    answers = tuple(DemandReply("x" * 30 + f"{i:02}", words) for i in range(MOST_DEMANDS))
    longest = Response("en", answers, None, "𝄞" * LONGEST_TOLD_BY)
    assert len(format_response(longest)) < LONGEST_DOCUMENT
    assert parse_response(format_response(longest)) == longest


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(1, 255))
def test_any_other_bytes_are_refused_or_another_response(
    data: bytes, place: int, flip: int
) -> None:
    """Reading gives back the bytes, or a FormatError."""
    whole = bytearray(format_response(ANSWERED))
    whole[place % len(whole)] ^= flip
    for each in (data, bytes(whole), b"[" * 100_000, b" " * (LONGEST_DOCUMENT + 1)):
        try:
            response = parse_response(each)
        except FormatError:
            continue
        assert format_response(response) == each


def test_a_document_belongs_to_its_record() -> None:
    """The same demands in their order, and the same source."""
    check_response(RECORD, ANSWERED)
    told = replace(ANSWERED, answerer=None, told_by="The miller said so.")
    check_response(replace(RECORD, source=ResponseSource.ORGANISER), told)
    for record, response in (
        (replace(RECORD, demands=RECORD.demands[::-1]), ANSWERED),
        (replace(RECORD, demands=RECORD.demands[:1]), ANSWERED),
        (replace(RECORD, source=ResponseSource.ORGANISER), ANSWERED),
        (RECORD, told),
    ):
        with pytest.raises(FormatError):
            check_response(record, response)
