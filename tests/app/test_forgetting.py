"""What a site keeps of trustees, addressees and guarantors is deleted; links that are good stay good."""

from dataclasses import replace

import pytest
from tests.app.answered import MET, PLACES
from tests.app.test_purging import CLOSES, desk_of, files_with, follow, forget
from tests.app.village import DAY, START, Village

from undersigned.app.answering import LINK_DAYS, get_answer_link, give_answer, new_answer_link
from undersigned.app.deliveries import DeliveryState, list_deliveries
from undersigned.app.delivering import deliver_mails
from undersigned.app.desk_drafts import get_draft
from undersigned.app.guaranteeing import (
    GIVEN,
    ask_guarantee,
    decline_guarantee,
    get_offer,
    give_guarantee,
    list_offers,
    renew_link,
    withdraw_guarantee,
)
from undersigned.app.guaranteeing import LINK_DAYS as GUARANTEE_DAYS
from undersigned.app.guarantees import list_guarantees
from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.app.proposing import propose_letter
from undersigned.app.reading import get_page
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.letter import Letter
from undersigned.errors import FormatError, StoreError, UnknownDraft, UnknownLink
from undersigned.mail import OutboxMailer
from undersigned.store import addressees, answers, drafts, outbox, proposals
from undersigned.store import deliveries as delivery_store
from undersigned.store import purged as purged_store
from undersigned.store.deliveries import DeliveryRow
from undersigned.store.drafts import DraftRow

RETENTION = 30 * DAY
URL = "https://letters.example"
DRAFT = b"d" * 16
TRUSTEE, ADDRESSEE, GUARANTOR = "rosa@lawyers.example", "emil@mill.example", "ines@works.example"
ASKED, REFUSES, MAILED = "ulla@union.example", "otto@bakery.example", "vera@dam.example"
MARKERS = (TRUSTEE, ADDRESSEE, GUARANTOR, ASKED, REFUSES, MAILED)


def send(village: Village) -> None:
    """Write what waits in the collector's outbox into the folder."""
    mailer = OutboxMailer(village.site.folder / "outbox", "no-reply@letters.example")
    deliver_mails(village.site.collector, village.clock, mailer)


def waiting(village: Village) -> list[str]:
    """Return to whom the mails go that wait in the collector's outbox."""
    with village.site.collector.read() as connection:
        rows = outbox.list_due_mails(connection, village.clock.now(), 100, "collector")
    return sorted(row.recipient for row in rows)


def held(village: Village) -> dict[str, list[str]]:
    """Return in which files each address is."""
    return {marker: files_with(village.site.folder, marker.encode()) for marker in MARKERS}


def tell(village: Village, letter: Letter) -> None:
    """Write a mail to a trustee and to an addressee, whose delivery waits for it."""
    now = village.clock.now()
    composed = compose(MailKind.TURN, reference="00000000")
    with village.site.collector.write() as connection:
        for address in (TRUSTEE, ADDRESSEE):
            mail = add_mail(
                connection, "collector", address, composed, at=now, ref=letter.letter_id
            )
        state = DeliveryState.WAITING.value
        row = DeliveryRow(letter.letter_id, 1, state, mail, 0, None, now, now)
        delivery_store.put_delivery(connection, row)


def guarantee(village: Village, address: str, guarantor: str) -> str:
    """Ask somebody for a guarantee by mail; return the token of their link."""
    terms = replace(PLACES, guarantor=guarantor, address=address)
    return ask_guarantee(village.site, village.letters, "mill", terms, mail_from=URL)


def play(village: Village) -> tuple[str, str]:
    """Open a letter that will lapse, and leave addresses wherever a site keeps some.

    Return the tokens of the links to answer and to withdraw.
    """
    letter = village.open(trustees=(None, TrusteeKey.generate()), quorum=1, retention_days=30)
    with village.site.collector.write() as connection:
        proposals.put_addresses(connection, letter.letter_id, {2: TRUSTEE})
        addressees.put_addressee_addresses(connection, letter.letter_id, {1: ADDRESSEE})
    fields = f'{{"trustee":"{TRUSTEE}","addressee":"{ADDRESSEE}"}}'.encode()
    row = DraftRow(DRAFT, "mill", 1, fields, 1, b"a" * 16, village.clock.now(), letter.letter_id)
    with desk_of(village).database.write() as connection:
        drafts.add_draft(connection, row)
    site, letters = village.site, village.letters
    guarantee(village, ASKED, "The union")
    decline_guarantee(site, guarantee(village, REFUSES, "The bakery"))
    given = guarantee(village, GUARANTOR, "The works")
    withdrawal = give_guarantee(site, letters, given, mail_from=URL)
    answer = new_answer_link(site, letters, "mill", 1, MAILED, mail_from=URL)
    # Once as files, once waiting.
    tell(village, letter)
    send(village)
    tell(village, letter)
    guarantee(village, ASKED, "The union")
    return answer, withdrawal


def purge(village: Village) -> None:
    """Let the time come, and both parts be deleted."""
    village.at(CLOSES + RETENTION)
    follow(village).step()
    assert forget(village) == 1


def test_every_address_is_gone_from_the_files(village: Village) -> None:
    """From tables, outbox, mails that were written as files, and the draft; each was in some of them."""
    play(village)
    before = held(village)
    assert all(before.values())
    assert [name for name in before[TRUSTEE] if name.startswith("desk.db")]
    assert [name for name in before[TRUSTEE] if name.endswith(".eml")]
    assert [name for name in before[MAILED] if name.endswith(".eml")]
    assert waiting(village) == [ADDRESSEE, TRUSTEE, ASKED]
    village.at(CLOSES + RETENTION - 1)
    assert forget(village) == 0
    assert all(held(village).values())
    purge(village)
    assert held(village) == {marker: [] for marker in MARKERS}
    assert waiting(village) == []
    with pytest.raises(UnknownDraft):
        get_draft(desk_of(village), DRAFT)
    (delivery, *_) = list_deliveries(village.site, village.letters, "mill")
    assert delivery.row is not None
    assert (delivery.row.state, delivery.row.next_at) == (DeliveryState.GIVEN_UP, None)


def test_a_draft_that_does_not_know_of_its_opening_goes_too(village: Village) -> None:
    """A crash has left it between the opening and its mark; what is begun under its address later stays."""
    opened_at = village.clock.now()
    play(village)
    desk = desk_of(village)
    fields = f'{{"trustee":"{TRUSTEE}"}}'.encode()
    left, later, other = b"l" * 16, b"m" * 16, b"n" * 16
    with desk.database.write() as connection:
        for id_, edition, at in (
            (left, 1, opened_at), (later, 1, opened_at + 1), (other, 2, opened_at),
        ):  # fmt: skip
            drafts.add_draft(
                connection, DraftRow(id_, "mill", edition, fields, 1, b"a" * 16, at, None)
            )
    purge(village)
    for id_ in (DRAFT, left):
        with pytest.raises(UnknownDraft):
            get_draft(desk, id_)
    assert [get_draft(desk, id_).id for id_ in (later, other)] == [later, other]


def test_addresses_of_a_proposal_go_when_it_cannot_be_opened(village: Village) -> None:
    """At its closing time, from when on nobody can open it; before, and of one that is open, they stay."""
    trustees = (None, TrusteeKey.generate())
    opened = village.open(trustees=trustees, quorum=1)
    draft = village.write_file("dam", trustees=trustees, quorum=1)
    proposed = propose_letter(village.site, draft)
    ids = (opened.letter_id, proposed.letter_id)
    with village.site.collector.write() as connection:
        for letter_id in ids:
            proposals.put_addresses(connection, letter_id, {2: TRUSTEE})
            addressees.put_addressee_addresses(connection, letter_id, {1: ADDRESSEE})

    def kept() -> list[bool]:
        with village.site.collector.read() as connection:
            lists = (proposals.list_addresses, addressees.list_addressee_addresses)
            return [bool(of(connection, letter_id)) for letter_id in ids for of in lists]

    village.at(CLOSES - 1)
    forget(village)
    assert kept() == [True] * 4
    village.at(CLOSES)
    forget(village)
    assert kept() == [True, True, False, False]


def test_mails_about_another_letter_stay(village: Village) -> None:
    """Also those to the same people, waiting or written as a file."""
    play(village)
    other = village.open("dam", closes_s=CLOSES + RETENTION + DAY)
    tell(village, other)
    send(village)
    tell(village, other)
    purge(village)
    assert waiting(village) == [ADDRESSEE, TRUSTEE]
    found = files_with(village.site.folder, f"To: {TRUSTEE}".encode())
    assert len([name for name in found if name.endswith(".eml")]) == 1
    (delivery, *_) = list_deliveries(village.site, village.letters, "dam")
    assert delivery.row is not None
    assert delivery.row.state == DeliveryState.WAITING


def test_a_guarantee_can_be_withdrawn_afterwards(village: Village) -> None:
    """Its link needs no address; with it stay the words and the domain, which are public."""
    _, withdrawal = play(village)
    purge(village)
    site, letters = village.site, village.letters
    (offer,) = list_offers(site, letters, "mill")
    assert (offer.state, offer.address, offer.guarantor) == (GIVEN, "@works.example", "The works")
    assert get_offer(site, letters, withdrawal).domain == "works.example"
    with pytest.raises(FormatError, match="it was deleted"):
        renew_link(site, letters, "mill", offer.offer, mail_from=URL)
    by_hand = renew_link(site, letters, "mill", offer.offer)
    with pytest.raises(UnknownLink):
        get_offer(site, letters, withdrawal)
    withdraw_guarantee(site, letters, by_hand)
    assert [one.withdrawn_at for one in list_guarantees(site, letters, "mill")] == [
        village.clock.now()
    ]
    forget(village)
    assert get_offer(site, letters, by_hand).row.state == "withdrawn"


def test_a_link_to_answer_is_good_until_its_end(village: Village) -> None:
    """It is the hash of a link and a domain; both go when it is over."""
    answer, _ = play(village)
    purge(village)
    site, letters = village.site, village.letters
    link = get_answer_link(site, letters, answer)
    assert link.expires == START + CLOSES + LINK_DAYS * DAY
    give_answer(site, letters, answer, [MET], "en")
    village.at(CLOSES + LINK_DAYS * DAY - 1)
    assert forget(village) == 0
    with site.collector.read() as connection:
        assert len(answers.list_answer_links(connection, link.letter.letter_id)) == 1
    village.later(1)
    forget(village)
    with site.collector.read() as connection:
        assert answers.list_answer_links(connection, link.letter.letter_id) == []


def test_what_is_asked_afterwards_goes_with_its_link(village: Village) -> None:
    """The address is needed until the link is over; who confirms is forgotten at once."""
    play(village)
    purge(village)
    village.later(1)
    site, letters = village.site, village.letters
    guarantee(village, ASKED, "The union")
    decline_guarantee(site, guarantee(village, REFUSES, "The bakery"))
    give_guarantee(site, letters, guarantee(village, MAILED, "The dam"))
    forget(village)
    offers = {offer.guarantor: offer.address for offer in list_offers(site, letters, "mill")}
    assert offers == {
        "The union": ASKED,
        "The bakery": REFUSES,
        "The dam": "@dam.example",
        "The works": "@works.example",
    }
    village.later(GUARANTEE_DAYS * DAY)
    forget(village)
    offers = {offer.guarantor: offer.address for offer in list_offers(site, letters, "mill")}
    assert offers == {"The dam": "@dam.example", "The works": "@works.example"}


def test_a_crash_leaves_a_letter_that_is_purged_later(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the commit all rows are there, though the draft is gone; the next step does the rest."""
    play(village)
    village.at(CLOSES + RETENTION)
    follow(village).step()

    def die(*_: object) -> None:
        raise StoreError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(purged_store, "delete_leftovers", die)
        with pytest.raises(StoreError):
            forget(village)
    assert waiting(village) == [ADDRESSEE, TRUSTEE, ASKED]
    assert get_page(village.site, village.letters, "mill").purged_at is None
    with pytest.raises(UnknownDraft):
        get_draft(desk_of(village), DRAFT)
    assert forget(village) == 1
    assert held(village) == {marker: [] for marker in MARKERS}
