"""What is deleted of a letter whose time has come, and what its links still need."""

from undersigned.store.answers import AnswerLinkRow, list_answer_links, put_answer_link
from undersigned.store.database import Connection
from undersigned.store.guarantees import OfferRow, add_offer, list_offers
from undersigned.store.outbox import MailRow, add_mail, list_due_mails
from undersigned.store.purged import (
    delete_leftovers,
    find_purged,
    has_leftovers,
    list_purged,
    purge_addresses,
)

LETTER, OTHER = bytes(32), b"o" * 32
NOW, OVER = 1_000, 2_000


def offer(state: str, letter_id: bytes, *, made_at: int = NOW) -> OfferRow:
    """Return a guarantee in a state, whose link is over at `OVER`."""
    name = f"{state} {made_at} {letter_id.hex()}".encode()
    address = f"{state}@works.example"
    kept = (state, "en", "The works", "Bread.", address, None, None, made_at, name, OVER, None)
    return OfferRow(name, letter_id, *kept)


def mail(letter_id: bytes | None, name: bytes) -> MailRow:
    """Return a mail about a letter."""
    return MailRow(name, "a@b.example", "s", "b", "", "en", "{}", None, "turn", letter_id, 0, NOW)


def states(connection: Connection, letter_id: bytes) -> dict[str, str]:
    """Return the address of each guarantee by its state."""
    return {row.state: row.address for row in list_offers(connection, letter_id)}


def test_a_letter_is_purged_once_and_alone(collector: Connection) -> None:
    """Guarantees that were given keep a domain; mails and guarantees of another letter stay."""
    for letter_id in (LETTER, OTHER):
        for state in ("asked", "given", "declined", "withdrawn"):
            add_offer(collector, offer(state, letter_id))
        add_mail(collector, mail(letter_id, letter_id[:16]), "collector")
    add_mail(collector, mail(None, b"n" * 16), "collector")
    before = states(collector, OTHER)
    assert not has_leftovers(collector, OVER)
    assert purge_addresses(collector, LETTER, NOW)
    assert states(collector, LETTER) == {"given": "@works.example", "withdrawn": "@works.example"}
    assert [row.has_address for row in list_offers(collector, LETTER)] == [False, False]
    assert states(collector, OTHER) == before
    kept = {row.ref for row in list_due_mails(collector, NOW, 9, "collector")}
    assert kept == {OTHER, None}
    assert not purge_addresses(collector, LETTER, OVER)
    assert (find_purged(collector, LETTER), list_purged(collector)) == (NOW, {LETTER})
    assert not has_leftovers(collector, OVER)


def test_what_comes_later_goes_when_its_link_is_over(collector: Connection) -> None:
    """Links to answer, guarantees that are asked for after the purge."""
    for letter_id in (LETTER, OTHER):
        link = AnswerLinkRow(letter_id, 1, letter_id, "mill.example", 0, NOW, OVER)
        put_answer_link(collector, link)
    purge_addresses(collector, LETTER, NOW)
    add_offer(collector, offer("asked", LETTER, made_at=NOW + 1))
    assert not has_leftovers(collector, OVER - 1)
    delete_leftovers(collector, OVER - 1)
    assert states(collector, LETTER) == {"asked": "asked@works.example"}
    assert len(list_answer_links(collector, LETTER)) == 1
    assert has_leftovers(collector, OVER)
    delete_leftovers(collector, OVER)
    assert states(collector, LETTER) == {}
    assert list_answer_links(collector, LETTER) == []
    assert len(list_answer_links(collector, OTHER)) == 1
    assert not has_leftovers(collector, OVER)
