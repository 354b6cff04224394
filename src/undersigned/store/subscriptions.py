"""Members who asked for mails about a letter, and what they were told."""

from typing import NamedTuple

import sqlalchemy as sa

from undersigned.store.database import insert_new
from undersigned.store.issuer_schema import milestone, roll_entry, subscription


class SubscriptionRow(NamedTuple):
    """A wish for mails: in which language, the hash of the link that ends it, how many were written."""

    letter_id: bytes
    commit: bytes
    lang: str
    link_hash: bytes
    sent: int


class Subscriber(NamedTuple):
    """Who is to be written to: the commitment, the address on the roll, the language."""

    commit: bytes
    address: str
    lang: str


def add_subscription(connection: sa.Connection, row: SubscriptionRow) -> bool:
    """Store a wish; say False if it was there."""
    return insert_new(connection, subscription, row._asdict(), returning=subscription.c.commit)


def delete_subscription(connection: sa.Connection, link_hash: bytes) -> None:
    """Forget a wish, if it is there."""
    connection.execute(sa.delete(subscription).where(subscription.c.link_hash == link_hash))


def list_subscribers(
    connection: sa.Connection, letter_id: bytes, slug: str, *, most: int
) -> list[Subscriber]:
    """Return who is to be written to: those who have got fewer than `most` mails, and are not blocked."""
    rows = connection.execute(
        sa.select(subscription.c.commit, roll_entry.c.address, subscription.c.lang)
        .join(roll_entry, roll_entry.c.commit == subscription.c.commit)
        .where(
            subscription.c.letter_id == letter_id,
            subscription.c.sent < most,
            roll_entry.c.slug == slug,
            roll_entry.c.blocked == 0,
            roll_entry.c.address.is_not(None),
        )
        .order_by(subscription.c.commit)
    )
    return [Subscriber(*row) for row in rows]


def count_sent(connection: sa.Connection, letter_id: bytes, *, most: int) -> None:
    """Count one mail more for each who is written to."""
    connection.execute(
        sa.update(subscription)
        .where(subscription.c.letter_id == letter_id, subscription.c.sent < most)
        .values(sent=subscription.c.sent + 1)
    )


def list_told(connection: sa.Connection, letter_id: bytes) -> set[str]:
    """Return what members were told of a letter."""
    query = sa.select(milestone.c.kind).where(milestone.c.letter_id == letter_id)
    return set(connection.execute(query).scalars())


def add_told(connection: sa.Connection, letter_id: bytes, kind: str) -> bool:
    """Store that members are told something; say False if they were."""
    values = {"letter_id": letter_id, "kind": kind}
    return insert_new(connection, milestone, values, returning=milestone.c.kind)
