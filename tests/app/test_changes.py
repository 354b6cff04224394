"""Whether what is shown may have changed: by this process at once, by others soon, by signatures not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from undersigned.app.changes import LOOK_S, MINUTE_S, UNSURE_S, Changes
from undersigned.app.clock import StoredClock
from undersigned.app.site import WholeSite, make_site
from undersigned.store.database import Database

START = 1_800_000_000


@dataclass
class Watch:
    """A site whose changes are watched, a time that a test puts forward, and another process."""

    site: WholeSite
    other: Database
    time: float = 0.0
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        self.changes = Changes(self.site, lambda: self.time)
        self.changes.look()

    def has_changed(self, seconds: float = LOOK_S) -> bool:
        """Say whether there is another stamp, so many seconds later."""
        before = self.changes.stamp
        self.time += seconds
        if self.changes.is_unsure:
            self.changes.look()
        return self.changes.stamp != before


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Watch a new site."""
    site = make_site(tmp_path / "data", "letters.example", own_clock=START)
    other = Database.in_file("collector", tmp_path / "data" / "collector.db")
    yield Watch(site, other)
    other.close()
    site.close()


def write(database: Database, *, shown: bool = True) -> None:
    """Commit something."""
    with database.write(shown=shown) as connection:
        connection.exec_driver_sql("INSERT INTO site SELECT 'x' || count(*), '' FROM site")


def test_nothing_is_nothing(watch: Watch) -> None:
    """A site in which nothing happens keeps its stamp, however long one looks."""
    assert not any(watch.has_changed() for _ in range(20))


def test_what_this_process_writes_is_known_at_once(watch: Watch) -> None:
    """Without a look."""
    before = watch.changes.stamp
    write(watch.site.collector)
    assert watch.changes.stamp != before


def test_what_others_write_is_known_at_the_next_look(watch: Watch) -> None:
    """A command in a terminal, say."""
    write(watch.other)
    assert not watch.has_changed(LOOK_S / 2)
    assert watch.has_changed()
    assert not watch.has_changed()


def test_signatures_alone_are_believed_to_be_all_for_a_while_only(watch: Watch) -> None:
    """In a rush nobody can tell who has written; what others may have written is shown in time."""
    write(watch.site.collector, shown=False)
    assert watch.has_changed()
    steps = int(UNSURE_S / LOOK_S)
    changed = []
    for _ in range(2 * steps):
        write(watch.site.collector, shown=False)
        changed.append(watch.has_changed())
    assert changed.count(True) == 2
    write(watch.other)
    assert any(watch.has_changed() for _ in range(steps))


def test_minutes_pass(watch: Watch) -> None:
    """Words such as "in three days" are made anew."""
    assert isinstance(watch.site.clock, StoredClock)
    before = watch.changes.stamp
    watch.site.clock.advance_to(START + MINUTE_S)
    assert watch.changes.stamp != before
