"""What a site is: a few facts fixed when it is made, and what all of its processes have to know."""

import sqlalchemy as sa

from undersigned.store.collector_schema import site
from undersigned.store.database import upsert


def put_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Store a fact of the site."""
    connection.execute(sa.insert(site).values(name=name, value=value))


def keep_fact(connection: sa.Connection, name: str, value: str) -> None:
    """Store a fact of the site that may be there and be another one."""
    upsert(connection, site, {"name": name, "value": value})


def delete_fact(connection: sa.Connection, name: str) -> None:
    """Delete a fact of the site that holds no more."""
    connection.execute(sa.delete(site).where(site.c.name == name))


def get_facts(connection: sa.Connection) -> dict[str, str]:
    """Return every fact of the site by name."""
    return {row.name: row.value for row in connection.execute(sa.select(site))}
