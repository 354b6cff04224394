"""Where addressees get their mail."""

from undersigned.store.addressees import list_addressee_addresses, put_addressee_addresses
from undersigned.store.database import Connection
from undersigned.store.proposals import ProposalRow, put_proposal

LETTER, OTHER = bytes(32), b"o" * 32


def test_addresses_are_kept_by_number(collector: Connection) -> None:
    """The newest list is the whole list; those of another letter stay."""
    assert list_addressee_addresses(collector, LETTER) == {}
    put_addressee_addresses(collector, OTHER, {1: "council@town.example"})
    put_addressee_addresses(collector, LETTER, {3: "c@mill.example", 1: "a@mill.example"})
    found = list_addressee_addresses(collector, LETTER)
    assert list(found.items()) == [(1, "a@mill.example"), (3, "c@mill.example")]
    put_addressee_addresses(collector, LETTER, {2: "b@mill.example"})
    assert list_addressee_addresses(collector, LETTER) == {2: "b@mill.example"}
    put_addressee_addresses(collector, LETTER, {})
    assert list_addressee_addresses(collector, LETTER) == {}
    assert list_addressee_addresses(collector, OTHER) == {1: "council@town.example"}


def test_a_newer_proposal_takes_them_away(collector: Connection) -> None:
    """What was written for a letter that is never opened is not kept."""
    put_proposal(collector, ProposalRow(LETTER, "mill", 1, b"{}", None))
    put_addressee_addresses(collector, LETTER, {1: "a@mill.example"})
    put_proposal(collector, ProposalRow(OTHER, "mill", 1, b"{}", None))
    assert list_addressee_addresses(collector, LETTER) == {}
