"""How many tokens there may be under the roll of a letter, and how many there are."""

from undersigned.store.database import Connection
from undersigned.store.roll_states import (
    add_roll_state,
    count_issued,
    count_more_issued,
    count_one_issued,
    find_room,
    put_roll,
)

LETTER, OTHER = bytes(32), b"o" * 32


def test_room(collector: Connection) -> None:
    """It is what the roll has left, of this letter alone; a later roll may have less than were issued."""
    add_roll_state(collector, LETTER, 3)
    add_roll_state(collector, OTHER, None)
    assert find_room(collector, LETTER) == 3
    count_more_issued(collector, LETTER, 2)
    assert count_one_issued(collector, LETTER)
    assert not count_one_issued(collector, LETTER)
    assert (find_room(collector, LETTER), count_issued(collector, LETTER)) == (0, 3)
    put_roll(collector, LETTER, 2, b"record")
    assert find_room(collector, LETTER) == 0
    count_more_issued(collector, OTHER, 5)
    assert (find_room(collector, OTHER), count_issued(collector, OTHER)) == (None, 5)
