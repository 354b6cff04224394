"""Tidying: when it is done, what it leaves, and that it stands in nobody's way for long."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from undersigned.app.site import WholeSite, make_site
from undersigned.app.tidying import LEAST_PAUSE_S, PAUSE_FACTOR, Tidying, tidy
from undersigned.errors import StoreError
from undersigned.store.enrolments import EnrolmentRow, add_enrolment
from undersigned.store.issuer_schema import enrolment
from undersigned.store.pending import delete_blob, find_blob, put_blob

NOW = 1_900_000_000


class Watch:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def site(tmp_path: Path) -> Iterator[WholeSite]:
    """A new site with a clock of its own."""
    site = make_site(tmp_path / "data", "letters.example", own_clock=NOW)
    yield site
    site.close()


def _write(site: WholeSite) -> bytes:
    digest = secrets.token_bytes(32)
    with site.collector.write() as connection:
        put_blob(connection, digest, secrets.token_bytes(3000))
    return digest


def _expiries(site: WholeSite) -> list[int]:
    with site.issuer.database.read() as connection:
        return list(connection.execute(sa.select(enrolment.c.expires)).scalars())


def test_codes_that_are_too_old_are_forgotten(site: WholeSite) -> None:
    """When a member asked for a code is not kept longer than the code is good."""
    with site.issuer.database.write() as connection:
        for expires in (NOW - 1, NOW, NOW + 1):
            row = EnrolmentRow(
                secrets.token_bytes(16), bytes(32), "a@b.example", bytes(32), expires
            )
            add_enrolment(connection, row)
    tidy(site.issuer, site)
    assert _expiries(site) == [NOW + 1]


def test_nothing_that_was_deleted_is_left(site: WholeSite) -> None:
    """Neither in the file, which gets smaller, nor in the write-ahead log, which gets empty."""
    tidy(site.issuer, site)
    path = site.folder / "collector.db"
    empty = path.stat().st_size
    digests = [_write(site) for _ in range(50)]
    with site.collector.write() as connection:
        for digest in digests[1:]:
            delete_blob(connection, digest)
    assert site.collector.is_untidy()
    tidy(site.issuer, site)
    assert not site.collector.is_untidy()
    assert path.stat().st_size < empty + 10 * 3000
    assert (site.folder / "collector.db-wal").stat().st_size == 0
    with site.collector.read() as connection:
        assert find_blob(connection, digests[0]) is not None
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar() == 0


def test_it_is_done_after_a_pause_and_only_if_something_was_written(site: WholeSite) -> None:
    """The first time in any case: the process before may have crashed."""
    watch = Watch()
    tidying = Tidying(site.issuer, site, clock=watch)
    assert not tidying.step()
    watch.now = LEAST_PAUSE_S
    assert tidying.step()
    _write(site)
    assert not tidying.step()
    watch.now += LEAST_PAUSE_S
    assert tidying.step()
    watch.now += LEAST_PAUSE_S
    assert not tidying.step()
    _write(site)
    assert tidying.step()


def test_what_takes_long_is_done_seldom(site: WholeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rewriting of two seconds is followed by a pause of two hundred."""
    watch = Watch()
    tidying = Tidying(site.issuer, site, clock=watch)

    def take_two_seconds(*_halves: object) -> None:
        watch.now += 2

    monkeypatch.setattr("undersigned.app.tidying.tidy", take_two_seconds)
    watch.now = LEAST_PAUSE_S
    assert tidying.step()
    _write(site)
    watch.now += 2 * PAUSE_FACTOR - 1
    assert not tidying.step()
    watch.now += 1
    assert tidying.step()


def test_a_failure_is_told_and_tried_again_after_the_pause(
    site: WholeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk without room for the copy must not keep the loop busy."""
    watch = Watch()
    tidying = Tidying(site.issuer, site, clock=watch)

    def fail(*_halves: object) -> None:
        raise StoreError("the database cannot be used: database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("undersigned.app.tidying.tidy", fail)
        watch.now = LEAST_PAUSE_S
        with pytest.raises(StoreError):
            tidying.step()
        assert not tidying.step()
    watch.now += LEAST_PAUSE_S
    assert tidying.step()


def test_a_file_that_is_too_large_keeps_its_order_but_not_its_diary(
    site: WholeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit only the write-ahead log is emptied."""
    monkeypatch.setattr("undersigned.store.database.LARGEST_REWRITTEN", 0)
    digest = _write(site)
    with site.collector.write() as connection:
        delete_blob(connection, digest)
    tidy(site.issuer, site)
    assert not site.collector.is_untidy()
    with site.collector.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA freelist_count").scalar()
    assert pages is not None
    assert pages > 0


def test_a_database_in_use_can_be_tidied(site: WholeSite) -> None:
    """A reader sees its moment to the end; then the next one sees the same rows."""
    digest = _write(site)
    with site.collector.read() as connection:
        assert find_blob(connection, digest) is not None
        with site.collector.engine.connect() as other:
            other.exec_driver_sql("VACUUM")
        assert find_blob(connection, digest) is not None
    with site.collector.read() as connection:
        assert find_blob(connection, digest) is not None
