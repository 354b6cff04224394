"""Guarantees: the organiser asks, the guarantor confirms or declines by a link, and can withdraw.

What is confirmed is one record and one document, written in one transaction with what the site
remembers of it: a crash before its commit leaves nothing, one after it a log that is published later.

The link that confirms is good no longer once it was used; another one, which the guarantor is given
then, withdraws. Nobody edits what the organiser wrote: whoever wants other terms declines, and says so.
"""

import dataclasses
import secrets
from dataclasses import dataclass
from typing import Final

from undersigned.app.guarantees import find_given
from undersigned.app.letters import Letters, LetterView
from undersigned.app.link_mails import Sending, mail_guarantee_link
from undersigned.app.link_tokens import hash_of, make_link
from undersigned.app.log import Batch, publish_now
from undersigned.app.mailing import MailKind
from undersigned.app.reading import read_texts
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.address import canonical_address
from undersigned.domain.canonical import check_range
from undersigned.domain.guarantee import Guarantee, format_guarantee
from undersigned.domain.letter import MOST_HEADCOUNT, TextDocument
from undersigned.domain.record import GuaranteeRecord, GuaranteeState, signed_bytes
from undersigned.errors import (
    FormatError,
    GuaranteeDecided,
    GuaranteeExists,
    StoreError,
    UnknownGuarantee,
    UnknownLink,
)
from undersigned.store import guarantees as guarantee_store
from undersigned.store import letters as letter_store
from undersigned.store.database import Connection
from undersigned.store.guarantees import GuaranteeRow, OfferRow
from undersigned.store.letters import LetterRow

DAY_S: Final = 86_400
LINK_DAYS: Final = 90
"""A link to confirm is good for so many days; one to withdraw as long as the guarantee holds."""

ASKED: Final = "asked"
GIVEN: Final = "given"
DECLINED: Final = "declined"
WITHDRAWN: Final = "withdrawn"

_FOR_EVER: Final = 2**53 - 1
_NO_SIGNATURE: Final = bytes(64)


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody is asked to guarantee, and at which address they are asked."""

    guarantor: str
    address: str
    terms: str
    lang: str
    cap: int | None
    expires: int | None

    def words(self) -> Guarantee:
        """Return what their document would say. Raises FormatError."""
        domain = canonical_address(self.address).partition("@")[2]
        return Guarantee(self.lang, self.guarantor, self.terms, domain)


@dataclass(frozen=True, slots=True)
class Offer:
    """A guarantee as its link shows it: under which letter, in which words, what has become of it."""

    view: LetterView
    text: TextDocument
    row: OfferRow

    @property
    def terms(self) -> Terms:
        """What was asked for."""
        row = self.row
        return Terms(row.guarantor, row.address, row.terms, row.lang, row.cap, row.expires)

    @property
    def domain(self) -> str:
        """The domain that is shown with it."""
        return self.row.address.partition("@")[2]


# --- the organiser


def check_terms(terms: Terms, now: int) -> None:
    """Check what is to be guaranteed. Raises FormatError, naming the member."""
    terms.words()
    if terms.cap is not None:
        check_range(terms.cap, "cap", 1, MOST_HEADCOUNT)
    if terms.expires is not None and terms.expires <= now:
        raise FormatError("expires: is over already")


def ask_guarantee(
    site: Site, letters: Letters, name: str, terms: Terms, *, mail_from: str | None = None
) -> str:
    """Keep what somebody is asked to guarantee; return the token of the link that confirms it.

    `mail_from`, where people reach this site, has it sent to the guarantor. Raises UnknownLetter,
    FormatError.
    """
    now = site.clock.now()
    check_terms(terms, now)
    link = make_link()
    with site.collector.write() as connection:
        row = OfferRow(
            offer=secrets.token_bytes(16),
            letter_id=letters.get_row(connection, name).letter_id,
            state=ASKED,
            lang=terms.lang,
            guarantor=terms.guarantor,
            terms=terms.terms,
            address=canonical_address(terms.address),
            cap=terms.cap,
            expires=terms.expires,
            made_at=now,
            token_hash=link.token_hash,
            link_expires=now + LINK_DAYS * DAY_S,
            document=None,
        )
        guarantee_store.add_offer(connection, row)
        if mail_from is not None:
            _mail(connection, letters, row, link.token, mail_from, now)
    return link.token


def list_offers(site: Site, letters: Letters, name: str) -> list[OfferRow]:
    """Return what guarantors of a letter were asked for, the newest first. Raises UnknownLetter."""
    with site.collector.read() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        return guarantee_store.list_offers(connection, letter_id)


def renew_link(
    site: Site, letters: Letters, name: str, offer: bytes, *, mail_from: str | None = None
) -> str:
    """Make a new link for the guarantor, to confirm or, if it is given, to withdraw; return its token.

    `mail_from` as in `ask_guarantee`. Raises UnknownLetter, UnknownGuarantee; GuaranteeDecided if it was
    declined or withdrawn; FormatError if it cannot be mailed, since the address was deleted.
    """
    link = make_link()
    with site.collector.write() as connection:
        row = _get_offer(connection, letters, name, offer)
        if row.state not in (ASKED, GIVEN):
            raise GuaranteeDecided
        if mail_from is not None and not row.has_address:
            raise FormatError("address: it was deleted, as the letter had stated")
        expires = site.clock.now() + LINK_DAYS * DAY_S if row.state == ASKED else _FOR_EVER
        guarantee_store.change_offer(
            connection, row.offer, token_hash=link.token_hash, link_expires=expires
        )
        if mail_from is not None:
            _mail(connection, letters, row, link.token, mail_from, site.clock.now())
    return link.token


def cancel_offer(site: Site, letters: Letters, name: str, offer: bytes) -> None:
    """Ask no longer, and forget the address; what was given stays.

    Raises UnknownLetter, UnknownGuarantee, GuaranteeDecided.
    """
    with site.collector.write() as connection:
        row = _get_offer(connection, letters, name, offer)
        if row.state == GIVEN:
            raise GuaranteeDecided
        guarantee_store.delete_offer(connection, row.offer)


def _get_offer(connection: Connection, letters: Letters, name: str, offer: bytes) -> OfferRow:
    letter_id = letters.get_row(connection, name).letter_id
    row = guarantee_store.find_offer(connection, offer)
    if row is None or row.letter_id != letter_id:
        raise UnknownGuarantee
    return row


# --- the guarantor


def get_offer(site: Site, letters: Letters, token: str) -> Offer:
    """Return what a link is about; nothing is changed by that. Raises UnknownLink."""
    with site.collector.read() as connection:
        row = _get_by_token(connection, token, site.clock.now())
        view = letters.get(connection, row.letter_id)
        return Offer(view, read_texts(connection, view.letter)[0], row)


def _mail(
    connection: Connection, letters: Letters, row: OfferRow, token: str, url: str, at: int
) -> None:
    """Send the guarantor the link that confirms, or withdraws what is given."""
    view = letters.get(connection, row.letter_id)
    sending = Sending(view.letter, read_texts(connection, view.letter)[0], url, at)
    kind = MailKind.GUARANTEE_LINK if row.state == ASKED else MailKind.WITHDRAWAL_LINK
    mail_guarantee_link(connection, sending, kind, row.address, row.guarantor, token)


def _get_by_token(connection: Connection, token: str, now: int) -> OfferRow:
    row = guarantee_store.find_offer_by_token(connection, hash_of(token))
    if row is None or row.link_expires <= now:
        raise UnknownLink
    return row


def give_guarantee(
    site: Site, letters: Letters, token: str, *, mail_from: str | None = None
) -> str:
    """Record that the guarantor confirms; return the token of the link that withdraws.

    `mail_from` as in `ask_guarantee`. Raises UnknownLink, GuaranteeDecided, GuaranteeExists; FormatError if
    its time is over.
    """
    publish_now(site)
    link = make_link()
    with site.collector.write() as connection:
        now = site.clock.now()
        row = _get_by_token(connection, token, now)
        if row.state != ASKED:
            raise GuaranteeDecided
        terms = Terms(row.guarantor, row.address, row.terms, row.lang, row.cap, row.expires)
        check_terms(terms, now)
        document = letter_store.put_document(connection, format_guarantee(terms.words()))
        given = guarantee_store.list_guarantees(connection, row.letter_id)
        if find_given(given, document) is not None:
            raise GuaranteeExists
        record = GuaranteeRecord(
            letters.get(connection, row.letter_id).letter_id,
            GuaranteeState.GIVEN,
            now,
            row.cap,
            row.expires,
            document,
            _NO_SIGNATURE,
        )
        _append(connection, site, letters, record)
        guarantee_store.change_offer(
            connection,
            row.offer,
            state=GIVEN,
            document=document,
            token_hash=link.token_hash,
            link_expires=_FOR_EVER,
        )
        if mail_from is not None:
            given_row = dataclasses.replace(row, state=GIVEN)
            _mail(connection, letters, given_row, link.token, mail_from, now)
    publish_now(site)
    return link.token


def decline_guarantee(site: Site, token: str) -> None:
    """Note that the guarantor declines. Raises UnknownLink, GuaranteeDecided."""
    with site.collector.write() as connection:
        row = _get_by_token(connection, token, site.clock.now())
        if row.state != ASKED:
            raise GuaranteeDecided
        guarantee_store.change_offer(connection, row.offer, state=DECLINED)


def withdraw_guarantee(site: Site, letters: Letters, token: str) -> None:
    """Record that the guarantor withdraws. Raises UnknownLink, GuaranteeDecided."""
    publish_now(site)
    with site.collector.write() as connection:
        row = _get_by_token(connection, token, site.clock.now())
        rows = guarantee_store.list_guarantees(connection, row.letter_id)
        given = None if row.document is None else find_given(rows, row.document)
        if row.state != GIVEN or given is None:
            raise GuaranteeDecided
        _withdraw(connection, site, letters, given)
    publish_now(site)


def record_withdrawal(site: Site, letters: Letters, name: str, leaf: int) -> None:
    """Record that a guarantor has told the organisers that the guarantee at `leaf` is withdrawn.

    Raises UnknownLetter, UnknownGuarantee, GuaranteeDecided.
    """
    publish_now(site)
    with site.collector.write() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        rows = guarantee_store.list_guarantees(connection, letter_id)
        given = next((row for row in rows if row.leaf_index == leaf), None)
        if given is None or given.state != GuaranteeState.GIVEN.value:
            raise UnknownGuarantee
        if find_given(rows, given.document) != given:
            raise GuaranteeDecided
        _withdraw(connection, site, letters, given)
    publish_now(site)


def _withdraw(connection: Connection, site: Site, letters: Letters, given: GuaranteeRow) -> None:
    record = GuaranteeRecord(
        letters.get(connection, given.letter_id).letter_id,
        GuaranteeState.WITHDRAWN,
        site.clock.now(),
        given.cap,
        given.expires,
        given.document,
        _NO_SIGNATURE,
    )
    _append(connection, site, letters, record)
    for offer in guarantee_store.list_offers(connection, given.letter_id):
        if offer.document == given.document and offer.state == GIVEN:
            guarantee_store.change_offer(connection, offer.offer, state=WITHDRAWN)


def _append(
    connection: Connection, site: Site, letters: Letters, unsigned: GuaranteeRecord
) -> None:
    batch = Batch(connection, site)
    row = _get_letter(connection, unsigned.letter_id)
    turn = Turn(connection, batch, letters.view(row), row)
    sig = site.keys.organiser.sign(signed_bytes(unsigned))
    turn.add_guarantee(dataclasses.replace(unsigned, sig=sig))
    batch.write()


def _get_letter(connection: Connection, letter_id: bytes) -> LetterRow:
    row = letter_store.find_letter(connection, letter_id)
    if row is None:
        raise StoreError("the letter of a guarantee is missing")
    return row
