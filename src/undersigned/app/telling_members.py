"""Telling members by mail how a letter goes: those who asked for it while they proved membership.

The mails name neither letter nor cause: work mailboxes are read by others. Each says one thing, once for
each letter; whoever has got `MOST_MAILS` of a letter gets no more. What was told is stored in the transaction
that writes the mails: a crash leaves both or neither.

A link in each mail ends them. What it holds is made of the issuer's own secret and of the member's
commitment, so that the mails of one member hold the same, and the database keeps its hash alone.
"""

import hashlib
import hmac
import secrets
from enum import StrEnum

from undersigned.app.issuer import Issuer
from undersigned.app.mailing import MailKind, add_mail, compose
from undersigned.app.news import LetterNews
from undersigned.domain.letter import Letter, State
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError
from undersigned.store import acknowledged as letter_store
from undersigned.store import subscriptions as subscription_store
from undersigned.store.database import Connection
from undersigned.store.members import MemberRow
from undersigned.store.subscriptions import SubscriptionRow

MOST_MAILS = 6

LINK_BYTES = 16

_SECRET = "mail_secret"  # noqa: S105 - the name of a fact


class Told(StrEnum):
    """What members are told, in the order in which it can come."""

    QUARTER = "quarter"
    HALF = "half"
    THREE_QUARTERS = "three-quarters"
    REACHED = "reached"
    RELEASED = "released"
    ANSWERED = "answered"
    DUE = "due"


def subscribe(issuer: Issuer, letter: Letter, member: MemberRow, lang: str) -> None:
    """Remember that a member, who has proved membership, wants mails; without an address do nothing."""
    if member.address is None:
        return
    with issuer.database.write() as connection:
        link = _link_of(_get_secret(connection), letter, member.commit)
        row = SubscriptionRow(letter.letter_id, member.commit, lang, _hash_of(link), 0)
        subscription_store.add_subscription(connection, row)


def unsubscribe(issuer: Issuer, link: str) -> None:
    """End the mails of whoever has this link (what its address ends with); an unknown one ends nothing."""
    try:
        digest = _hash_of(parse_base64url(link, size=LINK_BYTES))
    except FormatError:
        return
    with issuer.database.write() as connection:
        subscription_store.delete_subscription(connection, digest)


def tell_members(issuer: Issuer, url: str, letter: Letter, news: LetterNews) -> int:
    """Write what is new of a letter to those who want to hear it; return how many mails were written.

    Only the last of several things is told; `url` is where the issuer is reached.
    """
    true = find_told(letter, news, issuer.clock.now())
    with issuer.database.read() as connection:
        known = subscription_store.list_told(connection, letter.letter_id)
    if not [told for told in true if told.value not in known]:
        return 0
    with issuer.database.write() as connection:
        new = [
            told
            for told in true
            if subscription_store.add_told(connection, letter.letter_id, told.value)
        ]
        return _write(connection, issuer, url, letter, new[-1]) if new else 0


def find_told(letter: Letter, news: LetterNews, now: int) -> list[Told]:
    """Return what is true of a letter, in the order in which it came."""
    quarters = (Told.QUARTER, Told.HALF, Told.THREE_QUARTERS)
    is_released = news.released_at is not None
    is_reached = is_released or news.reached_at is not None
    true = [
        told
        for quarter, told in enumerate(quarters, 1)
        if is_reached or news.m * 4 >= letter.rule * quarter
    ]
    if is_reached:
        true.append(Told.REACHED)
    if is_released:
        true.append(Told.RELEASED)
    if is_released and news.is_answered:
        true.append(Told.ANSWERED)
    if is_released and letter.deadline is not None and letter.deadline <= now:
        true.append(Told.DUE)
    return [] if news.state in (State.LAPSED, State.SUPERSEDED) else true


def _write(connection: Connection, issuer: Issuer, url: str, letter: Letter, told: Told) -> int:
    secret = _get_secret(connection)
    subscribers = subscription_store.list_subscribers(
        connection, letter.letter_id, letter.slug, most=MOST_MAILS
    )
    for each in subscribers:
        link = format_base64url(_link_of(secret, letter, each.commit))
        address = f"{url}/mails/{link}"
        composed = compose(MailKind.NEWS, each.lang, told=told.value, link=address, most=MOST_MAILS)
        add_mail(
            connection,
            "issuer",
            each.address,
            composed,
            at=issuer.clock.now(),
            ref=letter.letter_id,
            headers={
                "List-Unsubscribe": f"<{address}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
    subscription_store.count_sent(connection, letter.letter_id, most=MOST_MAILS)
    return len(subscribers)


def _get_secret(connection: Connection) -> bytes:
    """Return what the links are made with, made when it is first needed."""
    known = letter_store.get_facts(connection).get(_SECRET)
    if known is not None:
        return bytes.fromhex(known)
    secret = secrets.token_bytes(32)
    letter_store.put_fact(connection, _SECRET, secret.hex())
    return secret


def _link_of(secret: bytes, letter: Letter, commit: bytes) -> bytes:
    message = b"undersigned/v1/mails\n" + letter.letter_id + commit
    return hmac.digest(secret, message, "sha256")[:LINK_BYTES]


def _hash_of(link: bytes) -> bytes:
    return hashlib.sha256(link).digest()
