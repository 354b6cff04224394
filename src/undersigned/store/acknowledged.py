"""The letters that an issuer has acknowledged and gives tokens for; and facts about an issuer apart."""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.database import insert_new
from undersigned.store.issuer_schema import acknowledged, fact, followed


@dataclass(frozen=True, slots=True)
class AcknowledgedRow:
    """A letter: its body (JCS), and the address of the site that collects its signatures.

    `site` is None where that is the site in the same folder.
    """

    letter_id: bytes
    slug: str
    edition: int
    body: bytes
    site: str | None


_COLUMNS = tuple(acknowledged.c[name] for name in AcknowledgedRow.__slots__)


def add_acknowledged(connection: sa.Connection, row: AcknowledgedRow) -> bool:
    """Store a letter; say False if its id is here already."""
    values = {name: getattr(row, name) for name in AcknowledgedRow.__slots__}
    return insert_new(connection, acknowledged, values, returning=acknowledged.c.letter_id)


def find_acknowledged(
    connection: sa.Connection, slug: str, edition: int | None = None
) -> AcknowledgedRow | None:
    """Return an edition of a letter; the newest if none is named."""
    query = sa.select(*_COLUMNS).where(acknowledged.c.slug == slug)
    if edition is not None:
        query = query.where(acknowledged.c.edition == edition)
    row = connection.execute(query.order_by(acknowledged.c.edition.desc())).first()
    return AcknowledgedRow(*row) if row else None


def list_acknowledged(connection: sa.Connection) -> list[AcknowledgedRow]:
    """Return every letter, by slug and edition."""
    query = sa.select(*_COLUMNS).order_by(acknowledged.c.slug, acknowledged.c.edition)
    return [AcknowledgedRow(*row) for row in connection.execute(query)]


def list_unpurged(connection: sa.Connection) -> list[AcknowledgedRow]:
    """Return the letters whose personal data was not deleted yet, by slug and edition."""
    query = (
        sa.select(*_COLUMNS)
        .outerjoin(followed, followed.c.letter_id == acknowledged.c.letter_id)
        .where(followed.c.purged_at.is_(None))
        .order_by(acknowledged.c.slug, acknowledged.c.edition)
    )
    return [AcknowledgedRow(*row) for row in connection.execute(query)]


def delete_acknowledged(connection: sa.Connection, letter_id: bytes) -> None:
    """Forget a letter that was proposed and will not be opened."""
    connection.execute(sa.delete(acknowledged).where(acknowledged.c.letter_id == letter_id))


def put_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Store a fact of an issuer."""
    connection.execute(sa.insert(fact).values(name=name, value=value))


def get_facts(connection: sa.Connection) -> dict[str, str]:
    """Return every fact of an issuer by name."""
    return {row.name: row.value for row in connection.execute(sa.select(fact))}
