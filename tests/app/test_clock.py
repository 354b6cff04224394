"""The clock of a site's own: it stands while nobody serves, and never goes back."""

import time
from pathlib import Path

import pytest

from undersigned.app import clock as module
from undersigned.app.clock import StoredClock, SystemClock
from undersigned.errors import FormatError, StoreError

NOW = 1_700_000_000


class Pace:
    """Real time, as a test tells it."""

    def __init__(self) -> None:
        self.seconds = 50.0

    def monotonic(self) -> float:
        """Return the seconds since somewhen."""
        return self.seconds


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Pace:
    """Real time that stands still."""
    made = Pace()
    monkeypatch.setattr(module, "time", made)
    return made


def test_it_stands_until_it_is_started(tmp_path: Path, pace: Pace) -> None:
    """Then it runs at the pace of real time, in whole seconds."""
    clock = StoredClock.make(tmp_path / "clock", NOW)
    pace.seconds += 100
    assert clock.now() == NOW
    clock.start()
    pace.seconds += 9.9
    assert clock.now() == NOW + 9


def test_it_goes_on_from_where_it_was_stored(tmp_path: Path, pace: Pace) -> None:
    """A demo does not age while nobody looks; a crash loses what was not stored."""
    clock = StoredClock.make(tmp_path / "clock", NOW)
    clock.start()
    pace.seconds += 10
    assert StoredClock(tmp_path / "clock").now() == NOW
    clock.save()
    pace.seconds += 1_000
    assert StoredClock(tmp_path / "clock").now() == NOW + 10


def test_it_is_put_forward_and_never_back(tmp_path: Path, pace: Pace) -> None:
    """Standing or running; what it is put to is stored."""
    clock = StoredClock.make(tmp_path / "clock", NOW)
    clock.advance_to(NOW + 5)
    clock.advance_to(NOW + 3)
    assert clock.now() == StoredClock(tmp_path / "clock").now() == NOW + 5
    clock.start()
    pace.seconds += 10
    clock.advance_to(NOW + 14)
    assert clock.now() == NOW + 15
    clock.advance_to(NOW + 100)
    assert clock.now() == NOW + 100
    pace.seconds += 1
    assert clock.now() == NOW + 101


@pytest.mark.parametrize("content", [b"", b"soon", b"1.5", b"\xff"])
def test_a_file_that_holds_no_time(tmp_path: Path, content: bytes) -> None:
    """Is told as such."""
    (tmp_path / "clock").write_bytes(content)
    with pytest.raises(FormatError):
        StoredClock(tmp_path / "clock")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Neither to be read nor to be written."""
    with pytest.raises(StoreError, match="cannot be read"):
        StoredClock(tmp_path / "clock")
    with pytest.raises(StoreError, match="cannot be written"):
        StoredClock.make(tmp_path / "nowhere" / "clock", NOW)


def test_the_machines_clock_tells_whole_seconds() -> None:
    """As every record has them."""
    before = int(time.time())
    assert before <= SystemClock().now() <= time.time()
