"""Logging: one JSON line for each event, on stderr, without a text of an exception."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from undersigned.app.failures import report_failure
from undersigned.errors import StoreError
from undersigned.web.logs import configure_logging


@contextmanager
def configured() -> Iterator[None]:
    """Configure logging, and put it back."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    configure_logging()
    try:
        yield
    finally:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        structlog.reset_defaults()


def test_failures_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A failure is one line with its time, class and place."""
    with configured():
        try:
            int("alva@staff.example")
        except ValueError as error:
            report_failure("mails", error)
        report_failure("mails", StoreError("the disk is full"))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["level"], line["error"], line["detail"]) for line in lines] == [
        ("error", "ValueError", None),
        ("error", "StoreError", "the disk is full"),
    ]
    assert all(line["timestamp"].endswith("Z") for line in lines)
    assert "alva" not in json.dumps(lines)


def test_libraries_log_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    """What a library logs is a JSON line, too, with the class of an exception and not its text."""
    with configured():
        try:
            int("alva@staff.example")
        except ValueError:
            logging.getLogger("uvicorn.error").exception("something failed")
        logging.getLogger("uvicorn.error").info("a request came")
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert (said["event"], said["error"], said["level"]) == (
        "something failed",
        "ValueError",
        "error",
    )
    assert "alva" not in line
