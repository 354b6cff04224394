"""What a site is: a few facts fixed when it is made."""

import sqlalchemy as sa

from undersigned.store.collector_schema import site


def put_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Store a fact of the site."""
    connection.execute(sa.insert(site).values(name=name, value=value))


def get_facts(connection: sa.Connection) -> dict[str, str]:
    """Return every fact of the site by name."""
    return {row.name: row.value for row in connection.execute(sa.select(site))}
