"""Every benchmark with sizes that tell nothing about speed: what it does is whole, and it checks itself."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from bench.result import Result
from tests.e2e.evidence import Evidence, collect_evidence

from bench import accept, opening, outcome, read, verify


def assert_measured(measure: Callable[[], Iterable[Result]], count: int) -> None:
    """Measure; each ratio is a number between its least and greatest, and there is something to it."""
    results = list(measure())
    assert len(results) == count
    for result in results:
        assert 0 < result.min <= result.ratio <= result.max


def test_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    """One trustee, and two of three, open all names."""
    monkeypatch.setattr(opening, "NAMES", 20)
    assert_measured(opening.measure, 2)


def test_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of a few epochs is audited."""
    monkeypatch.setattr(verify, "SIGNATURES", 20)
    monkeypatch.setattr(verify, "PER_EPOCH", 10)
    assert_measured(verify.measure, 1)


def test_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database counts is what the signatures, one by one, come to."""
    monkeypatch.setattr(outcome, "SIZES", (2_000,))
    monkeypatch.setattr(outcome, "SCRATCH", 10_000)
    assert_measured(outcome.measure, 3)


def test_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Page, counts, checkpoint and a full tile are read from a site that is being served."""
    monkeypatch.setattr(read, "REQUESTS", 10)
    monkeypatch.setattr(read, "CONNECTIONS", 2)
    monkeypatch.setattr(read, "SIGNATURES", 130)
    assert_measured(read.measure, 4)


@pytest.fixture
def little_accepted(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let few sign over few connections."""
    monkeypatch.setattr(accept, "CONNECTIONS", (2,))
    monkeypatch.setattr(accept, "SIGNATURES", 10)
    monkeypatch.setattr(accept, "WARM_UP", 4)
    return monkeypatch


@pytest.mark.usefixtures("little_accepted")
def test_accept() -> None:
    """Everything that is acknowledged is read back."""
    # The clock of processor time is too coarse for so few, so that nothing is said of the ratios.
    assert [result.benchmark[:11] for result in accept.measure()] == ["accept at 2"] * 5


def test_accept_notices_a_lost_signature(little_accepted: pytest.MonkeyPatch) -> None:
    """A log in which one is missing that was acknowledged ends the benchmark."""

    def lose_one(url: str, folder: Path) -> Evidence:
        found = collect_evidence(url, folder)
        return Evidence(found.records[:-1], found.letters)

    little_accepted.setattr(accept, "collect_evidence", lose_one)
    with pytest.raises(AssertionError):
        accept.measure()
