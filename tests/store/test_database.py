"""Transactions: what is read is one moment, what is written is whole, and errors hold no value."""

import secrets
import sqlite3
import threading
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from itertools import repeat
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.store.conftest import MakeDatabase

from undersigned.errors import Busy, LeadLost, StoreError
from undersigned.store import database as module
from undersigned.store import sqlite
from undersigned.store.collector_schema import blob, checkpoint, collector, site, spent, tile
from undersigned.store.database import (
    Connection,
    Database,
    insert_missing,
    insert_new,
    upsert,
)
from undersigned.store.issuer_schema import fact

MARKER = "quillwort" * 3


def _put(connection: Connection, name: str, value: str) -> None:
    upsert(connection, site, {"name": name, "value": value})


def _values(connection: Connection) -> dict[str, str]:
    return {row.name: row.value for row in connection.execute(sa.select(site))}


@pytest.fixture
def database(make_database: MakeDatabase) -> Database:
    """A migrated collector's database that a test may write to."""
    made = make_database("collector")
    made.migrate()
    return made


# --- SQLite's settings


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("busy_timeout", 30_000),
    ],
)
def test_every_connection_of_sqlite_has_the_settings(
    sqlite_file: Database, pragma: str, value: object
) -> None:
    """The first, those that the pool makes when it is taken, and the one that writes."""
    engines = (*repeat(sqlite_file.engine, 3), sqlite_file.writer)
    with ExitStack() as stack:
        for engine in engines:
            connection = stack.enter_context(engine.connect())
            assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


def test_sqlite_overwrites_what_is_deleted(sqlite_file: Database, tmp_path: Path) -> None:
    """A destroyed seal is not in the file any more once the write-ahead log has been taken over."""
    content = MARKER.encode() * 500
    with sqlite_file.write() as connection:
        connection.execute(sa.insert(blob).values(hash=bytes(32), content=content))
    with sqlite_file.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert MARKER.encode() in (tmp_path / "collector.db").read_bytes()
    with sqlite_file.write() as connection:
        connection.execute(sa.delete(blob))
    with sqlite_file.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert MARKER.encode() not in (tmp_path / "collector.db").read_bytes()


@pytest.mark.parametrize("name", ["plain", "a b?c=d", "per%41cent", "#hash", "ünï"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    """What means something in an address means nothing in a path."""
    folder = tmp_path / name
    folder.mkdir()
    database = Database.in_file("collector", folder / "collector.db")
    database.migrate()
    database.close()
    assert (folder / "collector.db").stat().st_size > 0


# --- transactions, on both


def test_what_was_written_is_there(database: Database) -> None:
    """Leaving `write` commits."""
    with database.write() as connection:
        _put(connection, "host", "letters.example")
    with database.read() as connection:
        assert _values(connection) == {"host": "letters.example"}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, StoreError])
def test_whatever_is_raised_rolls_back(database: Database, error: type[BaseException]) -> None:
    """Nothing of a transaction that was not finished stays, and the error goes on as it is."""

    def write() -> None:
        with database.write() as connection:
            _put(connection, "host", "letters.example")
            raise error

    with pytest.raises(error):
        write()
    with database.read() as connection:
        assert _values(connection) == {}


def test_a_reader_sees_one_moment(database: Database) -> None:
    """What is committed meanwhile is seen by the next reader."""
    with database.write() as connection:
        _put(connection, "a", "before")
    with database.read() as reader:
        assert _values(reader) == {"a": "before"}
        with database.write() as connection:
            _put(connection, "a", "after")
        assert _values(reader) == {"a": "before"}
    with database.read() as reader:
        assert _values(reader) == {"a": "after"}


def test_a_reader_changes_nothing(database: Database) -> None:
    """What is written in `read` by mistake is refused, or gone at its end."""
    with suppress(StoreError), database.read() as connection:
        _put(connection, "a", "mistake")
    with database.read() as connection:
        assert _values(connection) == {}


def test_what_a_writer_reads_stays_true(database: Database) -> None:
    """Of writers that count up at once, none overwrites another's count."""
    with database.write() as connection:
        _put(connection, "n", "0")

    def count() -> None:
        for _ in range(10):
            with database.write() as connection:
                _put(connection, "n", str(int(_values(connection)["n"]) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert _values(connection) == {"n": "40"}


def test_a_writer_that_waits_too_long_gives_up(
    monkeypatch: pytest.MonkeyPatch, new_url: Callable[[], sa.URL]
) -> None:
    """It says so as an error of the store, and what the other wrote stays."""
    monkeypatch.setattr(module, "BUSY_TIMEOUT_S", 0.05)
    url = new_url()
    first, second = Database("collector", url), Database("collector", url)
    first.migrate()
    try:
        with first.write() as connection:
            _put(connection, "a", "first")
            with pytest.raises(StoreError), second.write():
                pass
        with second.read() as connection:
            assert _values(connection) == {"a": "first"}
    finally:
        first.close()
        second.close()


def test_the_two_databases_do_not_wait_for_one_another(new_url: Callable[[], sa.URL]) -> None:
    """Not even where both are in one PostgreSQL database."""
    urls = (
        (new_url(),) * 2 if new_url().get_backend_name() == "postgresql" else (new_url(), new_url())
    )
    collector_database, issuer_database = (
        Database("collector", urls[0]),
        Database("issuer", urls[1]),
    )
    try:
        collector_database.migrate()
        issuer_database.migrate()
        with issuer_database.write() as members, collector_database.write() as connection:
            _put(connection, "a", "b")
            members.execute(sa.insert(fact).values(name="a", value="b"))
        with issuer_database.read() as members:
            assert members.execute(sa.select(sa.func.count()).select_from(fact)).scalar() == 1
    finally:
        collector_database.close()
        issuer_database.close()


def test_who_finds_no_free_connection_is_told_to_come_back(database: Database) -> None:
    """The number of connections is bounded; beyond it the site is busy, not broken."""
    database.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
    with ExitStack() as stack:
        for _ in range(16):
            stack.enter_context(database.read())
        with pytest.raises(Busy), database.read():
            pass
    with database.read() as connection:
        assert _values(connection) == {}


# --- errors


def _say_all(error: BaseException) -> str:
    """Return everything that a log could hold of an error."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error.args)


def _break_unique(connection: Connection) -> None:
    for _ in range(2):
        connection.execute(sa.insert(site).values(name=MARKER, value=MARKER))


def _break_not_null(connection: Connection) -> None:
    connection.execute(sa.insert(site).values(name=MARKER, value=None))


def _break_type(connection: Connection) -> None:
    connection.execute(sa.insert(tile).values(level=MARKER, tile_index=MARKER, hashes=b""))


def _break_check(connection: Connection) -> None:
    values = {"size": 0, "root": MARKER.encode(), "note": MARKER}
    connection.execute(sa.insert(checkpoint).values(id=2, **values))


def _break_statement(connection: Connection) -> None:
    connection.execute(sa.text("SELECT * FROM nowhere WHERE x = :x"), {"x": MARKER})


@pytest.mark.parametrize(
    "break_it", [_break_unique, _break_not_null, _break_type, _break_check, _break_statement]
)
def test_no_error_holds_a_value(database: Database, break_it: Callable[[Connection], None]) -> None:
    """PostgreSQL quotes the row that it refuses; ours says only that, and the row is not there."""
    with pytest.raises(StoreError) as caught, database.write() as connection:
        break_it(connection)
    assert MARKER not in _say_all(caught.value)
    assert MARKER.encode().hex() not in _say_all(caught.value)
    with database.read() as connection:
        assert _values(connection) == {}


def test_a_file_that_is_no_database_is_an_error_of_the_store(tmp_path: Path) -> None:
    """Whatever stands where the database should be, the site says so in words."""
    path = tmp_path / "collector.db"
    path.write_bytes(MARKER.encode() * 1000)
    database = Database.in_file("collector", path)
    with pytest.raises(StoreError, match="not a database") as caught, database.read():
        pass
    assert MARKER not in _say_all(caught.value)
    database.close()


def test_a_folder_that_is_missing_is_an_error_of_the_store(tmp_path: Path) -> None:
    """The path of a database that cannot be opened is the operator's to correct."""
    database = Database.in_file("collector", tmp_path / "nowhere" / "collector.db")
    with pytest.raises(StoreError, match="cannot be used"), database.read():
        pass


def test_a_server_that_does_not_answer_is_an_error_of_the_store(tmp_path: Path) -> None:
    """Neither the address nor the password of the server is in it."""
    url = sa.URL.create("postgresql+psycopg", MARKER, MARKER, query={"host": str(tmp_path)})
    database = Database("collector", url)
    with pytest.raises(StoreError, match="cannot be reached") as caught, database.read():
        pass
    assert MARKER not in _say_all(caught.value)


# --- the three ways to insert


def test_insert_new_says_who_was_first(collector: Connection) -> None:
    """The row that is there stays as it was."""
    values = {"letter_id": bytes(32), "nonce": bytes(32), "leaf_hash": b"one", "by": 1}
    assert insert_new(collector, spent, values, returning=spent.c.nonce)
    assert not insert_new(collector, spent, values | {"leaf_hash": b"two"}, returning=spent.c.nonce)
    assert collector.execute(sa.select(spent.c.leaf_hash)).scalars().all() == [b"one"]


def test_upsert_overwrites(collector: Connection) -> None:
    """The row with the primary key gets the new values; others are left alone."""
    for index, hashes in ((0, b"a"), (1, b"b"), (0, b"c")):
        upsert(collector, tile, {"level": 0, "tile_index": index, "hashes": hashes})
    rows = collector.execute(sa.select(tile.c.hashes).order_by(tile.c.tile_index))
    assert rows.scalars().all() == [b"c", b"b"]


def test_insert_missing_leaves_out_what_is_there(collector: Connection) -> None:
    """Also what comes twice in the same call."""
    rows = [{"name": name, "value": value} for name, value in ("ax", "by", "az")]
    insert_missing(collector, site, rows)
    assert _values(collector) == {"a": "x", "b": "y"}


# --- migrations


def test_migrating_again_changes_nothing(database: Database) -> None:
    """Every start migrates."""
    with database.write() as connection:
        _put(connection, "a", "b")
    database.migrate()
    with database.read() as connection:
        assert _values(connection) == {"a": "b"}


def test_a_crash_while_migrating_leaves_nothing_behind(make_database: MakeDatabase) -> None:
    """The next start migrates as if nothing had been."""
    database = make_database("collector")
    seen = 0

    def crash(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == len(collector.tables):
            raise MemoryError

    sa.event.listen(database.writer, "before_cursor_execute", crash)
    with pytest.raises(MemoryError):
        database.migrate()
    sa.event.remove(database.writer, "before_cursor_execute", crash)
    assert sa.inspect(database.engine).get_table_names() == []
    database.migrate()
    assert set(collector.tables) < set(sa.inspect(database.engine).get_table_names())


def test_two_processes_may_migrate_at_once(new_url: Callable[[], sa.URL]) -> None:
    """One of them makes the tables, the other finds them."""
    url = new_url()
    databases = [Database("collector", url) for _ in range(3)]
    errors: list[BaseException] = []

    def migrate(database: Database) -> None:
        try:
            database.migrate()
        except BaseException as error:  # noqa: BLE001 - reported below
            errors.append(error)

    threads = [threading.Thread(target=migrate, args=(each,)) for each in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert errors == []


def test_a_transaction_of_sqlite_is_begun_by_us_alone(sqlite_file: Database) -> None:
    """The driver would begin one of its own, late, and a writer's reading would not be protected."""
    with sqlite_file.write() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        assert driver.isolation_level is None
        assert driver.in_transaction


# --- who has written


def test_commits_are_counted(database: Database) -> None:
    """Each once it is on disk; what no reader is shown moves only the one number."""
    start = database.commits
    with database.write() as connection:
        _put(connection, "a", "1")
        assert (database.commits, database.shown_commits) == (start, start)
    assert (database.commits, database.shown_commits) == (start + 1, start + 1)
    with database.write(shown=False) as connection:
        _put(connection, "a", "2")
    assert (database.commits, database.shown_commits) == (start + 2, start + 1)
    with pytest.raises(ValueError, match="no"), database.write():
        raise ValueError("no")
    with database.read():
        pass
    assert (database.commits, database.shown_commits) == (start + 2, start + 1)


def test_what_others_write_changes_the_version(database: Database) -> None:
    """Whoever commits moves it; who reads, or rolls back, leaves it as it is on SQLite."""
    version = database.find_version()
    assert database.find_version() == version
    other = Database("collector", database.engine.url)
    with other.write() as connection:
        _put(connection, "a", "1")
    moved = database.find_version()
    assert moved != version
    with other.read() as connection:
        assert _values(connection) == {"a": "1"}
    assert database.find_version() == moved
    other.close()


def test_who_takes_longer_than_others_changes_the_version(
    database: Database, make_database: MakeDatabase
) -> None:
    """A commit moves it though one that began later has ended, and one that began before has not."""
    older, later = make_database("issuer"), make_database("desk")
    with ExitStack() as stack:
        _make_table(stack.enter_context(older.write()))
        with database.write() as connection:
            _put(connection, "a", "1")
            with later.write() as beside:
                _make_table(beside)
            version = database.find_version()
            assert database.find_version() == version
        assert database.find_version() != version


def _make_table(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TEMPORARY TABLE written (number integer)")


def test_who_is_fenced_off_does_not_write(database: Database) -> None:
    """Each thread for itself, as long as it is, and asked when it has the lock."""
    asked = []

    def refuse() -> None:
        asked.append(1)
        raise LeadLost

    with database.fenced(refuse):
        with pytest.raises(LeadLost), database.write():
            raise AssertionError
        with database.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        others: list[int] = []
        thread = threading.Thread(target=_write, args=(database, others))
        thread.start()
        thread.join()
    assert others == asked == [1]
    _write(database, others)
    assert others == [1, 1]


def _write(database: Database, done: list[int]) -> None:
    with database.write():
        done.append(1)


def test_all_that_a_process_writes_to_a_file_goes_through_one_connection(
    sqlite_file: Database,
) -> None:
    """It keeps the pages that it has read: another connection's commit would make it forget them."""
    writers: set[int] = set()

    def write() -> None:
        with sqlite_file.write() as connection:
            writers.add(id(connection.connection.dbapi_connection))

    sqlite_file.migrate()
    for _ in range(3):
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    sqlite_file.tidy()
    write()
    with sqlite_file.read() as connection:
        reader = id(connection.connection.dbapi_connection)
    assert len(writers) == 1
    assert reader not in writers


def _fill(database: Database) -> None:
    database.migrate()
    with database.write() as connection:
        for _ in range(40):
            row = {"hash": secrets.token_bytes(32), "content": secrets.token_bytes(500_000)}
            connection.execute(sa.insert(blob).values(row))
    with database.write() as connection:
        connection.execute(sa.delete(blob).where(blob.c.hash < b"\x80"))


def test_a_large_file_is_rewritten_by_a_process_of_its_own(
    sqlite_file: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its copy is a file without a name beside it: it takes no memory, and lies nowhere else."""
    monkeypatch.setattr(sqlite, "LARGEST_IN_MEMORY", 1_000_000)
    _fill(sqlite_file)
    before = {path.name for path in tmp_path.iterdir()}
    seen, done = set(), threading.Event()

    def look() -> None:
        while not done.is_set():
            with suppress(OSError):
                for fd in Path("/proc").glob(f"{_child()}/fd/*"):
                    seen.add(str(fd.readlink()))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        sqlite_file.tidy()
    finally:
        done.set()
        watcher.join()
    assert str(sqlite_file.file) in seen
    # SQLite names its own files so; others are the test runner's, until the process begins its program.
    copies = [name for name in seen if "etilqs" in name]
    assert copies
    assert {Path(name).parent for name in copies} == {tmp_path}
    assert all(name.endswith(" (deleted)") for name in copies)
    assert {path.name for path in tmp_path.iterdir()} == before
    with sqlite_file.read() as connection:
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar() == 0
        kept = list(connection.execute(sa.select(blob.c.hash)).scalars())
    assert kept
    assert min(kept) >= b"\x80"


def _child() -> int:
    """Return the number of the newest process that this one has begun, or 0."""
    children = [
        int(number)
        for task in Path("/proc/self/task").iterdir()
        for number in (task / "children").read_text().split()
    ]
    return max(children, default=0)


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("undersigned.store.sqlite._PROCESS", Path(__file__).with_name("nothing.py")),
        ("sys.executable", "/nothing/python"),
    ],
)
def test_a_large_file_that_cannot_be_rewritten_stays_as_it_was(
    sqlite_file: Database, monkeypatch: pytest.MonkeyPatch, what: str, value: object
) -> None:
    """Whoever asked hears what SQLite says, and goes on writing."""
    monkeypatch.setattr(sqlite, "LARGEST_IN_MEMORY", 1_000_000)
    _fill(sqlite_file)
    content = sqlite_file.file.read_bytes()
    monkeypatch.setattr(what, value)
    with pytest.raises(StoreError, match="cannot be rewritten"):
        sqlite_file.tidy()
    assert sqlite_file.file.read_bytes() == content
    with sqlite_file.write() as connection:
        connection.execute(sa.delete(blob))
