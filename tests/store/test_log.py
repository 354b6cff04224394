"""The log's tables: nothing is appended twice, and the checkpoint moves from what it was only."""

import pytest

from undersigned.errors import StaleCheckpoint
from undersigned.store.database import Connection
from undersigned.store.log import (
    CheckpointRow,
    add_entries,
    advance_checkpoint,
    find_checkpoint,
    find_leaf_index,
    find_tile,
    put_first_checkpoint,
    put_tiles,
    read_entries,
)

FIRST = CheckpointRow(0, bytes(32), "first")
SECOND = CheckpointRow(3, b"2" * 32, "second")


def test_the_checkpoint_moves_once_from_each_size(collector: Connection) -> None:
    """Of two that begin at the same size, the second is told that it is stale."""
    assert find_checkpoint(collector) is None
    put_first_checkpoint(collector, FIRST)
    advance_checkpoint(collector, 0, SECOND)
    with pytest.raises(StaleCheckpoint):
        advance_checkpoint(collector, 0, CheckpointRow(4, b"4" * 32, "other"))
    assert find_checkpoint(collector) == SECOND


def test_entries_come_back_in_their_order(collector: Connection) -> None:
    """From any place to any place; each leaf tells where it is."""
    add_entries(collector, 0, [b"a", b"b"], [b"A", b"B"])
    add_entries(collector, 2, [b"c"], [b"C"])
    assert read_entries(collector, 0, 3) == [b"a", b"b", b"c"]
    assert read_entries(collector, 1, 2) == [b"b"]
    assert read_entries(collector, 3, 9) == []
    assert [find_leaf_index(collector, leaf) for leaf in (b"A", b"C", b"D")] == [0, 2, None]


def test_a_leaf_that_repeats_is_found_at_its_first_place(collector: Connection) -> None:
    """Two equal records may be in the log, in one call or in two; any proof is a proof."""
    add_entries(collector, 0, [b"a", b"a"], [b"A", b"A"])
    add_entries(collector, 2, [b"a"], [b"A"])
    assert find_leaf_index(collector, b"A") == 0
    assert read_entries(collector, 0, 3) == [b"a"] * 3


def test_tiles_grow(collector: Connection) -> None:
    """A longer tile takes the place of the shorter one."""
    put_tiles(collector, {(0, 0): b"1", (1, 0): b"x"})
    put_tiles(collector, {(0, 0): b"12"})
    assert [find_tile(collector, level, 0) for level in (0, 1, 2)] == [b"12", b"x", None]
