"""What is counted of signatures is what there is of them, whatever is written."""

import random

import pytest
import sqlalchemy as sa

from undersigned.store.collector_schema import signature_tally
from undersigned.store.database import Connection, savepoint
from undersigned.store.signatures import (
    SignatureRow,
    add_signatures,
    change_signature,
    change_signatures,
    list_live,
)
from undersigned.store.tallies import Kind, Tallies, add_to_tallies, find_wrong, read_tallies

LETTER, OTHER = bytes(32), b"o" * 32
MODES = ("public", "sealed", "anonymous")


def _signature(leaf: int, mode: str = "sealed", condition: int = 0, **more: object) -> SignatureRow:
    name = None if mode == "anonymous" else b"n" * 32
    return SignatureRow(leaf, LETTER, bytes([leaf]) * 32, mode, condition, name, **more)  # type: ignore[arg-type]


def _counted(connection: Connection, *rows: SignatureRow) -> Tallies:
    add_signatures(connection, rows)
    assert find_wrong(connection) == {}
    return read_tallies(connection, LETTER)


def test_conditions_that_are_met_are_none(collector: Connection) -> None:
    """A fixed signature has none any more; ended ones do not count."""
    tallies = _counted(
        collector,
        _signature(1, condition=50),
        _signature(2, condition=50),
        _signature(3, condition=50, fixed=True),
        _signature(4, "public"),
        _signature(5, "anonymous", 7, status="withdrawn"),
    )
    assert tallies.live() == {("public", 0): 1, ("sealed", 0): 1, ("sealed", 50): 2}
    assert (tallies.all(), tallies.hidden("public")) == (5, 3)
    assert read_tallies(collector, OTHER).all() == 0


def test_who_is_to_be_opened_is_counted(collector: Connection) -> None:
    """Live, sealed, standing with this m, neither opened nor erased."""
    tallies = _counted(
        collector,
        _signature(1, condition=50),
        _signature(2, condition=51),
        _signature(3, condition=51, fixed=True),
        _signature(4, opened=True),
        _signature(5, erased=True),
        _signature(6, "public"),
        _signature(7, status="withdrawn"),
    )
    assert tallies.unopened(50) == 2


def test_the_ended_are_counted_by_how(collector: Connection) -> None:
    """Who was erased may be live or not."""
    tallies = _counted(
        collector,
        _signature(1, status="withdrawn"),
        _signature(2, status="withdrawn", erased=True),
        _signature(3, status="unopenable"),
        _signature(4, erased=True),
    )
    assert [tallies.ended(each) for each in ("withdrawn", "unopenable", "invalidated")] == [2, 1, 0]
    assert tallies.erased() == 2


def test_names_that_are_shown_are_counted(collector: Connection) -> None:
    """Public or opened, of who neither ended nor was erased."""
    tallies = _counted(
        collector,
        _signature(1, "public"),
        _signature(2, "public", fixed=True),
        _signature(3, opened=True),
        _signature(4),
        _signature(5, "anonymous"),
        _signature(6, "public", erased=True),
        _signature(7, "public", status="withdrawn"),
        _signature(8, opened=True, status="invalidated"),
    )
    assert tallies.shown("public") == 3


@pytest.mark.parametrize("seed", range(3))
def test_whatever_changes_is_counted(collector: Connection, seed: int) -> None:
    """After each of many writes the tallies are what a count from scratch gives; others are left alone."""
    chance = random.Random(seed)
    leaves: list[int] = []
    for _ in range(30):
        fresh = range(len(leaves), len(leaves) + chance.randrange(4))
        rows = [_signature(i, chance.choice(MODES), chance.choice((0, 5, 9))) for i in fresh]
        add_signatures(collector, rows)
        leaves += fresh
        values: dict[str, str | int] = chance.choice(
            [
                {"status": chance.choice(("live", "withdrawn", "unopenable"))},
                {"mode": chance.choice(MODES), "condition": chance.choice((0, 5, 9))},
                {"fixed": chance.randrange(2)},
                {"opened": 1},
                {"erased": 1},
            ]
        )
        change_signatures(
            collector, chance.sample(leaves, chance.randrange(len(leaves) + 1)), **values
        )
        if leaves:
            change_signature(collector, chance.choice(leaves), **values)
        assert find_wrong(collector) == {}
    live = len(list_live(collector, LETTER))
    tallies = read_tallies(collector, LETTER)
    assert (tallies.all(), sum(tallies.live().values())) == (len(leaves), live)


def test_many_are_changed_at_once(collector: Connection) -> None:
    """More than one statement can name, some of them twice."""
    rows = [SignatureRow(leaf, LETTER, bytes(32), "sealed", 5, None) for leaf in range(1_200)]
    add_signatures(collector, rows)
    change_signatures(collector, [*range(1_100), 3, 4], fixed=1)
    assert find_wrong(collector) == {}
    assert read_tallies(collector, LETTER).live() == {("sealed", 0): 1_100, ("sealed", 5): 100}


def test_wrong_tallies_are_found(collector: Connection) -> None:
    """What is missing or too many is what has to be added."""
    add_signatures(collector, [_signature(1), _signature(2)])
    kind, more = Kind(LETTER, "sealed", 0, "live", 0, 0), Kind(OTHER, "public", 0, "live", 0, 0)
    collector.execute(sa.update(signature_tally).values(number=5))
    add_to_tallies(collector, {more: 3})
    wrong = find_wrong(collector)
    assert wrong == {kind: -3, more: -3}
    add_to_tallies(collector, wrong)
    assert find_wrong(collector) == {}
    assert read_tallies(collector, OTHER).all() == 0


def test_a_kind_that_is_not_there_loses_nobody(collector: Connection) -> None:
    """Fewer than none would be a mistake of ours: it is refused, and what was there stays."""
    add_signatures(collector, [_signature(1)])
    kind = Kind(LETTER, "sealed", 0, "live", 0, 0)
    for wrong in (kind._replace(mode="public"), kind):
        with pytest.raises(sa.exc.IntegrityError), savepoint(collector):
            add_to_tallies(collector, {wrong: -2})
    assert find_wrong(collector) == {}
