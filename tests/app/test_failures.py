"""What is told of failures: each outage when it begins and when it ends, with what was not told between."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from tests.postgresql import new_postgresql, run

from undersigned.app.failures import Failing, report_end, report_failure
from undersigned.app.leading import Leading
from undersigned.errors import FormatError, StoreError
from undersigned.store.database import Database

PATIENCE_S = 120


@pytest.fixture
def watched(sites_database: sa.URL) -> Iterator[Database]:
    """A database on PostgreSQL that can be sent away, and whose end of an outage is told."""
    made = Database("collector", new_postgresql(sites_database))
    made.health.tell_end = report_end
    yield made
    made.close()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Database]:
    """A database in a file that has no room left for what is written."""
    made = Database.in_file("collector", tmp_path / "collector.db")
    made.health.tell_end = report_end
    with made.write() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (content blob)")
    yield made
    made.close()


def _read(database: Database) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("SELECT 1")


def _fail(what: Callable[[], None], times: int) -> None:
    for _ in range(times):
        with pytest.raises(StoreError) as caught:
            what()
        report_failure("request", caught.value)


def test_an_outage_of_the_server_is_two_lines(watched: Database) -> None:
    """However many ask meanwhile, and however they ask; the next one is told anew."""
    name = watched.engine.url.database
    server = watched.engine.url.set(database="postgres")
    for _ in range(2):
        with capture_logs() as lines:
            watched.engine.dispose()
            run(server, f"ALTER DATABASE {name} RENAME TO elsewhere")
            _fail(lambda: _read(watched), 3)
            _fail(lambda: _write(watched, 1), 3)
            run(server, f"ALTER DATABASE elsewhere RENAME TO {name}")
            _read(watched)
            _read(watched)
        assert [line["event"] for line in lines] == ["failed", "the database is back"]
        assert (lines[0]["role"], lines[0]["activity"]) == ("collector", "request")
        assert (lines[1]["role"], lines[1]["untold"]) == ("collector", 5)
        assert lines[1]["seconds"] >= 0


def test_an_outage_of_the_server_says_nothing_of_loops_and_leads(watched: Database) -> None:
    """Each loop meets it; and that this process leads no more does not mean that another one does."""
    name = watched.engine.url.database
    server = watched.engine.url.set(database="postgres")
    sessions = f"FROM pg_stat_activity WHERE datname = '{name}'"
    leading, failing = Leading(watched), Failing("mails")
    assert leading.is_mine()
    with capture_logs() as lines:
        cut = f"SELECT pg_terminate_backend(pid, 5000) {sessions}"
        run(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", cut)
        for _ in range(3):
            with pytest.raises(StoreError) as caught:
                _read(watched)
            failing.report(caught.value)
        end = time.monotonic() + PATIENCE_S
        is_away = False
        while not is_away:
            assert time.monotonic() < end
            try:
                leading.is_mine()
            except StoreError:
                is_away = True
        assert not leading.is_mine()
        run(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        while not _leads(leading):
            assert time.monotonic() < end
        _read(watched)
        failing.end()
    assert [line["event"] for line in lines] == ["failed", "the database is back"]
    leading.close()


def _leads(leading: Leading) -> bool:
    try:
        return leading.is_mine()
    except StoreError:
        return False


def _write(database: Database, size: int) -> None:
    with database.write() as connection:
        connection.execute(sa.text("INSERT INTO kept VALUES (zeroblob(:size))"), {"size": size})


def test_a_full_disk_is_over_when_something_was_written(full: Database) -> None:
    """What can be read on it all the time shows no end of it."""
    with full.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    full.engine.dispose()

    def limit(connection: sa.Connection, count: int) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")

    def write_much() -> None:
        with full.write() as connection:
            limit(connection, pages)
            connection.execute(sa.text("INSERT INTO kept VALUES (zeroblob(100000))"))

    with capture_logs() as lines:
        _fail(write_much, 4)
        _read(full)
        assert [line["event"] for line in lines] == ["failed"]
        assert "disk is full" in lines[0]["detail"]
        with full.write() as connection:
            limit(connection, 1_000_000)
            connection.execute(sa.text("INSERT INTO kept VALUES (zeroblob(100000))"))
    assert [line["event"] for line in lines] == ["failed", "the database is back"]
    assert lines[1]["untold"] == 3


def test_what_comes_of_a_row_is_told_each_time(full: Database) -> None:
    """It is no outage: another row may do."""

    def ask() -> None:
        with full.write() as connection:
            connection.execute(sa.text("INSERT INTO kept VALUES (:value)"), {"value": 2**70})

    with capture_logs() as lines:
        for _ in range(2):
            with pytest.raises(OverflowError) as caught:
                ask()
            report_failure("request", caught.value)
    assert [line["event"] for line in lines] == ["failed", "failed"]


def test_what_fails_again_and_again_is_told_once_of_each_kind() -> None:
    """And once when it works again; one that failed once says nothing of that."""
    failing = Failing("mails")
    with capture_logs() as lines:
        failing.end()
        failing.report(FormatError("one"))
        failing.end()
        for _ in range(3):
            failing.report(FormatError("one"))
            failing.report(FormatError("two"))
        failing.end()
        failing.end()
    assert [(line["event"], line.get("detail")) for line in lines] == [
        ("failed", "one"),
        ("failed", "one"),
        ("failed", "two"),
        ("works again", None),
    ]
    assert lines[-1]["untold"] == 4
