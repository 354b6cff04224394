"""The outcome: the one algorithm that must never be wrong."""

import dataclasses
import hashlib
import time
from collections import Counter
from itertools import combinations
from random import Random

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.domain.outcome import (
    Candidate,
    Count,
    Outcome,
    check_outcome,
    find_count,
    find_outcome,
    outcome_hash,
)
from undersigned.errors import VerificationError

crowds = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), max_size=10).map(
    lambda members: [Candidate(7 * i, *member) for i, member in enumerate(members)]
)
thresholds = st.lists(st.tuples(st.booleans(), st.integers(0, 120)), max_size=100)


def _brute_force(candidates: list[Candidate]) -> Outcome:
    """Try every set from the largest down; the first stable one is the outcome."""
    for size in range(len(candidates), -1, -1):
        stable = []
        for some in combinations(candidates, size):
            m = sum(one.counted for one in some)
            if all(one.condition <= m for one in some):
                stable.append((m, some))
        if stable:
            assert len(stable) == 1, "the largest stable set is unique"
            m, some = stable[0]
            return Outcome(m, tuple(one.leaf for one in some), len(candidates) - size)
    raise AssertionError("the empty set is stable")


def _rounds(candidates: list[Candidate]) -> Outcome:
    """Drop round by round, in the very words of the specification."""
    left = list(candidates)
    while True:
        m = sum(one.counted for one in left)
        kept = [one for one in left if one.condition <= m]
        if len(kept) == len(left):
            standing = tuple(sorted(one.leaf for one in left))
            return Outcome(m, standing, len(candidates) - len(left))
        left = kept


@settings(max_examples=150, deadline=None)
@given(crowds)
def test_equals_brute_force(candidates: list[Candidate]) -> None:
    """The outcome is the largest of all subsets that are stable."""
    assert find_outcome(candidates) == _brute_force(candidates)


@settings(max_examples=200)
@given(thresholds)
def test_equals_the_rounds_of_the_specification(members: list[tuple[bool, int]]) -> None:
    """One pass gives what dropping round by round gives."""
    candidates = [Candidate(i, *member) for i, member in enumerate(members)]
    assert find_outcome(candidates) == _rounds(candidates)


@settings(max_examples=100)
@given(crowds, st.randoms(use_true_random=False))
def test_order_does_not_matter(candidates: list[Candidate], random: Random) -> None:
    """Whoever comes first, the same stand."""
    shuffled = list(candidates)
    random.shuffle(shuffled)
    assert find_outcome(shuffled) == find_outcome(candidates)


@settings(max_examples=100)
@given(thresholds)
def test_grows_with_every_new_signature(members: list[tuple[bool, int]]) -> None:
    """Nobody who stands falls because somebody else signs."""
    candidates = [Candidate(i, *member) for i, member in enumerate(members)]
    before: set[int] = set()
    for end in range(0, len(candidates) + 1, 7):
        now = set(find_outcome(candidates[:end]).standing)
        assert before <= now
        before = now


@settings(max_examples=200)
@given(thresholds)
def test_counting_a_tally_agrees(members: list[tuple[bool, int]]) -> None:
    """The counters per condition give the same three numbers."""
    candidates = [Candidate(i, *member) for i, member in enumerate(members)]
    outcome = find_outcome(candidates)
    expected = Count(outcome.m, len(outcome.standing), outcome.waiting)
    assert find_count(Counter(members)) == expected


@pytest.mark.parametrize("first", [0, 1])
def test_granovetters_crowds_all_stand(first: int) -> None:
    """Thresholds 0 to 99, and 1 to 100, stand whole; so does each with one of them changed.

    Granovetter (1978): one after another, the change would leave one person standing.
    """
    crowd = [Candidate(i, counted=True, condition=i + first) for i in range(100)]
    assert find_outcome(crowd).m == 100
    for i, changed in ((1, crowd[2].condition), (0, 100), (50, 100)):
        altered = list(crowd)
        altered[i] = crowd[i]._replace(condition=changed)
        assert find_outcome(altered).m == 100
    altered = [*crowd[:99], crowd[99]._replace(condition=101)]
    assert find_outcome(altered).m == 99


def test_a_hundred_who_each_ask_for_a_hundred() -> None:
    """Members count on one another; one fewer, and nobody stands."""
    crowd = [Candidate(i, counted=True, condition=100) for i in range(100)]
    assert find_outcome(crowd) == Outcome(100, tuple(range(100)), 0)
    assert find_outcome(crowd[1:]) == Outcome(0, (), 99)


def test_uncounted_signatures_stand_but_carry_nobody() -> None:
    """Anonymous ones outside the basis stand when m suffices, and do not raise it."""
    crowd = [Candidate(0, counted=True, condition=3), Candidate(1, counted=False, condition=0)]
    assert find_outcome(crowd) == Outcome(0, (1,), 1)
    crowd.append(Candidate(2, counted=True, condition=0))
    assert find_outcome(crowd) == Outcome(1, (1, 2), 1)
    crowd.append(Candidate(3, counted=True, condition=0))
    assert find_outcome(crowd) == Outcome(3, (0, 1, 2, 3), 0)


@settings(max_examples=200, deadline=None)
@given(crowds, st.integers(-1, 11), st.integers(0, 11), st.sets(st.integers(0, 9)))
def test_the_check_accepts_the_outcome_alone(
    candidates: list[Candidate], m: int, waiting: int, some: set[int]
) -> None:
    """Any other m, number waiting or set is refused."""
    outcome = find_outcome(candidates)
    check_outcome(candidates, outcome)
    indexes = tuple(7 * i for i in sorted(some))
    for other in (
        dataclasses.replace(outcome, m=m),
        dataclasses.replace(outcome, waiting=waiting),
        dataclasses.replace(outcome, standing=indexes),
        Outcome(m, indexes, waiting),
    ):
        if other != outcome:
            with pytest.raises(VerificationError):
                check_outcome(candidates, other)


@settings(max_examples=60, deadline=None)
@given(crowds)
def test_the_check_refuses_every_other_set(candidates: list[Candidate]) -> None:
    """Of all subsets, with their own right numbers, the check takes one."""
    accepted = []
    for size in range(len(candidates) + 1):
        for some in combinations(candidates, size):
            m = sum(one.counted for one in some)
            other = Outcome(m, tuple(one.leaf for one in some), len(candidates) - size)
            try:
                check_outcome(candidates, other)
            except VerificationError:
                continue
            accepted.append(other)
    assert accepted == [find_outcome(candidates)]


def test_the_check_refuses_another_order_or_a_repetition() -> None:
    """The standing are ascending, each once."""
    crowd = [Candidate(i, counted=True, condition=0) for i in range(3)]
    for standing in ((2, 1, 0), (0, 0, 1), (0, 1, 1, 2), (0, 1, 3)):
        with pytest.raises(VerificationError):
            check_outcome(crowd, Outcome(3, standing, 0))


@given(st.sets(st.integers(0, 2**53 - 1)))
def test_the_hash_is_over_canonical_json(indexes: set[int]) -> None:
    """H(JCS(array)), by another implementation of JCS."""
    standing = tuple(sorted(indexes))
    expected = hashlib.sha256(rfc8785.dumps(list(standing))).digest()
    assert outcome_hash(standing) == expected
    assert outcome_hash([]) == hashlib.sha256(b"[]").digest()


def test_a_million_signatures_are_decided_within_a_second() -> None:
    """From scratch, with as many conditions as a letter may offer; some of them do not hold."""
    conditions = [0, 10, *(k * 100_000 for k in range(1, 15))]
    chance = Random(1)
    candidates = [
        Candidate(leaf, chance.random() < 0.9, chance.choice(conditions)) for leaf in range(10**6)
    ]
    # Time of this thread: other processes do not count.
    began = time.thread_time()
    outcome = find_outcome(candidates)
    assert time.thread_time() - began < 1
    assert 0 < outcome.waiting < 10**6
    assert outcome.m < len(outcome.standing)
    check_outcome(candidates, outcome)
