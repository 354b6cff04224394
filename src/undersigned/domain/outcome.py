"""The outcome: who stands when everyone's condition is taken at its word; `docs/formats.md` §7.

A set is *stable* when every condition in it is at most its m, the number of its members that the
letter's basis counts. The union of two stable sets is stable, since m only grows: so there is a largest
one, it does not depend on any order, and a new signature never makes it smaller. It is the outcome.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final, NamedTuple, TypeAlias

import msgspec

from undersigned.errors import VerificationError


class Candidate(NamedTuple):
    """A live signature: its leaf in the log, whether the basis counts it, its condition (0: none)."""

    leaf: int
    counted: bool
    condition: int


class Count(NamedTuple):
    """The three numbers of an outcome."""

    m: int
    standing: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who stands (leaf indexes, ascending), how many of them count (m), and how many wait."""

    m: int
    standing: tuple[int, ...]
    waiting: int


Tally: TypeAlias = Mapping[tuple[bool, int], int]
"""How many live signatures there are of each (counted, condition)."""


def find_outcome(candidates: Sequence[Candidate]) -> Outcome:
    """Find the outcome of live signatures, in any order."""
    m = _find_m(Counter([condition for _, counted, condition in candidates if counted]))
    standing = sorted([index for index, _, condition in candidates if condition <= m])
    return Outcome(m, tuple(standing), len(candidates) - len(standing))


def find_count(tally: Tally) -> Count:
    """Find the numbers of an outcome; the cost follows the number of different conditions."""
    counted: Counter[int] = Counter()
    for (is_counted, condition), number in tally.items():
        if is_counted:
            counted[condition] += number
    m = _find_m(counted)
    standing = sum(number for (_, condition), number in tally.items() if condition <= m)
    return Count(m, standing, sum(tally.values()) - standing)


def _find_m(counted: Mapping[int, int]) -> int:
    """Drop the greatest condition while it is greater than what is left.

    This is the rounds of §7 in one pass: m only falls, so a condition that is too great stays too
    great, and once the greatest that is left holds, all do.
    """
    m = sum(counted.values())
    for condition in sorted(counted, reverse=True):
        if condition <= m:
            break
        m -= counted[condition]
    return m


def check_outcome(candidates: Sequence[Candidate], outcome: Outcome) -> None:
    """Check that an outcome is that of these live signatures. Raises VerificationError.

    1. Its standing indexes are candidates, ascending, each once; the others wait.
    2. m is the number of the standing that count.
    3. Whoever stands has a condition of at most m (the set is stable), and
    4. whoever waits has one greater than m.
    5. With the conditions of all counted candidates ascending, a_1 ≤ a_2 ≤ ..., a_t > t for every t
       from m + 1: fewer than t of them are at most t.

    Why this is the outcome, without any rounds: let T be a stable set and t its m. Its t counted
    members have conditions of at most t, so a_t ≤ t, and by 5 t ≤ m. Every condition in T is then at
    most m, so by 4 T is among the standing. The standing are stable (3) and hold every stable set.
    Conversely a_t ≤ t for some t > m would make {condition ≤ t} a stable set with a greater m.
    """
    standing = set(outcome.standing)
    if any(left >= right for left, right in pairwise(outcome.standing)):
        raise VerificationError("the standing are not in ascending order, each once")
    inside = [candidate for candidate in candidates if candidate[0] in standing]
    outside = [condition for index, _, condition in candidates if index not in standing]
    if len(inside) != len(standing) or len(outside) != outcome.waiting:
        raise VerificationError("the standing and the waiting are not the live signatures")
    if sum([counted for _, counted, _ in inside]) != outcome.m:
        raise VerificationError("m is not the number of the standing that count")
    if max([condition for _, _, condition in inside], default=0) > outcome.m:
        raise VerificationError("one stands whose condition does not hold")
    if min(outside, default=outcome.m + 1) <= outcome.m:
        raise VerificationError("one waits whose condition holds")
    _check_greatest(candidates, outcome.m)


def _check_greatest(candidates: Sequence[Candidate], m: int) -> None:
    conditions = sorted(condition for _, counted, condition in candidates if counted)
    if any(conditions[t - 1] <= t for t in range(m + 1, len(conditions) + 1)):
        raise VerificationError("more could stand together")


_AT_ONCE: Final = 8_192


def outcome_hash(standing: Iterable[int]) -> bytes:
    """Return H(JCS(ascending array of the standing leaf indexes)), 32 bytes."""
    left = iter(standing)
    hashed = hashlib.sha256(b"[")
    separator = b""
    while leaves := list(islice(left, _AT_ONCE)):
        hashed.update(separator + msgspec.json.encode(leaves)[1:-1])
        separator = b","
    hashed.update(b"]")
    return hashed.digest()
