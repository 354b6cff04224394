"""Does one order tell anything of another? Rank correlation, and what chance alone would give."""

import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import combinations
from statistics import NormalDist

CHANCE = 1e-6
"""How often one comparison of two unrelated orders exceeds `BOUND`: 1e-4 for a hundred comparisons."""

BOUND = NormalDist().inv_cdf(1 - CHANCE / 2)
"""4.89 standard deviations. For 60 rows that is a rank correlation of 0.64."""


def deviations(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Spearman's rank correlation in standard deviations: ρ·√(n - 1), equal values shared.

    An order in which all are equal tells nothing: 0.
    """
    a, b = _ranks(first), _ranks(second)
    middle = (len(a) - 1) / 2
    spread = math.sqrt(sum((x - middle) ** 2 for x in a) * sum((y - middle) ** 2 for y in b))
    if spread == 0:
        return 0
    product = sum((x - middle) * (y - middle) for x, y in zip(a, b, strict=True))
    return product / spread * math.sqrt(len(a) - 1)


def deviations_within(
    groups: Sequence[Hashable], first: Sequence[float], second: Sequence[float]
) -> float:
    """Return Kendall's S of two orders, compared within groups only, in standard deviations.

    For rows on pages: the order of two rows on one page may tell what the order of pages does not.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        members[group].append(i)
    s, variance = 0, 0.0
    for indexes in members.values():
        n = len(indexes)
        variance += n * (n - 1) * (2 * n + 5) / 18
        for i, j in combinations(indexes, 2):
            s += _sign(first[i] - first[j]) * _sign(second[i] - second[j])
    return s / math.sqrt(variance) if variance else 0


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _ranks(values: Sequence[float]) -> list[float]:
    """Return each value's rank from 0; equal ones share the middle of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        for i in order[start:end]:
            ranks[i] = (start + end - 1) / 2
        start = end
    return ranks
