"""The connection to PostgreSQL breaks while records are taken: each is asked for, none is taken twice."""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.app.booth import Booth, booth_in
from tests.postgresql import emptied, run, without_standby

from undersigned.app.intake import Answer
from undersigned.app.taking import SignRequest, parse_sign_request
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord
from undersigned.errors import StoreError
from undersigned.store.database import Database

PATIENCE_S = 60

CUT = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {whom}"

WAITING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
    "AND starts_with(application_name, 'undersigned collector') AND {condition}"
)
FOR_LOCK = WAITING.format(condition="wait_event_type = 'Lock'")
FOR_STANDBY = WAITING.format(condition="wait_event = 'SyncRep'")


@pytest.fixture
def booth(tmp_path: Path, sites_database: sa.URL) -> Iterator[Booth]:
    """A site on PostgreSQL with one letter."""
    with booth_in(tmp_path / "data", address=emptied(sites_database)) as made:
        yield made


def _request(booth: Booth) -> SignRequest:
    attempt = booth.attempt()
    attempt.choose(Mode.ANONYMOUS)
    return parse_sign_request(attempt.entry, None)


def _cut(server: sa.URL, waiting: str) -> None:
    """Wait until a connection of the site waits for something, and end it."""
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    end = time.monotonic() + PATIENCE_S
    with engine.connect() as connection:
        while (pid := connection.exec_driver_sql(waiting).scalar()) is None:
            assert time.monotonic() < end
            time.sleep(0.05)
        connection.exec_driver_sql(CUT.format(whom=f"pid = {pid}"))
    engine.dispose()


def _count_signatures(booth: Booth) -> int:
    booth.sequence()
    return sum(isinstance(record, SignRecord) for record in booth.records())


def test_what_was_not_committed_is_taken_by_another_connection(
    booth: Booth, sites_database: sa.URL
) -> None:
    """The connection ends while it waits for the lock: nothing was written, and then it is."""
    request = _request(booth)
    other = Database("collector", sites_database)
    with other.write():
        future = booth.intake.submit(request)
        _cut(sites_database, FOR_LOCK)
    other.close()
    assert future.result(PATIENCE_S).created
    assert _count_signatures(booth) == 1


def test_what_was_committed_is_found(booth: Booth, sites_database: sa.URL) -> None:
    """It ends after the commit and before its answer: the record is there, and has its one promise."""
    request = _request(booth)
    future = _submit_and_cut_in_commit(booth, sites_database, request)
    answer = future.result(PATIENCE_S)
    assert not answer.created
    assert booth.intake.submit(request).result(PATIENCE_S) == answer
    assert _count_signatures(booth) == 1


def _submit_and_cut_in_commit(
    booth: Booth, server: sa.URL, request: SignRequest
) -> "Future[Answer]":
    """Let the commit wait for a second machine that there is not, and cut the connection meanwhile."""
    with without_standby(server):
        future = booth.intake.submit(request)
        _cut(server, FOR_STANDBY)
    return future


def test_a_server_that_stays_away_is_told_and_the_retry_is_taken(
    booth: Booth, sites_database: sa.URL
) -> None:
    """Whoever asked is not left waiting; the same request is taken once it is back."""
    request = _request(booth)
    name = sites_database.database
    elsewhere = sites_database.set(database="postgres")
    everyone = f"pid <> pg_backend_pid() AND datname = '{name}'"
    run(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    run(elsewhere, CUT.format(whom=everyone))
    try:
        error = booth.intake.submit(request).exception(PATIENCE_S)
        assert isinstance(error, StoreError)
    finally:
        run(elsewhere, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert booth.intake.submit(request).result(PATIENCE_S).created
    assert _count_signatures(booth) == 1
