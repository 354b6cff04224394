"""Processes that help: in order, bounded, and never the reason why something is not verified."""

import os
from collections.abc import Iterator

import pytest

from undersigned.verify.crew import Crew


def _double(number: int) -> int:
    return 2 * number


def _crash(number: int) -> int:
    if number == 3:
        os._exit(1)
    return number


def test_answers_come_in_order_and_few_are_asked_ahead() -> None:
    """As many as keep the processes busy, however many there are."""
    asked: list[int] = []

    def chunks() -> Iterator[tuple[int, tuple[int]]]:
        for number in range(40):
            asked.append(number)
            yield number, (number,)

    with Crew(2) as crew:
        for number, found in crew.map(_double, chunks()):
            assert found == 2 * number
            assert len(asked) <= number + 7
    assert asked == list(range(40))


def test_a_crash_only_leaves_the_work_to_others() -> None:
    """What was to come from then on is not vouched for; nothing is raised, nothing is left out."""
    with Crew(1) as crew:
        found = list(crew.map(_crash, ((number, (number,)) for number in range(12))))
        assert [number for number, _ in found] == list(range(12))
        assert {back for number, back in found if number >= 3} == {None}
        assert list(crew.map(_double, [("again", (1,))])) == [("again", None)]


@pytest.mark.parametrize(
    ("jobs", "least", "helps"), [(1, 0, False), (2, 100, True), (2, 101, False)]
)
def test_small_logs_are_verified_alone(jobs: int, least: int, helps: bool) -> None:
    """Starting processes takes longer."""
    assert Crew(jobs, least_entries=least).helps_with(100) is helps
