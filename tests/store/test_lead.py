"""Who leads: one at a time, and the next one when that is gone. On both kinds of database."""

import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from tests.postgresql import run
from tests.store.conftest import Backend

from undersigned.errors import DatabaseLost, StoreError
from undersigned.store.database import Database
from undersigned.store.lead import ASK_S, Lead

PATIENCE_S = 120


class Watch:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def watch() -> Watch:
    """A clock for all."""
    return Watch()


@pytest.fixture
def url(new_url: Callable[[], sa.URL]) -> sa.URL:
    """The address of an empty database."""
    return new_url()


@pytest.fixture
def leads(url: sa.URL, watch: Watch) -> Iterator[list[Lead]]:
    """Three processes on one database, as far as databases can tell."""
    databases = [Database("collector", url) for _ in range(3)]
    made = [Lead(database, watch) for database in databases]
    yield made
    for lead, database in zip(made, databases, strict=True):
        lead.close()
        database.close()


def _asked(leads: list[Lead], watch: Watch) -> list[bool]:
    """Ask all, after the pause in which they would not look."""
    watch.now += ASK_S
    return [lead.is_mine() for lead in leads]


def test_one_leads(leads: list[Lead], watch: Watch) -> None:
    """Whoever asks first, however often all ask."""
    assert _asked(leads, watch) == [True, False, False]
    assert _asked(leads, watch) == [True, False, False]


def test_the_next_one_leads_when_that_one_has_gone(leads: list[Lead], watch: Watch) -> None:
    """Nobody who has gone leads again."""
    assert _asked(leads, watch) == [True, False, False]
    leads[0].close()
    assert _asked(leads, watch) == [False, True, False]
    leads[1].close()
    assert _asked(leads, watch) == [False, False, True]


def test_nobody_looks_more_often_than_need_be(leads: list[Lead], watch: Watch) -> None:
    """Loops ask ten times a second, the database is asked twice."""
    assert _asked(leads, watch) == [True, False, False]
    leads[0].close()
    assert [lead.is_mine() for lead in leads] == [False, False, False]
    watch.now += ASK_S
    assert leads[2].is_mine()


def test_each_role_has_a_lead_of_its_own(
    new_url: Callable[[], sa.URL], backend: Backend, watch: Watch
) -> None:
    """Also where the tables of all of them are in one database."""
    url = new_url()
    databases = [
        Database("collector", url),
        Database("issuer", url if backend == "postgresql" else new_url()),
    ]
    leads = [Lead(database, watch) for database in databases]
    assert [lead.is_mine() for lead in leads] == [True, True]
    for lead, database in zip(leads, databases, strict=True):
        lead.close()
        database.close()


def test_whose_connection_is_cut_leads_no_more(
    backend: Backend, url: sa.URL, leads: list[Lead], watch: Watch
) -> None:
    """It is told so once; then somebody leads, and no two."""
    assert _asked(leads, watch) == [True, False, False]
    if backend == "sqlite":
        # A lock on a file has no connection: it goes with the process alone.
        assert _asked(leads, watch) == [True, False, False]
        return
    run(
        url,
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
    watch.now += ASK_S
    with pytest.raises(StoreError, match="cannot be reached"):
        leads[0].is_mine()
    assert not leads[0].is_mine()
    assert sum(_asked([*leads[1:], leads[0]], watch)) == 1


@pytest.fixture
def databases(url: sa.URL) -> Iterator[list[Database]]:
    """A database as three processes have it, and the desk's as two of them have it."""
    made = [Database("collector", url) for _ in range(3)]
    made += [Database("desk", url) for _ in range(2)]
    yield made
    for database in made:
        database.close()


def test_who_hangs_leads_no_more_and_holds_nothing(
    backend: Backend, databases: list[Database], watch: Watch
) -> None:
    """Stopped in the middle of a transaction: another one leads and writes; who wakes has written nothing."""
    hanging, other, command, desk, other_desk = databases
    leads = [Lead(hanging, watch, [desk]), Lead(other, watch, [other_desk])]
    assert _asked(leads, watch) == [True, False]
    if backend == "sqlite":
        # The kernel keeps a lock as long as its process.
        leads[0].close()
        assert _asked(leads, watch) == [False, True]
        return
    with command.read() as one, other.read() as two:
        with pytest.raises(DatabaseLost):
            _write_while_another_comes_to_lead(databases, leads[1], watch)
        # It knows at once, without an error that would say that the database is away.
        assert not leads[0].is_mine()
        assert _asked(leads, watch) == [False, True]
        # Who never asks, as a command, and who asks and takes long over a transaction, are left alone.
        for connection in (one, two):
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    for lead in leads:
        lead.close()


def _write_while_another_comes_to_lead(databases: list[Database], lead: Lead, watch: Watch) -> None:
    hanging, other, _, desk, other_desk = databases
    making = "CREATE TABLE public.written (number int)"
    with desk.write(), hanging.write() as connection:
        connection.exec_driver_sql(making)
        end = time.monotonic() + PATIENCE_S
        while not _asked([lead], watch)[0]:
            assert time.monotonic() < end
            time.sleep(0.05)
        with other.write() as another, other_desk.write():
            another.exec_driver_sql(making)
