"""What became of a released letter on its way to each of its addressees; no address is here."""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.database import upsert
from undersigned.store.outbox_schema import delivery


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery: to which addressee, where it is, the last mail's id, its tries, what was answered.

    `at` is when the state was entered, or the last try was made; `next_at` when the next one is due.
    """

    letter_id: bytes
    number: int
    state: str
    mail: bytes | None
    tries: int
    code: str | None
    at: int
    next_at: int | None


_COLUMNS = tuple(delivery.c[name] for name in DeliveryRow.__slots__)


def _values(row: DeliveryRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in DeliveryRow.__slots__}


def put_delivery(connection: sa.Connection, row: DeliveryRow) -> None:
    """Add a delivery, or put it into the place of the addressee's last one."""
    upsert(connection, delivery, _values(row))


def list_deliveries(connection: sa.Connection, letter_id: bytes) -> list[DeliveryRow]:
    """Return the deliveries of a letter in the order of its addressees."""
    query = sa.select(*_COLUMNS).where(delivery.c.letter_id == letter_id)
    return [DeliveryRow(*row) for row in connection.execute(query.order_by(delivery.c.number))]


def find_delivery_of(connection: sa.Connection, mail: bytes) -> DeliveryRow | None:
    """Return the delivery whose last mail has this id."""
    row = connection.execute(sa.select(*_COLUMNS).where(delivery.c.mail == mail)).first()
    return DeliveryRow(*row) if row else None
