"""What is PostgreSQL's own: addresses, durable commits, and rows that keep no order of arrival."""

import secrets
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql as postgresql_dialect
from tests.postgresql import new_postgresql, run, without_standby

from undersigned.errors import DatabaseLost, FormatError, StoreError
from undersigned.store import postgresql as module
from undersigned.store.collector_schema import blob, pending, site
from undersigned.store.database import Database
from undersigned.store.issuer_schema import roll_entry
from undersigned.store.prepared import Insertion

MARKER = "quillwort" * 3
PATIENCE_S = 60


@pytest.fixture
def url(postgresql: sa.URL) -> sa.URL:
    """The address of an empty database."""
    return new_postgresql(postgresql)


@pytest.fixture
def database(url: sa.URL) -> Iterator[Database]:
    """A collector's database."""
    made = Database("collector", url)
    made.migrate()
    yield made
    made.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "sqlite:///x.db",
        f"mysql://{MARKER}@host/name",
        f"postgresql://{MARKER}@host",
        f"postgresql://{MARKER}:port/name/",
        f"postgresql://host:{MARKER}/name",
        f"postgresql://host/{MARKER}?options=-c%20x=y",
        f"postgresql+asyncpg://{MARKER}@host/name",
    ],
)
def test_addresses_that_are_none(text: str) -> None:
    """They are refused in words that hold nothing of them: there may be a password in them."""
    with pytest.raises(FormatError, match="the address of the database") as caught:
        Database.at("collector", text)
    assert MARKER not in str(caught.value)


def test_an_address_comes_back_as_it_was() -> None:
    """With user, password, host, port and what the driver is told."""
    text = "postgresql://a:b%40c@host:5433/name?sslmode=verify-full"
    assert Database.at("issuer", text).address == text


@pytest.mark.parametrize(("set_to", "is_"), [("off", "on"), ("local", "local"), ("on", "on")])
def test_a_commit_is_on_disk_whatever_the_database_says(url: sa.URL, set_to: str, is_: str) -> None:
    """`off` would acknowledge what a power cut takes away."""
    run(url, f"ALTER DATABASE {url.database} SET synchronous_commit = {set_to}")
    database = Database("collector", url)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == is_
    database.close()


def test_what_was_only_read_waits_for_a_standby(url: sa.URL, database: Database) -> None:
    """Else an answer could tell of a commit that one disk alone has, after a crash."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event = 'SyncRep' AND starts_with(application_name, 'undersigned collector')"
    )
    reading = threading.Thread(target=database.vouch)
    with without_standby(url):
        reading.start()
        end = time.monotonic() + PATIENCE_S
        while str(run(url, waiting)[0][0]) != "1":
            assert reading.is_alive()
            assert time.monotonic() < end
            time.sleep(0.05)
    reading.join(PATIENCE_S)
    assert not reading.is_alive()


def test_who_may_make_no_schema_is_told(url: sa.URL) -> None:
    """It takes the right to once; afterwards none but to its own tables."""
    run(url, f"CREATE ROLE {MARKER} LOGIN")
    try:
        as_somebody = url.set(username=MARKER)
        database = Database("collector", as_somebody)
        with pytest.raises(StoreError, match="42501"):
            database.migrate()
        run(url, f"CREATE SCHEMA collector AUTHORIZATION {MARKER}")
        database.migrate()
        assert database.is_made()
        database.close()
    finally:
        run(url, "DROP SCHEMA collector CASCADE", f"DROP ROLE {MARKER}")


def test_a_connection_that_is_cut_is_told_apart(database: Database, url: sa.URL) -> None:
    """Nobody knows whether it was committed: that is another error than a refused statement."""

    def cut() -> None:
        run(
            url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )

    def write() -> None:
        with database.write() as connection:
            connection.execute(sa.insert(site).values(name="a", value="b"))
            cut()

    with pytest.raises(DatabaseLost):
        write()
    with database.read() as connection:
        assert connection.execute(sa.select(site)).all() == []


# --- many rows at once


def _listen(connection: sa.Connection) -> list[str]:
    """Return a list that is told how the server calls what it does on a connection from now on."""
    did: list[str] = []
    event.listen(
        connection,
        "after_cursor_execute",
        lambda _, cursor, *__: did.append(cursor.statusmessage),
    )
    return did


def _insert(database: Database, statement: sa.Insert, names: list[str]) -> list[str]:
    """Insert several rows of one table; return how the server calls what it did."""
    with database.write() as connection:
        did = _listen(connection)
        connection.execute(statement, [{"name": name, "value": f"\t{name}\\N"} for name in names])
    with database.read() as connection:
        kept = connection.execute(sa.select(site).where(site.c.name.in_(names))).all()
    assert {row.name: row.value for row in kept} == {name: f"\t{name}\\N" for name in names}
    return did[:1]


def test_new_rows_are_sent_as_one_stream(database: Database) -> None:
    """Whatever is in them; where some of them may be there already, they go one by one."""
    assert _insert(database, sa.insert(site), ["a", "b", "ä"]) == ["COPY 3"]
    with pytest.raises(StoreError, match="23505"):
        _insert(database, sa.insert(site), ["c", "a"])
    missing = postgresql_dialect.insert(site).on_conflict_do_nothing()
    assert _insert(database, missing, ["a", "c"]) == ["INSERT 0 1"]
    row = {"leaf_hash": b"\0", "letter_id": b"\xff", "crowd": "issued", "record": b"", "by": 2**53}
    rows = [row | {"nonce": None, "late": 0}, row | {"leaf_hash": b"", "nonce": b"n", "late": 1}]
    with database.write() as connection:
        connection.execute(sa.insert(pending), rows)
        found = connection.execute(sa.select(pending).order_by(pending.c.late)).mappings()
        assert [dict(each) for each in found] == rows


def test_what_is_written_down_once_is_sent_as_a_stream(database: Database) -> None:
    """With the same errors as everything else; rows that may be there already go one by one."""
    with database.write() as connection:
        did = _listen(connection)
        Insertion(site).run_many(connection, [("a", "\t\\N"), ("b", "ä")])
        Insertion(site, skips=True).run_many(connection, [("b", "other"), ("c", "")])
        found = connection.execute(sa.select(site).order_by(site.c.name)).all()
    assert did[:2] == ["COPY 2", "INSERT 0 1"]
    assert [tuple(row) for row in found] == [("a", "\t\\N"), ("b", "ä"), ("c", "")]
    with pytest.raises(StoreError, match="23505"), database.write() as connection:
        Insertion(site).run_many(connection, [("d", ""), ("a", "")])


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO t (a, b) VALUES (%(a)s, now())",
        "INSERT INTO t (a) VALUES (%(a)s) RETURNING a",
        "INSERT INTO t (a) VALUES (%(a)s) ON CONFLICT (a) DO NOTHING",
        "INSERT INTO t (a) SELECT %(a)s",
        "UPDATE t SET a = %(a)s",
    ],
)
def test_no_other_statement_is_a_stream(statement: str) -> None:
    """A value that the server makes, an answer, a condition: all of it would be lost."""
    assert not module.copy_rows(None, statement, [], SimpleNamespace(execution_options={}))


# --- tidying


def _put_blobs(database: Database, count: int) -> None:
    """Each in a transaction of its own, as they come; too long for a page."""
    for _ in range(count):
        with database.write() as connection:
            values = {"hash": secrets.token_bytes(32), "content": secrets.token_bytes(4000)}
            connection.execute(sa.insert(blob).values(values))


def _rows(database: Database, columns: str) -> list[tuple[object, ...]]:
    with database.read() as connection:
        query = f"SELECT {columns} FROM blob ORDER BY hash"  # noqa: S608
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_tidying_takes_every_order_from_a_table(database: Database) -> None:
    """Transactions, places and the numbers of long values follow the keys, or are all the same."""
    _put_blobs(database, 30)
    before = _rows(database, "hash, content")
    assert len(set(_rows(database, "xmin::text"))) == 30
    chunks = "pg_column_toast_chunk_id(content)::text::bigint"
    assert _rows(database, chunks) != sorted(_rows(database, chunks))
    assert database.is_untidy()
    _tidy(database)
    assert _rows(database, "hash, content") == before
    assert len(set(_rows(database, "xmin::text"))) == 1
    places = [
        tuple(map(int, str(place)[1:-1].split(","))) for (place,) in _rows(database, "ctid::text")
    ]
    assert places == sorted(places)
    assert _rows(database, chunks) == sorted(_rows(database, chunks))
    _put_blobs(database, 1)
    assert database.is_untidy()


def test_tidying_leaves_nothing_that_was_deleted(database: Database, url: sa.URL) -> None:
    """A destroyed seal is not in the table's file any more."""
    with database.write() as connection:
        content = MARKER.encode() * 20
        connection.execute(sa.insert(blob).values(hash=bytes(32), content=content))
    assert _is_in_file(url)
    with database.write() as connection:
        connection.execute(sa.delete(blob))
    assert _is_in_file(url)
    _wait_until_untidy(database)
    database.tidy()
    assert not _is_in_file(url)


def _wait_until_untidy(database: Database) -> None:
    """Dead rows are known as soon as the server's own statistics have been told."""
    end = time.monotonic() + PATIENCE_S
    while not database.is_untidy():
        assert time.monotonic() < end
        time.sleep(0.05)


def _tidy(database: Database) -> None:
    """Tidy, once more if what a tidying itself made dead came late into the server's statistics."""
    database.tidy()
    if database.is_untidy():
        database.tidy()
    assert not database.is_untidy()


def _is_in_file(url: sa.URL) -> bool:
    run(url, "CHECKPOINT")
    query = "SELECT encode(pg_read_binary_file(pg_relation_filepath('collector.blob')), 'hex')"
    return MARKER.encode().hex() in str(run(url, query)[0][0])


def test_a_reader_sees_its_moment_while_tables_are_rewritten(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the table open is not waited for long; the next time it is done."""
    monkeypatch.setattr(module, "CLUSTER_WAITS_MS", 50)
    _put_blobs(database, 3)
    query = sa.select(blob.c.hash).order_by(blob.c.hash)
    with database.read() as reader:
        before = reader.execute(query).all()
        database.tidy()
        assert reader.execute(query).all() == before
    with database.read() as reader:
        assert reader.execute(query).all() == before
        assert reader.exec_driver_sql("SHOW lock_timeout").scalar() == "30s"
    _wait_until_untidy(database)
    _tidy(database)


def test_the_log_is_not_rewritten(database: Database) -> None:
    """Its order is public, and it is large."""
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO entry VALUES (1, 'a')")
    with database.write() as connection:
        connection.exec_driver_sql("INSERT INTO entry VALUES (0, 'b')")
    assert not database.is_untidy()


def test_a_table_that_is_too_large_is_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit it keeps its order, as a file does."""
    monkeypatch.setattr("undersigned.store.database.LARGEST_REWRITTEN", 8 * 1024)
    _put_blobs(database, 3)
    assert not database.is_untidy()
    database.tidy()
    assert len(set(_rows(database, "xmin::text"))) == 3


def test_statistics_hold_no_words_of_rows(url: sa.URL) -> None:
    """What the planner remembers of a column would outlive the members who were deleted."""
    database = Database("issuer", url)
    database.migrate()
    with database.write() as connection:
        for number in range(50):
            key = {"commit": bytes([number]) * 32, "member": bytes([number]) * 32, "salt": b""}
            values = {"slug": "s", "address": f"{MARKER}{number}@b.example", "blocked": 0, **key}
            connection.execute(sa.insert(roll_entry).values(values))
    run(url, "ANALYZE issuer.roll_entry")
    rows = run(url, "SELECT s::text FROM pg_stats s WHERE schemaname = 'issuer'")
    assert rows
    assert not any(MARKER in str(row[0]) for row in rows)
    database.close()


def test_a_connection_that_breaks_while_tables_are_rewritten(
    database: Database, url: sa.URL
) -> None:
    """It is told as such; nobody waits for a lock that is gone with it, and the next time is as good."""
    for count in (1, 2):
        _put_blobs(database, count)
    _wait_until_untidy(database)
    cut: list[int] = []

    def end_it(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("CLUSTER") and not cut:
            cut.append(connection.connection.dbapi_connection.info.backend_pid)  # type: ignore[union-attr]
            run(url, f"SELECT pg_terminate_backend({cut[0]}, 5000)")

    event.listen(database.engine, "before_cursor_execute", end_it)
    with pytest.raises(DatabaseLost):
        database.tidy()
    assert cut
    with database.write():
        pass
    database.tidy()
