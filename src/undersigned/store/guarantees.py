"""Guarantees that are in the log, and those that a guarantor was asked for."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from undersigned.store.answers_schema import guarantee, guarantee_offer


@dataclass(frozen=True, slots=True)
class GuaranteeRow:
    """A guarantee given or withdrawn: its leaf, when, its bounds, the hash of its document."""

    leaf_index: int
    letter_id: bytes
    state: str
    at: int
    cap: int | None
    expires: int | None
    document: bytes


@dataclass(frozen=True, slots=True)
class OfferRow:
    """A guarantee that somebody was asked for: by a random id, with the address that was asked.

    `token_hash` is that of the link that confirms it, later of the one that withdraws it. Of an address whose
    time is over only the domain is left, behind an `@`.
    """

    offer: bytes
    letter_id: bytes
    state: str
    lang: str
    guarantor: str
    terms: str
    address: str
    cap: int | None
    expires: int | None
    made_at: int
    token_hash: bytes | None
    link_expires: int
    document: bytes | None

    @property
    def has_address(self) -> bool:
        """Say whether a mail can be sent to it."""
        return not self.address.startswith("@")


_GUARANTEE = tuple(guarantee.c[name] for name in GuaranteeRow.__slots__)
_OFFER = tuple(guarantee_offer.c[name] for name in OfferRow.__slots__)


def add_guarantee(connection: sa.Connection, row: GuaranteeRow) -> None:
    """Store a record of a guarantee that was just appended to the log."""
    values = {name: getattr(row, name) for name in GuaranteeRow.__slots__}
    connection.execute(sa.insert(guarantee).values(values))


def list_guarantees(connection: sa.Connection, letter_id: bytes) -> list[GuaranteeRow]:
    """Return every record of a guarantee under a letter, in the log's order."""
    rows = connection.execute(
        sa.select(*_GUARANTEE)
        .where(guarantee.c.letter_id == letter_id)
        .order_by(guarantee.c.leaf_index)
    )
    return [GuaranteeRow(**row._mapping) for row in rows]  # noqa: SLF001 - the public name is _mapping


def add_offer(connection: sa.Connection, row: OfferRow) -> None:
    """Store what somebody is asked to guarantee."""
    values = {name: getattr(row, name) for name in OfferRow.__slots__}
    connection.execute(sa.insert(guarantee_offer).values(values))


def change_offer(connection: sa.Connection, offer: bytes, **values: Any) -> None:
    """Change columns of an offer."""
    connection.execute(
        sa.update(guarantee_offer).where(guarantee_offer.c.offer == offer).values(values)
    )


def find_offer(connection: sa.Connection, offer: bytes) -> OfferRow | None:
    """Return an offer by its id."""
    return _find(connection, guarantee_offer.c.offer == offer)


def find_offer_by_token(connection: sa.Connection, token_hash: bytes) -> OfferRow | None:
    """Return the offer that a link is about."""
    return _find(connection, guarantee_offer.c.token_hash == token_hash)


def _find(connection: sa.Connection, where: "sa.ColumnElement[bool]") -> OfferRow | None:
    row = connection.execute(sa.select(*_OFFER).where(where)).first()
    return OfferRow(**row._mapping) if row else None  # noqa: SLF001


def list_offers(connection: sa.Connection, letter_id: bytes) -> list[OfferRow]:
    """Return all offers of a letter, the newest first."""
    rows = connection.execute(
        sa.select(*_OFFER)
        .where(guarantee_offer.c.letter_id == letter_id)
        .order_by(guarantee_offer.c.made_at.desc(), guarantee_offer.c.offer)
    )
    return [OfferRow(**row._mapping) for row in rows]  # noqa: SLF001


def delete_offer(connection: sa.Connection, offer: bytes) -> None:
    """Forget an offer, its address with it."""
    connection.execute(sa.delete(guarantee_offer).where(guarantee_offer.c.offer == offer))
