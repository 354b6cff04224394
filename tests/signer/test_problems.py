"""Problem documents become the errors that they stand for."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.errors import (
    AlreadyIssued,
    Busy,
    FormatError,
    LetterNotOpen,
    LetterRefused,
    ProofRejected,
    Refused,
    RollRefused,
    StoreError,
    TokenSpent,
    UndersignedError,
    Unreachable,
)
from undersigned.signer.problems import parse_retry_after, problem_of


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("token-spent", TokenSpent),
        ("already-issued", AlreadyIssued),
        ("proof-rejected", ProofRejected),
        ("letter-not-open", LetterNotOpen),
        ("letter-refused", LetterRefused),
        ("busy", Busy),
        ("store-error", StoreError),
        ("format-error", FormatError),
    ],
)
def test_a_code_is_the_name_of_a_class(code: str, kind: type[UndersignedError]) -> None:
    """Each code gives its class, with what the site said."""
    error = problem_of(409, json.dumps({"code": code, "detail": "So it is."}).encode(), None)
    assert type(error) is kind
    assert error.detail == "So it is."


def test_without_a_detail_the_class_speaks() -> None:
    """An empty detail leaves the sentence of the class."""
    assert problem_of(409, b'{"code":"token-spent"}', None).detail == TokenSpent().detail


def test_busy_says_when_to_come_back() -> None:
    """Retry-After is on the error; without one the class's own number is."""
    busy = problem_of(503, b'{"code":"busy"}', "17")
    assert isinstance(busy, Busy)
    assert busy.retry_after_s == 17
    default = problem_of(503, b'{"code":"busy"}', "Fri, 01 Jan 2100 00:00:00 GMT")
    assert isinstance(default, Busy)
    assert default.retry_after_s == Busy.retry_after_s


def test_a_refused_roll_brings_its_rows() -> None:
    """The rows come along."""
    body = b'{"code":"roll-refused","rows":[{"line":3,"reason":"email: no @"}]}'
    error = problem_of(422, body, None)
    assert isinstance(error, RollRefused)
    assert error.rows == [RollRefused.Row(3, "email: no @")]


def test_unknown_codes_and_no_problem_at_all() -> None:
    """What is not known is a refusal, a failure, a gateway's answer or nonsense."""
    assert type(problem_of(418, b'{"code":"teapot","detail":"Short."}', None)) is Refused
    assert type(problem_of(500, b'{"code":"teapot"}', None)) is StoreError
    assert type(problem_of(502, b"<html>Bad gateway</html>", None)) is Unreachable
    assert type(problem_of(302, b"", None)) is FormatError


def test_a_detail_cannot_steer_a_terminal() -> None:
    """Control signs of the site's sentence are gone, and so is its length."""
    body = json.dumps({"code": "refused", "detail": "\x1b[2J\r\n" + "x" * 10_000}).encode()
    detail = problem_of(422, body, None).detail
    assert detail.isprintable()
    assert len(detail) <= 500


@pytest.mark.parametrize("value", [None, "", "-1", "1.5", " 2", "02", "1e3", "٣", "9999999"])
def test_retry_after_is_seconds_or_nothing(value: str | None) -> None:
    """Anything but a short decimal is not taken."""
    assert parse_retry_after(value) is None


def test_retry_after_is_bounded() -> None:
    """Nobody is made to wait a week."""
    assert parse_retry_after("604800") == 3_600


@settings(max_examples=100, deadline=None)
@given(st.integers(300, 599), st.binary(max_size=200), st.none() | st.text(max_size=8))
def test_any_answer_is_some_error(status: int, body: bytes, retry_after: str | None) -> None:
    """No answer makes the reader fail."""
    assert isinstance(problem_of(status, body, retry_after), UndersignedError)
