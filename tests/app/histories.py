"""Histories that no letter has had: what its epochs left, in a line."""

from collections.abc import Iterable

from undersigned.app.counting import Counts
from undersigned.app.reading import HistoryRow


def history_of(epochs: Iterable[tuple[int, int, int]], opened_at: int = 0) -> list[HistoryRow]:
    """Return what epochs left, of (seconds since the one before, standing, waiting); all who stand count."""
    rows, at = [], opened_at
    for n, (seconds, standing, waiting) in enumerate(epochs, 1):
        at += seconds
        rows.append(HistoryRow(n, at, n, Counts(standing, standing, waiting, 0, 0, 0, 0)))
    return rows
