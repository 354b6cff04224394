"""The migrations make exactly the tables of the `*_schema` modules, in each database, on both kinds."""

import importlib
import itertools
import pkgutil
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from tests.store.conftest import MakeDatabase

from undersigned import store
from undersigned.errors import StoreError
from undersigned.store.collector_schema import checkpoint, collector
from undersigned.store.database import (
    MIGRATIONS,
    Connection,
    Database,
    DatabaseRole,
    newest_revision,
)
from undersigned.store.desk_schema import desk
from undersigned.store.issuer_schema import issuer

# The tables of one database are in several modules: all of them belong to it.
for module in pkgutil.iter_modules(store.__path__):
    if module.name.endswith("_schema"):
        importlib.import_module(f"undersigned.store.{module.name}")

METADATA: dict[DatabaseRole, sa.MetaData] = {
    "collector": collector,
    "issuer": issuer,
    "desk": desk,
}

roles = pytest.mark.parametrize("role", list(METADATA))


@roles
def test_the_migrations_make_the_schema(make_database: MakeDatabase, role: DatabaseRole) -> None:
    """Alembic finds no difference of tables, columns, types, indexes or constraints."""
    database = make_database(role)
    database.migrate()
    options = {"compare_type": True, "version_table": f"{role}_version"}
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA[role]) == []


@roles
def test_the_newest_migration_is_the_one_that_is_last(role: DatabaseRole) -> None:
    """A start compares its number with the database's, and asks Alembic only if they differ."""
    folder = MIGRATIONS / role
    revisions = [runpy.run_path(str(path)) for path in sorted(folder.glob("m*.py"))]
    names = [each["revision"] for each in revisions]
    assert [each["down_revision"] for each in revisions] == [None, *names[:-1]]
    assert newest_revision(role) == names[-1]


@roles
def test_what_is_up_to_date_is_left_alone(make_database: MakeDatabase, role: DatabaseRole) -> None:
    """Nothing is written to it; one of before is still brought up to date."""
    database = make_database(role)
    first = f"{role}_0001"
    database.migrate(first)
    database.migrate()
    commits = database.commits
    database.migrate()
    assert database.commits == commits == 2


def _statements(database: Database) -> dict[str, str]:
    """Return the statements that an SQLite file was made with."""
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
        return {
            name: re.sub(r"\s+", "", sql) for name, sql in rows if not name.endswith("_version")
        }


@roles
def test_the_statements_are_the_same(tmp_path: Path, role: DatabaseRole) -> None:
    """What a comparison does not see: STRICT, WITHOUT ROWID, checks, the order of columns."""
    migrated = Database.in_file(role, tmp_path / "migrated.db")
    migrated.migrate()
    created = Database.in_file(role, tmp_path / "created.db")
    METADATA[role].create_all(created.engine)
    found, wanted = _statements(migrated), _statements(created)
    migrated.close()
    created.close()
    assert found.keys() == wanted.keys()
    for name, statement in wanted.items():
        assert sorted(re.split("[(),]", found[name])) == sorted(re.split("[(),]", statement)), name


KEYED_BY_ARRIVAL = {
    "checkpoint",
    "entry",
    "guarantee",
    "notice",
    "remark",
    "shown_name",
    "signature",
    "timestamp",
    # of acts of organisers; there is no member in it
    "trail",
}
"""Tables whose order is the log's own, which is public. No other may have a row number."""


@roles
def test_tables_are_strict_and_keep_no_order_of_arrival(tmp_path: Path, role: DatabaseRole) -> None:
    """STRICT everywhere; a row number only where it is a leaf's index."""
    database = Database.in_file(role, tmp_path / "x.db")
    database.migrate()
    with database.read() as connection:
        rows = connection.exec_driver_sql("PRAGMA table_list").mappings().all()
    database.close()
    tables = {row["name"]: row for row in rows if row["name"] in METADATA[role].tables}
    assert tables.keys() == METADATA[role].tables.keys()
    assert all(row["strict"] for row in tables.values())
    assert {name for name, row in tables.items() if not row["wr"]} <= KEYED_BY_ARRIVAL


def test_the_databases_share_no_table(new_url: Callable[[], sa.URL]) -> None:
    """Not even the note of the migration: both may live in one PostgreSQL database."""
    for one, other in itertools.combinations(METADATA.values(), 2):
        assert not one.tables.keys() & other.tables.keys()
    names: dict[DatabaseRole, set[str]] = {}
    for role in METADATA:
        database = Database(role, new_url())
        database.migrate()
        names[role] = set(sa.inspect(database.engine).get_table_names())
        database.close()
    for first, second in itertools.combinations(names.values(), 2):
        assert not first & second


def test_there_is_one_checkpoint(make_database: MakeDatabase) -> None:
    """A second row would be a second history."""
    database = make_database("collector")
    database.migrate()
    values = {"size": 0, "root": bytes(32), "note": ""}
    with pytest.raises(StoreError), database.write() as connection:
        connection.execute(sa.insert(checkpoint).values(id=2, **values))


def test_numbers_have_room_for_times(collector: Connection) -> None:
    """A number of the formats has up to 53 bits; PostgreSQL's INTEGER would have 31."""
    values = {"size": 2**53 - 1, "root": bytes(32), "note": ""}
    collector.execute(sa.insert(checkpoint).values(id=1, **values))
    assert collector.execute(sa.select(checkpoint.c.size)).scalar() == 2**53 - 1
