"""Benchmarks with sizes that tell nothing about speed: what they do is whole, and they check it."""

from collections.abc import Callable, Iterable

import pytest
from bench.result import Result

from bench import growth, mirrored, opening, verify


def assert_measured(measure: Callable[[], Iterable[Result]], count: int) -> None:
    """Measure; each ratio is a number between its least and greatest, and there is something to it."""
    results = list(measure())
    assert len(results) == count
    for result in results:
        assert 0 < result.min <= result.ratio <= result.max


def test_growth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sites are signed and read; in one of them a few had signed before."""
    monkeypatch.setattr(growth, "SIZES", (0, 30))
    monkeypatch.setattr(growth, "SIGNATURES", 6)
    monkeypatch.setattr(growth, "READS", 40)
    monkeypatch.setattr(growth, "ROUNDS", 1)
    assert_measured(growth.measure, 3)


def test_opening(monkeypatch: pytest.MonkeyPatch) -> None:
    """One trustee, and two of three, open all names."""
    monkeypatch.setattr(opening, "NAMES", 20)
    assert_measured(opening.measure, 4)


def test_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs of a few epochs are audited, by one process and by two, and so is a smaller one."""
    monkeypatch.setattr(mirrored, "PER_EPOCH", 100)
    monkeypatch.setattr(verify, "SIZES", (100, 300))
    monkeypatch.setattr(verify, "SAMPLE", 100)
    assert_measured(verify.measure, 12)
