"""The roll, and invite codes."""

from dataclasses import replace

import pytest

from undersigned.errors import StoreError
from undersigned.store.database import Connection, Database
from undersigned.store.members import (
    MemberRow,
    add_invites,
    add_members,
    find_invited,
    find_member,
    find_member_by_commit,
    list_commits,
    list_invited,
    list_members,
)

ROW = MemberRow("slug", b"c" * 32, b"email:a@b.example", bytes(16), "a@b.example", "A", None, False)


def _row(number: int, **changed: object) -> MemberRow:
    row = replace(ROW, commit=bytes([number]) * 32, member=b"email:%d" % number)
    return replace(row, **changed)  # type: ignore[arg-type]


def test_a_member_comes_back_as_it_was(issuer: Connection) -> None:
    """By what it commits to, and by its commitment, in its own roll only."""
    add_members(issuer, [ROW])
    add_members(issuer, [])
    assert find_member(issuer, "slug", ROW.member) == ROW
    assert find_member_by_commit(issuer, "slug", ROW.commit) == ROW
    assert find_member(issuer, "other", ROW.member) is None
    assert find_member_by_commit(issuer, "other", ROW.commit) is None


def test_who_is_blocked_is_not_found(issuer: Connection) -> None:
    """Nor among the commitments; the list of entries has them still."""
    add_members(issuer, [_row(2, blocked=True), _row(1)])
    assert find_member(issuer, "slug", b"email:2") is None
    assert find_member_by_commit(issuer, "slug", b"\2" * 32) is None
    assert list_commits(issuer, "slug") == [b"\1" * 32]
    assert [row.blocked for row in list_members(issuer, "slug")] == [False, True]


def test_an_entry_is_on_a_roll_once(issuer_database: Database) -> None:
    """The same address again, under another commitment, is refused with all that came along."""
    again = replace(ROW, commit=b"d" * 32)
    with pytest.raises(StoreError), issuer_database.write() as connection:
        add_members(connection, [_row(1), ROW, again])
    with issuer_database.read() as connection:
        assert list_members(connection, "slug") == []


def test_the_same_address_may_be_on_two_rolls(issuer: Connection) -> None:
    """Rolls know nothing of one another."""
    add_members(issuer, [ROW, replace(ROW, slug="other")])
    assert find_member(issuer, "other", ROW.member) == replace(ROW, slug="other")


def test_invites_lead_to_their_entry(issuer: Connection) -> None:
    """In their own roll only."""
    add_invites(issuer, "slug", [(b"1" * 32, b"a" * 32), (b"2" * 32, b"b" * 32)])
    add_invites(issuer, "slug", [])
    assert find_invited(issuer, "slug", b"2" * 32) == b"b" * 32
    assert find_invited(issuer, "other", b"2" * 32) is None
    assert list_invited(issuer, "slug") == {b"a" * 32, b"b" * 32}


def test_an_invite_code_is_there_once(issuer_database: Database) -> None:
    """Two entries with the same code would be one for whoever holds it."""
    with pytest.raises(StoreError), issuer_database.write() as connection:
        add_invites(connection, "slug", [(b"1" * 32, b"a" * 32), (b"1" * 32, b"b" * 32)])
