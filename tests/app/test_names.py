"""Names as people look through them: how many there are is known without counting them for each page."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from tests.app.village import HOUR, Village

from undersigned.app.names import get_names
from undersigned.domain.letter import Mode

_STEPS = 100
"""Instructions of SQLite's machine after which it says how far it is."""


@contextmanager
def counting_steps(village: Village) -> Iterator[list[int]]:
    """Count the hundreds of instructions that SQLite's machine takes to answer readers."""
    steps = [0]

    def count() -> int:
        steps[0] += 1
        return 0

    def listen(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(count, _STEPS)

    def stop(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(None, 0)

    engine = village.site.collector.engine
    sa.event.listen(engine, "checkout", listen)
    sa.event.listen(engine, "checkin", stop)
    try:
        yield steps
    finally:
        sa.event.remove(engine, "checkout", listen)
        sa.event.remove(engine, "checkin", stop)


def test_how_many_there_are(village: Village) -> None:
    """Public and opened ones, with or without a search; who withdrew is not among them."""
    letter = village.open(rule=4)
    public = village.members(letter, 3, Mode.PUBLIC)
    sealed = village.members(letter, 2)
    village.member(letter, Mode.ANONYMOUS)
    village.later(1)

    def found(query: str = "") -> int:
        return get_names(village.site, village.letters, "mill", query=query, number=1).found

    assert (found(), found("villager")) == (3, 3)
    village.withdraw(public[0])
    village.later(1)
    assert (found(), found("villager")) == (2, 2)
    village.later(HOUR)
    village.open_waves()
    assert (found(), found("villager")) == (2 + len(sealed), 2 + len(sealed))


def test_a_page_costs_the_same_however_many_there_are(village: Village) -> None:
    """Only a search looks at each of them."""
    letter = village.open(rule=400, members=400, headcount=400)

    def cost(query: str) -> int:
        with counting_steps(village) as steps:
            get_names(village.site, village.letters, "mill", query=query, number=1)
        return steps[0]

    village.members(letter, 120, Mode.PUBLIC)
    village.later(1)
    few, search = cost(""), cost("villager")
    village.members(letter, 240, Mode.PUBLIC)
    village.later(1)
    assert cost("") <= few + 2
    assert cost("villager") > search + 10
