"""Answering demands: the addressee by a link of their own, or the organiser, who says where it is from.

Each answer is one record and one document, written in one transaction with what the site remembers of
them: a crash before its commit leaves nothing, one after it a log that is published later.

With a link each demand can be answered once. It is good until every demand is answered with it, so that
an addressee can answer two demands today and the third next week; but whoever finds the mail later
changes nothing that was said. Which ones these are the log says: they came by that addressee's link
since the link was made.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from undersigned.app.answers import Answers, read_answers
from undersigned.app.letters import Letters, LetterView
from undersigned.app.link_mails import Sending, mail_answer_link
from undersigned.app.link_tokens import hash_of, make_link
from undersigned.app.log import Batch, publish_now
from undersigned.app.reading import read_texts
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.address import canonical_address
from undersigned.domain.canonical import check_range
from undersigned.domain.letter import Letter, TextDocument
from undersigned.domain.record import (
    DemandAnswer,
    DemandState,
    LetterRecord,
    ResponseRecord,
    ResponseSource,
    parse_record,
    signed_bytes,
)
from undersigned.domain.response import Answerer, DemandReply, Response, format_response
from undersigned.errors import AnsweredBefore, FormatError, StoreError, UnknownLetter, UnknownLink
from undersigned.store import answers as answer_store
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store.addressees import list_addressee_addresses
from undersigned.store.answers import AnswerLinkRow
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow

DAY_S: Final = 86_400
LINK_DAYS: Final = 90
"""A link is good for so many days after the letter has closed, or after it was made if that is later."""

_NO_SIGNATURE: Final = bytes(64)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered to one demand."""

    demand: str
    state: DemandState
    text: str | None


@dataclass(frozen=True, slots=True)
class AnswerLink:
    """A link as whoever opens it sees it: whose it is, what can be answered with it, until when."""

    view: LetterView
    text: TextDocument
    addressee: int
    domain: str
    expires: int
    answers: Answers
    left: tuple[str, ...]

    @property
    def letter(self) -> Letter:
        """The letter that is answered."""
        return self.view.letter

    @property
    def name(self) -> str:
        """Who is addressed, in the letter's first language."""
        return self.text.addressees[self.addressee - 1]


# --- links


def make_answer_link(
    connection: Connection, letter_id: bytes, addressee: int, now: int, address: str | None = None
) -> str:
    """Make the link of an addressee (from 1) for a mail to `address`; return its token.

    None is the address that the site keeps of that addressee. A link that was made before is good no
    longer. Raises UnknownLetter; FormatError, also if no address is kept.
    """
    row = letter_store.find_letter(connection, letter_id)
    if row is None:
        raise UnknownLetter
    record = parse_record(row.record)
    if not isinstance(record, LetterRecord):
        raise StoreError("the record of a letter is of another kind")
    text = read_texts(connection, record.letter)[0]
    check_range(addressee, "addressee", 1, len(text.addressees))
    address = address or list_addressee_addresses(connection, letter_id).get(addressee)
    if address is None:
        raise FormatError("address: there is none of this addressee")
    checkpoint = log_store.find_checkpoint(connection)
    link = make_link()
    made = AnswerLinkRow(
        letter_id=letter_id,
        addressee=addressee,
        token_hash=link.token_hash,
        domain=canonical_address(address).partition("@")[2],
        since=0 if checkpoint is None else checkpoint.size,
        made_at=now,
        expires=max(record.letter.closes, now) + LINK_DAYS * DAY_S,
    )
    answer_store.put_answer_link(connection, made)
    return link.token


def new_answer_link(
    site: Site,
    letters: Letters,
    name: str,
    addressee: int,
    address: str,
    *,
    mail_from: str | None = None,
) -> str:
    """Make the link of an addressee of `slug` or `slug@edition`; return its token.

    `mail_from`, where people reach this site, has it sent to the address. As `make_answer_link`.
    """
    with site.collector.write() as connection:
        row = letters.get_row(connection, name)
        now = site.clock.now()
        token = make_answer_link(connection, row.letter_id, addressee, now, address)
        if mail_from is not None:
            link = _read_link(connection, letters, _get_row(connection, token, now))
            sending = Sending(link.letter, link.text, mail_from, now)
            to = canonical_address(address)
            mail_answer_link(connection, sending, to, link.name, token, link.expires)
    return token


def revoke_answer_link(site: Site, letters: Letters, name: str, addressee: int) -> None:
    """Take the link of an addressee back. Raises UnknownLetter, UnknownLink."""
    with site.collector.write() as connection:
        row = letters.get_row(connection, name)
        if not answer_store.delete_answer_link(connection, row.letter_id, addressee):
            raise UnknownLink


def list_answer_links(site: Site, letters: Letters, name: str) -> list[AnswerLink]:
    """Return the links of a letter that are good, used up or not. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        now = site.clock.now()
        links = answer_store.list_answer_links(connection, row.letter_id)
        return [_read_link(connection, letters, link) for link in links if now < link.expires]


def list_addresses(site: Site, letters: Letters, name: str) -> dict[int, str]:
    """Return the addresses that the site keeps of a letter's addressees, by number (from 1).

    Raises UnknownLetter.
    """
    with site.collector.read() as connection:
        return list_addressee_addresses(connection, letters.get_row(connection, name).letter_id)


def get_answer_link(site: Site, letters: Letters, token: str) -> AnswerLink:
    """Return what a link is for; nothing is changed by that. Raises UnknownLink."""
    with site.collector.read() as connection:
        return _read_link(connection, letters, _get_row(connection, token, site.clock.now()))


def _get_row(connection: Connection, token: str, now: int) -> AnswerLinkRow:
    row = answer_store.find_answer_link(connection, hash_of(token))
    if row is None or row.expires <= now:
        raise UnknownLink
    return row


def _read_link(connection: Connection, letters: Letters, row: AnswerLinkRow) -> AnswerLink:
    view = letters.get(connection, row.letter_id)
    answers = read_answers(connection, view.letter)
    used = {
        answer.demand
        for demand in answers.demands
        for answer in demand.answers
        if answer.addressee == row.addressee and answer.leaf_index >= row.since
    }
    return AnswerLink(
        view=view,
        text=read_texts(connection, view.letter)[0],
        addressee=row.addressee,
        domain=row.domain,
        expires=row.expires,
        answers=answers,
        left=tuple(demand for demand in view.letter.demands if demand not in used),
    )


# --- answers


def check_replies(letter: Letter, replies: Sequence[Reply]) -> None:
    """Check that replies are to demands of the letter, each once. Raises FormatError."""
    demands = [reply.demand for reply in replies]
    if not demands:
        raise FormatError("no demand is answered")
    if not set(demands) <= set(letter.demands) or len(set(demands)) != len(demands):
        raise FormatError("an answer is to a demand of the letter, each once")


def give_answer(
    site: Site, letters: Letters, token: str, replies: Sequence[Reply], lang: str
) -> ResponseRecord:
    """Record what an addressee answers by their link, in `lang`.

    Raises UnknownLink; AnsweredBefore, if one of the demands was answered with it; FormatError.
    """
    publish_now(site)
    with site.collector.write() as connection:
        link_row = _get_row(connection, token, site.clock.now())
        link = _read_link(connection, letters, link_row)
        check_replies(link.letter, replies)
        if not {reply.demand for reply in replies} <= set(link.left):
            raise AnsweredBefore
        response = Response(
            lang, _said(replies), Answerer(link.addressee, link.domain), told_by=None
        )
        row = letters.get_row(connection, f"{link.letter.slug}@{link.letter.edition}")
        record = _append(connection, site, letters, row, replies, response)
    publish_now(site)
    return record


def record_answer(
    site: Site, letters: Letters, name: str, replies: Sequence[Reply], told_by: str, lang: str
) -> ResponseRecord:
    """Record an answer that reached the organiser elsewhere; `told_by` says where.

    Raises UnknownLetter, FormatError.
    """
    publish_now(site)
    with site.collector.write() as connection:
        row = letters.get_row(connection, name)
        check_replies(letters.view(row).letter, replies)
        response = Response(lang, _said(replies), None, told_by)
        record = _append(connection, site, letters, row, replies, response)
    publish_now(site)
    return record


def _said(replies: Sequence[Reply]) -> tuple[DemandReply, ...]:
    return tuple(DemandReply(reply.demand, reply.text) for reply in replies)


def _append(
    connection: Connection,
    site: Site,
    letters: Letters,
    row: LetterRow,
    replies: Sequence[Reply],
    response: Response,
) -> ResponseRecord:
    batch = Batch(connection, site)
    turn = Turn(connection, batch, letters.view(row), row)
    answerer = response.answerer
    unsigned = ResponseRecord(
        turn.letter.letter_id,
        tuple(DemandAnswer(reply.demand, reply.state) for reply in replies),
        site.clock.now(),
        letter_store.put_document(connection, format_response(response)),
        ResponseSource.ORGANISER if answerer is None else ResponseSource.ADDRESSEE,
        _NO_SIGNATURE,
    )
    sig = site.keys.organiser.sign(signed_bytes(unsigned))
    record = dataclasses.replace(unsigned, sig=sig)
    turn.add_response(record, None if answerer is None else answerer.addressee)
    batch.write()
    return record
