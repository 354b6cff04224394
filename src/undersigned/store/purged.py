"""Letters whose addresses the collector has deleted, since the time that they stated has come.

What links need stays until they are good no longer, without an address: the hash of the link, and what is
public with a guarantee. Whatever is kept of such a letter later goes in the same way.
"""

import sqlalchemy as sa

from undersigned.store import outbox, proposals, webhooks
from undersigned.store.answers_schema import answer_link, guarantee_offer
from undersigned.store.collector_schema import purged
from undersigned.store.database import insert_new


def find_purged(connection: sa.Connection, letter_id: bytes) -> int | None:
    """Return when the addresses of a letter were deleted (UTC seconds)."""
    return connection.execute(
        sa.select(purged.c.at).where(purged.c.letter_id == letter_id)
    ).scalar()


def list_purged(connection: sa.Connection) -> set[bytes]:
    """Return the letters whose addresses were deleted."""
    return set(connection.execute(sa.select(purged.c.letter_id)).scalars())


def purge_addresses(connection: sa.Connection, letter_id: bytes, at: int) -> bool:
    """Delete where people get mail about a letter; say False if that was done before.

    They are its trustees, its addressees and whoever was asked for a guarantee; mails that wait go, too,
    and webhooks: nothing that they would tell is to come.
    """
    values = {"letter_id": letter_id, "at": at}
    if not insert_new(connection, purged, values, returning=purged.c.letter_id):
        return False
    proposals.delete_addresses(connection, letter_id)
    outbox.delete_mails_about(connection, letter_id, "collector")
    webhooks.delete_webhooks_of(connection, letter_id)
    delete_leftovers(connection, at)
    return True


def has_leftovers(connection: sa.Connection, now: int) -> bool:
    """Say whether a purged letter has something that is to go by now."""
    found = (
        sa.exists().where(_is_over(now)),
        sa.exists().where(_is_to_go(now)),
        sa.exists().where(_is_to_lose_its_address()),
    )
    return bool(connection.execute(sa.select(sa.or_(*found))).scalar_one())


def delete_leftovers(connection: sa.Connection, now: int) -> None:
    """Delete what is left of purged letters and good for nothing any more.

    Links to answer that are over; guarantees that were asked for and not given, and of those that were
    given what stands before the `@` of an address.
    """
    offer = guarantee_offer.c
    connection.execute(sa.delete(answer_link).where(_is_over(now)))
    connection.execute(sa.delete(guarantee_offer).where(_is_to_go(now)))
    given = sa.select(offer.offer, offer.address).where(_is_to_lose_its_address())
    for row in connection.execute(given).all():
        domain = row.address.rpartition("@")[2]
        connection.execute(
            sa.update(guarantee_offer).where(offer.offer == row.offer).values(address=f"@{domain}")
        )


def _is_over(now: int) -> sa.ColumnElement[bool]:
    letters = sa.select(purged.c.letter_id)
    return sa.and_(answer_link.c.letter_id.in_(letters), answer_link.c.expires <= now)


def _is_to_go(now: int) -> sa.ColumnElement[bool]:
    """Was not given, and was asked for before the purge, or so long ago that its link is over."""
    offer = guarantee_offer.c
    before = sa.exists().where(
        purged.c.letter_id == offer.letter_id,
        sa.or_(offer.made_at <= purged.c.at, offer.link_expires <= now),
    )
    return sa.and_(offer.state.in_(("asked", "declined")), before)


def _is_to_lose_its_address() -> sa.ColumnElement[bool]:
    offer = guarantee_offer.c
    letters = sa.select(purged.c.letter_id)
    is_public = offer.state.in_(("given", "withdrawn"))
    return sa.and_(offer.letter_id.in_(letters), is_public, offer.address.not_like("@%"))
