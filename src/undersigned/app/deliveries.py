"""The delivery of a released letter to each addressee: its mail, what became of it, doing it again."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from undersigned.app.answering import LINK_DAYS, make_answer_link
from undersigned.app.delivering import Fate, Try
from undersigned.app.letters import Letters, stage_of
from undersigned.app.mailing import Composed, MailKind, add_mail, compose
from undersigned.app.pdf import Printed, find_pdf, read_printed
from undersigned.app.reading import read_texts
from undersigned.app.site import Site
from undersigned.domain.address import canonical_address
from undersigned.domain.letter import LetterId
from undersigned.encoding import format_base64
from undersigned.errors import DeliveryWaits, NotReleased, UnknownAddressee
from undersigned.store import addressees as addressee_store
from undersigned.store import deliveries as delivery_store
from undersigned.store import purged as purged_store
from undersigned.store.database import Connection
from undersigned.store.deliveries import DeliveryRow
from undersigned.store.outbox import MailRow


class DeliveryState(StrEnum):
    """Where a delivery is."""

    WAITING = "waiting"
    """For its first try, or the next."""
    SENT = "sent"
    """The mail server has taken the mail."""
    REFUSED = "refused"
    """The mail server never will."""
    GIVEN_UP = "given-up"
    """It was tried for three days."""
    BOUNCED = "bounced"
    """A mail server further on sent it back."""
    BY_HAND = "by-hand"
    """It was handed over otherwise, an organiser says."""


_STATE_OF: Final = {
    Fate.SENT: DeliveryState.SENT,
    Fate.WAITING: DeliveryState.WAITING,
    Fate.REFUSED: DeliveryState.REFUSED,
    Fate.GIVEN_UP: DeliveryState.GIVEN_UP,
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """An addressee of a letter, and what became of its delivery; `address` is None if none is known."""

    number: int
    addressee: str
    address: str | None
    row: DeliveryRow | None


# --- the mail


def compose_delivery(printed: Printed, number: int, token: str) -> Composed:
    """Write the mail that hands a letter to its addressee of this number (from 1).

    `token` is of the link by which the addressee answers.
    """
    page, letter, text = printed.page, printed.page.letter, printed.text
    return compose(
        MailKind.DELIVERY,
        text.lang.partition("-")[0],
        title=text.title,
        addressee=text.addressees[number - 1],
        demands=[demand.text for demand in text.demands],
        consequence=text.consequence,
        deadline=letter.deadline,
        standing=page.numbers.counts.standing,
        anonymous=page.numbers.counts.anonymous,
        headcount=page.numbers.headcount,
        released_at=page.stage.released_at or page.numbers.at,
        url=printed.url,
        answer_url=f"{printed.base}/answer/{token}",
        link_days=LINK_DAYS,
        commands=printed.commands,
        letter_id=letter.letter_id.hex(),
        origin=printed.checkpoint.origin,
        size=printed.checkpoint.size,
        root=format_base64(printed.checkpoint.root),
    )


def put_delivery_mail(
    connection: Connection, printed: Printed, number: int, address: str, pdf: bytes, at: int
) -> None:
    """Put the mail to an addressee into the outbox, and say that the delivery waits for it.

    The link in it is a new one; that of a mail before is good no longer.
    """
    letter_id = printed.page.letter.letter_id
    token = make_answer_link(connection, letter_id, number, at, address)
    composed = compose_delivery(printed, number, token)
    mail = add_mail(
        connection, "collector", address, composed, at=at, ref=letter_id, attachment=pdf
    )
    state = DeliveryState.WAITING.value
    row = DeliveryRow(letter_id, number, state, mail, 0, None, at, at)
    delivery_store.put_delivery(connection, row)


# --- what became of it


def note_try(connection: Connection, row: MailRow, tried: Try) -> None:
    """Note how a try to send a mail ended, if it is the last one of a delivery."""
    delivery = delivery_store.find_delivery_of(connection, row.mail)
    if delivery is None:
        return
    noted = replace(
        delivery,
        state=_STATE_OF[tried.fate].value,
        tries=delivery.tries + 1,
        code=tried.code,
        at=tried.at,
        next_at=tried.next_at,
    )
    delivery_store.put_delivery(connection, noted)


def note_bounce(site: Site, mail: bytes, code: str) -> bool:
    """Note that a mail which had been sent came back; say whether it was one of a delivery."""
    with site.collector.write() as connection:
        delivery = delivery_store.find_delivery_of(connection, mail)
        if delivery is None or delivery.state not in (DeliveryState.SENT, DeliveryState.WAITING):
            # waiting: a crash after the mail was sent, before that was noted
            return False
        state = DeliveryState.BOUNCED.value
        now = site.clock.now()
        noted = replace(delivery, state=state, code=code, at=now, next_at=None)
        delivery_store.put_delivery(connection, noted)
    return True


def list_deliveries(site: Site, letters: Letters, name: str) -> list[Delivery]:
    """Return every addressee of a letter with its delivery. Raises UnknownLetter."""
    with site.collector.read() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        return _deliveries(connection, letters, letter_id)


def _deliveries(connection: Connection, letters: Letters, letter_id: bytes) -> list[Delivery]:
    view = letters.get(connection, LetterId(letter_id))
    text = read_texts(connection, view.letter)[0]
    addresses = addressee_store.list_addressee_addresses(connection, letter_id)
    rows = {row.number: row for row in delivery_store.list_deliveries(connection, letter_id)}
    return [
        Delivery(number, addressee, addresses.get(number), rows.get(number))
        for number, addressee in enumerate(text.addressees, 1)
    ]


# --- what organisers do


def send_again(
    site: Site, letters: Letters, name: str, number: int, address: str, url: str
) -> None:
    """Send a released letter to an addressee, once more or for the first time, at this address.

    `url` is where people reach the site. Raises FormatError if it is no address, UnknownLetter,
    UnknownAddressee; NotReleased; DeliveryWaits while a mail to this addressee is on its way.
    """
    address = canonical_address(address)
    printed = read_printed(site, letters, name, url, None)
    with site.collector.write() as connection:
        delivery = _get(connection, letters, printed.page.letter.letter_id, number)
        pdf = find_pdf(connection, printed.page.letter.letter_id)
        if printed.page.stage.released_at is None or pdf is None:
            raise NotReleased
        if delivery.row is not None and delivery.row.state == DeliveryState.WAITING:
            raise DeliveryWaits
        if printed.page.letter.letter_id not in purged_store.list_purged(connection):
            addressee_store.put_addressee_address(
                connection, printed.page.letter.letter_id, number, address
            )
        put_delivery_mail(connection, printed, number, address, pdf[0], site.clock.now())


def record_by_hand(site: Site, letters: Letters, name: str, number: int) -> None:
    """Record that a released letter was handed to an addressee otherwise.

    Raises UnknownLetter, UnknownAddressee, NotReleased; DeliveryWaits while a mail is on its way.
    """
    with site.collector.write() as connection:
        row = letters.get_row(connection, name)
        if stage_of(row).released_at is None:
            raise NotReleased
        delivery = _get(connection, letters, row.letter_id, number)
        if delivery.row is not None and delivery.row.state == DeliveryState.WAITING:
            raise DeliveryWaits
        state, now = DeliveryState.BY_HAND.value, site.clock.now()
        by_hand = DeliveryRow(row.letter_id, number, state, None, 0, None, now, None)
        delivery_store.put_delivery(connection, by_hand)


def _get(connection: Connection, letters: Letters, letter_id: bytes, number: int) -> Delivery:
    """Return a delivery by its addressee's number (from 1). Raises UnknownAddressee."""
    for delivery in _deliveries(connection, letters, letter_id):
        if delivery.number == number:
            return delivery
    raise UnknownAddressee
