"""Both kinds of database, real ones: SQLite in a file, PostgreSQL in a server of this test run."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
import sqlalchemy as sa
from tests.postgresql import new_postgresql

from undersigned.store.database import Connection, Database, DatabaseRole

Backend: TypeAlias = Literal["sqlite", "postgresql"]
MakeDatabase: TypeAlias = Callable[[DatabaseRole], Database]

_numbers = itertools.count()


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
        return lambda: new_postgresql(server)
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
