"""What one benchmark found: the ratio of its work to its reference, over several rounds."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """A median ratio with its least and greatest; it is to be at most the goal, or at least."""

    benchmark: str
    reference: str
    work: str
    ratio: float
    min: float
    max: float
    goal: float
    at_most: bool = True

    @property
    def reached(self) -> bool:
        """Say whether the goal is reached."""
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    @property
    def goal_words(self) -> str:
        """The goal as people read it."""
        return f"{'at most' if self.at_most else 'at least'} {self.goal:g}"


def share(
    benchmark: str, work: str, values: Sequence[float], limit: float, unit: str, *, goal: float = 1
) -> Result:
    """Return how much of a limit, in the same unit, was used in each round."""
    ratios = [round(value / limit, 4) for value in values]
    median = statistics.median(ratios)
    return Result(
        benchmark, f"{limit:,} {unit}", work, median, min(ratios), max(ratios), float(goal)
    )


def of_ratios(
    benchmark: str,
    reference: str,
    work: str,
    ratios: Sequence[float],
    goal: float,
    *,
    at_most: bool = True,
) -> Result:
    """Return what rounds of work over reference came to."""
    found = [round(ratio, 4) for ratio in ratios]
    median = round(statistics.median(found), 4)
    return Result(benchmark, reference, work, median, min(found), max(found), goal, at_most)
