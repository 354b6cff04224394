"""The roll: all rows or none, codes that are seen once, and nothing after the letter is open."""

import sqlite3

import pytest
from tests.app.village import Village

from undersigned.app.invites import Invite, make_invites
from undersigned.app.rolls import code_hash, import_roll
from undersigned.domain.roll import (
    INVITE_ALPHABET,
    member_commit,
    member_of_email,
    member_of_invite,
    parse_invite_code,
)
from undersigned.errors import Refused, RollFixed, RollNotEmpty, RollRefused
from undersigned.store import members as member_store
from undersigned.store.members import MemberRow

ROLL = b"email,name,role\nB@b.example,Bea,Cook\na@a.example,Ada,\nc@c.example,Cai,Clerk\n"


def _members(village: Village, slug: str) -> list[MemberRow]:
    with village.site.issuer.database.read() as connection:
        return member_store.list_members(connection, slug)


def test_a_roll_is_imported(village: Village) -> None:
    """Each entry commits to the canonical address under a salt of its own."""
    assert import_roll(village.site.issuer, "mill", ROLL) == 3
    members = {row.name: row for row in _members(village, "mill")}
    bea = members["Bea"]
    assert (bea.address, bea.role, bea.blocked) == ("b@b.example", "Cook", False)
    assert bea.member == member_of_email("b@b.example")
    assert members["Ada"].role is None
    for row in members.values():
        assert row.commit == member_commit(row.salt, row.member)
    assert len({row.salt for row in members.values()}) == 3


def test_a_roll_with_a_bad_row_is_not_imported(village: Village) -> None:
    """Every bad row is told, and none is taken."""
    with pytest.raises(RollRefused) as caught:
        import_roll(village.site.issuer, "mill", ROLL + b"nobody,Dan,\na@a.example,Ada,\n")
    assert [row.line for row in caught.value.rows] == [5, 6]
    assert _members(village, "mill") == []


def test_a_roll_is_imported_once(village: Village) -> None:
    """What is there stays; the roll of another letter is another."""
    import_roll(village.site.issuer, "mill", ROLL)
    with pytest.raises(RollNotEmpty):
        import_roll(village.site.issuer, "mill", b"email,name\nd@d.example,Dan\n")
    import_roll(village.site.issuer, "other", ROLL)
    assert len(_members(village, "mill")) == len(_members(village, "other")) == 3


def test_a_roll_of_codes_takes_no_list(village: Village) -> None:
    """Nor the other way round."""
    make_invites(village.site.issuer, "codes", 2)
    with pytest.raises(RollNotEmpty):
        import_roll(village.site.issuer, "codes", ROLL)
    import_roll(village.site.issuer, "mill", ROLL)
    with pytest.raises(RollNotEmpty):
        make_invites(village.site.issuer, "mill", 2)


def test_nothing_is_added_to_the_roll_of_an_open_letter(village: Village) -> None:
    """Its size is in the log."""
    village.open()
    make_invites(village.site.issuer, "codes", 2)
    with pytest.raises(RollFixed):
        import_roll(village.site.issuer, "mill", ROLL)
    assert len(_members(village, "mill")) == 20


def test_every_entry_of_a_list_gets_a_code_once(village: Village) -> None:
    """Also when the letter is open already; who has one gets no second."""
    import_roll(village.site.issuer, "mill", ROLL)
    invites = make_invites(village.site.issuer, "mill", None)
    assert [(each.name, each.address) for each in invites] == [
        ("Ada", "a@a.example"),
        ("Bea", "b@b.example"),
        ("Cai", "c@c.example"),
    ]
    assert make_invites(village.site.issuer, "mill", None) == []
    village.open("late")
    assert len(make_invites(village.site.issuer, "late", None)) == 20


def test_codes_make_a_roll_without_names(village: Village) -> None:
    """Each is an entry that commits to the hash of its code; more can be made until it opens."""
    invites = [
        *make_invites(village.site.issuer, "codes", 2),
        *make_invites(village.site.issuer, "codes", 1),
    ]
    assert {(each.name, each.address) for each in invites} == {(None, None)}
    wanted = {member_of_invite(parse_invite_code(each.code)) for each in invites}
    assert {row.member for row in _members(village, "codes")} == wanted


@pytest.mark.parametrize("count", [None, 0, -1, 200_001])
def test_it_must_be_said_how_many_codes(village: Village, count: int | None) -> None:
    """Where there is no list, and within a limit."""
    with pytest.raises(Refused, match="Say how many"):
        make_invites(village.site.issuer, "codes", count)


def test_the_database_holds_no_code(village: Village) -> None:
    """Only hashes; each code is of 16 characters in groups of four."""
    invites = make_invites(village.site.issuer, "codes", 3)
    village.site.issuer.database.close()
    with sqlite3.connect(village.site.folder / "issuer.db") as connection:
        dump = "\n".join(connection.iterdump())
    for invite in invites:
        assert isinstance(invite, Invite)
        plain = parse_invite_code(invite.code)
        assert set(plain) <= set(INVITE_ALPHABET)
        assert invite.code == "-".join(plain[i : i + 4] for i in range(0, 16, 4))
        assert plain not in dump
        assert plain.encode().hex().upper() not in dump
        assert code_hash(plain).hex().upper() in dump
    connection.close()
