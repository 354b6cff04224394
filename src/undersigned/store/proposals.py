"""Letters that wait to be opened: their body, the acks that have come, and trustees' addresses."""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.collector_schema import (
    ack,
    addressee_address,
    letter,
    proposal,
    trustee_address,
)
from undersigned.store.database import insert_missing, insert_new


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal: its body (canonical), and the `roll` record of an issuer elsewhere, once it is there."""

    letter_id: bytes
    slug: str
    edition: int
    body: bytes
    roll: bytes | None


_COLUMNS = tuple(proposal.c[name] for name in ProposalRow.__slots__)


def put_proposal(connection: sa.Connection, row: ProposalRow) -> None:
    """Store a proposal in the place of an older one of the same slug and edition."""
    older = find_proposed(connection, row.slug, row.edition)
    if older is not None:
        delete_addresses(connection, older.letter_id)
        for table in (proposal, ack):
            connection.execute(sa.delete(table).where(table.c.letter_id == older.letter_id))
    values = {name: getattr(row, name) for name in ProposalRow.__slots__}
    connection.execute(sa.insert(proposal).values(values))


def find_proposal(connection: sa.Connection, letter_id: bytes) -> ProposalRow | None:
    """Return a proposal by the id of its letter."""
    query = sa.select(*_COLUMNS).where(proposal.c.letter_id == letter_id)
    row = connection.execute(query).first()
    return ProposalRow(*row) if row else None


def find_proposed(connection: sa.Connection, slug: str, edition: int) -> ProposalRow | None:
    """Return the proposal of a slug and edition."""
    query = sa.select(*_COLUMNS).where(proposal.c.slug == slug, proposal.c.edition == edition)
    row = connection.execute(query).first()
    return ProposalRow(*row) if row else None


def list_unopened(connection: sa.Connection) -> list[ProposalRow]:
    """Return the proposals with addresses of people that no letter was opened from so far."""
    tables = (trustee_address, addressee_address)
    has_address = (sa.exists().where(each.c.letter_id == proposal.c.letter_id) for each in tables)
    is_opened = sa.exists().where(letter.c.letter_id == proposal.c.letter_id)
    query = sa.select(*_COLUMNS).where(sa.or_(*has_address), ~is_opened)
    return [ProposalRow(*row) for row in connection.execute(query)]


def delete_addresses(connection: sa.Connection, letter_id: bytes) -> None:
    """Forget where a letter's trustees and addressees get mail."""
    for table in (trustee_address, addressee_address):
        connection.execute(sa.delete(table).where(table.c.letter_id == letter_id))


def put_roll(connection: sa.Connection, letter_id: bytes, roll: bytes) -> None:
    """Keep the `roll` record that came with an issuer's ack."""
    connection.execute(
        sa.update(proposal).where(proposal.c.letter_id == letter_id).values(roll=roll)
    )


def add_ack(connection: sa.Connection, letter_id: bytes, party: int, sig: bytes) -> bool:
    """Keep an ack (party 0 is the issuer's); say False if there is one of that party."""
    values = {"letter_id": letter_id, "party": party, "sig": sig}
    return insert_new(connection, ack, values, returning=ack.c.party)


def list_acks(connection: sa.Connection, letter_id: bytes) -> dict[int, bytes]:
    """Return the acks of a proposal by party, the issuer (0) first."""
    query = sa.select(ack.c.party, ack.c.sig).where(ack.c.letter_id == letter_id)
    return {row.party: row.sig for row in connection.execute(query.order_by(ack.c.party))}


def put_addresses(connection: sa.Connection, letter_id: bytes, addresses: dict[int, str]) -> None:
    """Keep where trustees are told that it is their turn, by number; those of before are forgotten."""
    connection.execute(sa.delete(trustee_address).where(trustee_address.c.letter_id == letter_id))
    rows = [
        {"letter_id": letter_id, "number": number, "address": address}
        for number, address in addresses.items()
    ]
    if rows:
        insert_missing(connection, trustee_address, rows)


def list_addresses(connection: sa.Connection, letter_id: bytes) -> dict[int, str]:
    """Return the addresses of a letter's trustees by number."""
    query = sa.select(trustee_address.c.number, trustee_address.c.address)
    rows = connection.execute(
        query.where(trustee_address.c.letter_id == letter_id).order_by(trustee_address.c.number)
    )
    return {row.number: row.address for row in rows}
