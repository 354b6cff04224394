"""What waits, and the marks that stay: each is set once, and says for which record."""

from undersigned.store.database import Connection
from undersigned.store.pending import (
    PendingRow,
    Taken,
    add_all_issued,
    add_change,
    add_issued,
    add_pending,
    clear_late,
    count_pending,
    delete_blob,
    delete_pending,
    find_blob,
    find_issued,
    find_record,
    find_spent,
    has_free_change,
    list_changes,
    list_issued,
    list_kept_blobs,
    list_pending,
    list_spent,
    put_blob,
    put_blobs,
    spend_token,
    spend_tokens,
)

LETTER, OTHER = bytes(32), b"o" * 32
ROW = PendingRow(b"m" * 32, LETTER, "crowd", b"n" * 32, b"record", 1_700_000_000, late=False)


def test_what_waits_is_listed_by_hash(collector: Connection) -> None:
    """Not in the order in which it came; who is late is left out where that is asked."""
    rows = [
        ROW,
        PendingRow(b"a" * 32, LETTER, "change", None, b"", 1, late=True),
        PendingRow(b"z" * 32, LETTER, "issued", None, b"", 1, late=False),
        PendingRow(b"b" * 32, OTHER, "public", None, b"", 1, late=False),
    ]
    add_pending(collector, rows)
    add_pending(collector, [])
    assert list_pending(collector, LETTER, with_late=True) == [rows[1], rows[0], rows[2]]
    assert list_pending(collector, LETTER, with_late=False) == [rows[0], rows[2]]


def test_late_ones_become_like_all_others(collector: Connection) -> None:
    """Of one letter only."""
    mine = PendingRow(b"a" * 32, LETTER, "change", None, b"", 1, late=True)
    theirs = PendingRow(b"b" * 32, OTHER, "change", None, b"", 1, late=True)
    add_pending(collector, [mine, theirs])
    clear_late(collector, LETTER)
    assert len(list_pending(collector, LETTER, with_late=False)) == 1
    assert list_pending(collector, OTHER, with_late=False) == []


def test_what_is_in_the_log_waits_no_more(collector: Connection) -> None:
    """Its record is then found in the log, not here."""
    add_pending(collector, [ROW])
    assert find_record(collector, ROW.leaf_hash) == b"record"
    delete_pending(collector, [ROW.leaf_hash, b"x" * 32])
    delete_pending(collector, [])
    assert find_record(collector, ROW.leaf_hash) is None


def test_a_token_is_spent_once(collector: Connection) -> None:
    """In each letter; the first record keeps it."""
    first, second = Taken(b"1" * 32, 1), Taken(b"2" * 32, 2)
    assert spend_token(collector, LETTER, b"n" * 32, first)
    assert not spend_token(collector, LETTER, b"n" * 32, second)
    assert spend_token(collector, OTHER, b"n" * 32, second)
    assert find_spent(collector, LETTER, b"n" * 32) == first
    assert find_spent(collector, LETTER, b"x" * 32) is None


def test_tokens_are_spent_together(collector: Connection) -> None:
    """Those that are asked for are told, in their own letter."""
    tokens = {bytes([n]) * 32: Taken(bytes([n + 1]) * 32, n) for n in range(3)}
    spend_tokens(collector, LETTER, tokens)
    spend_tokens(collector, LETTER, {})
    asked = [bytes([n]) * 32 for n in (1, 2, 9)]
    assert list_spent(collector, LETTER, asked) == {key: tokens[key] for key in asked[:2]}
    assert list_spent(collector, LETTER, []) == {}
    assert list_spent(collector, OTHER, asked) == {}
    assert find_spent(collector, LETTER, asked[0]) == tokens[asked[0]]


def test_records_of_members_are_kept_together(collector: Connection) -> None:
    """Those that are asked for are told, in their own letter."""
    records = {bytes([n]) * 32: bytes([n + 1]) * 32 for n in range(3)}
    add_all_issued(collector, LETTER, records)
    add_all_issued(collector, LETTER, {})
    asked = [bytes([n]) * 32 for n in (1, 2, 9)]
    assert list_issued(collector, LETTER, asked) == {key: records[key] for key in asked[:2]}
    assert list_issued(collector, OTHER, asked) == {}


def test_what_waits_is_counted_without_being_read(collector: Connection) -> None:
    """By crowd, with the end of the first promise; a change counts as free if its signature is not here."""
    change = PendingRow(b"c" * 32, LETTER, "change", b"n" * 32, b"", 5, late=False)
    late = PendingRow(b"l" * 32, LETTER, "crowd", b"l" * 32, b"", 1, late=True)
    second = PendingRow(b"s" * 32, LETTER, "crowd", b"s" * 32, b"", 7, late=False)
    add_pending(collector, [ROW, change, late, second])
    assert count_pending(collector, LETTER) == {"crowd": (2, 7), "change": (1, 5)}
    assert count_pending(collector, OTHER) == {}
    assert not has_free_change(collector, LETTER)
    free = PendingRow(b"f" * 32, LETTER, "change", b"l" * 32, b"", 5, late=False)
    add_pending(collector, [free])
    assert has_free_change(collector, LETTER)
    assert not has_free_change(collector, OTHER)


def test_seals_are_kept_together(collector: Connection) -> None:
    """Storing one twice is no error; those that are here are told."""
    put_blobs(collector, {b"a" * 32: b"one", b"b" * 32: b"two"})
    put_blobs(collector, {b"b" * 32: b"two"})
    put_blobs(collector, {})
    assert list_kept_blobs(collector, [b"b" * 32, b"c" * 32]) == {b"b" * 32}
    assert find_blob(collector, b"a" * 32) == b"one"


def test_each_change_is_taken_once(collector: Connection) -> None:
    """One amendment of each number, and one withdrawal."""
    for seq in (1, 2, 0):
        assert add_change(collector, LETTER, b"n" * 32, seq, Taken(bytes([seq]) * 32, seq))
        assert not add_change(collector, LETTER, b"n" * 32, seq, Taken(b"x" * 32, 9))
    changes = list_changes(collector, LETTER, b"n" * 32)
    assert changes == {seq: Taken(bytes([seq]) * 32, seq) for seq in (0, 1, 2)}
    assert list_changes(collector, OTHER, b"n" * 32) == {}


def test_a_member_is_on_record_once(collector: Connection) -> None:
    """In each letter."""
    assert add_issued(collector, LETTER, b"m" * 32, b"1" * 32)
    assert not add_issued(collector, LETTER, b"m" * 32, b"2" * 32)
    assert add_issued(collector, OTHER, b"m" * 32, b"2" * 32)
    assert find_issued(collector, LETTER, b"m" * 32) == b"1" * 32


def test_a_seal_can_be_destroyed(collector: Connection) -> None:
    """Storing it twice is no error."""
    put_blob(collector, b"h" * 32, b"sealed")
    put_blob(collector, b"h" * 32, b"sealed")
    assert find_blob(collector, b"h" * 32) == b"sealed"
    delete_blob(collector, b"h" * 32)
    assert find_blob(collector, b"h" * 32) is None
