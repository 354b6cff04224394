"""Where the addressees of a letter get their mail: what the site keeps, and no record holds."""

import sqlalchemy as sa

from undersigned.store.collector_schema import addressee_address
from undersigned.store.database import insert_missing, upsert


def put_addressee_addresses(
    connection: sa.Connection, letter_id: bytes, addresses: dict[int, str]
) -> None:
    """Keep the address of each addressee by number (from 1, as the authoritative text has them).

    Those of before are forgotten.
    """
    connection.execute(
        sa.delete(addressee_address).where(addressee_address.c.letter_id == letter_id)
    )
    rows = [
        {"letter_id": letter_id, "number": number, "address": address}
        for number, address in addresses.items()
    ]
    if rows:
        insert_missing(connection, addressee_address, rows)


def put_addressee_address(
    connection: sa.Connection, letter_id: bytes, number: int, address: str
) -> None:
    """Keep another address of one addressee."""
    values = {"letter_id": letter_id, "number": number, "address": address}
    upsert(connection, addressee_address, values)


def list_addressee_addresses(connection: sa.Connection, letter_id: bytes) -> dict[int, str]:
    """Return the addresses of a letter's addressees by number; who has none is not among them."""
    query = sa.select(addressee_address.c.number, addressee_address.c.address)
    rows = connection.execute(
        query.where(addressee_address.c.letter_id == letter_id).order_by(addressee_address.c.number)
    )
    return {row.number: row.address for row in rows}
