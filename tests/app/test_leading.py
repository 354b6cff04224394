"""What one process alone does: nothing of it is written by a process that leads no more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from undersigned.app.leading import Leading
from undersigned.errors import LeadLost
from undersigned.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database without a table."""
    made = Database.in_file("collector", tmp_path / "collector.db")
    yield made
    made.close()


def test_who_loses_the_lead_in_the_middle_of_a_step_writes_nothing_more(database: Database) -> None:
    """What was written before is; and others, such as requests, write on."""
    leading, other = Leading(database), Leading(database)
    written = []

    def write() -> None:
        with database.write():
            written.append(1)

    def step() -> None:
        write()
        leading.close()
        write()

    with pytest.raises(LeadLost):
        leading.only(step)()
    assert written == [1]
    leading.only(step)()
    assert written == [1]
    write()
    other.only(write)()
    assert written == [1, 1, 1]
    other.close()


def test_a_change_is_told_once_however_many_ask(database: Database) -> None:
    """Loops ask at the same time."""
    leading, following = Leading(database), Leading(database)
    assert leading.is_mine()
    with capture_logs() as lines, ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: following.is_mine(), range(64)))
    assert [line["event"] for line in lines] == ["another process leads"]
    leading.close()
    following.close()
