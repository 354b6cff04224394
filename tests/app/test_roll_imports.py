"""Imports of rolls at the desk: few at once, whatever people do with their windows."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from tests.app.village import Village

from undersigned.app import roll_imports
from undersigned.app.own_collector import OwnRolls
from undersigned.app.roll_imports import KEPT_S, MOST_KEPT, RollImport, RollImports, Stage
from undersigned.domain.roll_file import RollFile, read_roll
from undersigned.errors import Busy, NotOnRoll

FILE = b"email,name\nana@staff.example,Ana\n"
OWNER = bytes(16)


class Room:
    """The imports of an issuer, whose reading waits for `go`, and a clock that is turned by hand."""

    def __init__(self, village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go, self.now, self.read = threading.Event(), 0.0, 0
        monkeypatch.setattr(roll_imports, "read_roll", self._read)
        rolls = OwnRolls(village.site)
        self.imports = RollImports(village.site.issuer, lambda _: rolls, lambda: self.now)

    def _read(self, data: bytes, tell: Callable[[float], None]) -> RollFile:
        assert self.go.wait(120)
        self.read += 1
        return read_roll(data, tell=tell)

    def begin(self) -> RollImport:
        """Send a file."""
        return self.imports.begin("a-letter", OWNER, FILE)


@pytest.fixture
def room(village: Village, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    """A room in which nothing is read yet."""
    made = Room(village, monkeypatch)
    yield made
    made.go.set()
    made.imports.stop()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for a thread, a few seconds at most."""
    end = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_what_is_left_while_it_is_read_takes_its_place_until_then(room: Room) -> None:
    """Its bytes are in memory as long: to leave and to begin again makes no room for more."""
    begun = [room.begin() for _ in range(MOST_KEPT)]
    for one in begun:
        room.imports.leave("a-letter", one.id)
        with pytest.raises(NotOnRoll):
            room.imports.get("a-letter", one.id)
    with pytest.raises(Busy):
        room.begin()
    room.go.set()
    wait_until(lambda: not room.imports._kept)
    assert room.read == 1  # the others waited behind it, and are not read any more
    last = room.begin()
    wait_until(lambda: last.stage is Stage.READ)
    assert room.imports.get("a-letter", last.id) is last


def test_what_was_read_is_left_at_once(room: Room) -> None:
    """And is not taken afterwards, by a window that still shows it."""
    room.go.set()
    one = room.begin()
    wait_until(lambda: one.stage is Stage.READ)
    room.imports.leave("a-letter", one.id)
    assert not room.imports._kept
    with pytest.raises(NotOnRoll):
        room.imports.take("a-letter", one.id)


def test_what_nobody_goes_on_with_is_forgotten(room: Room) -> None:
    """But nothing that is worked on."""
    one = room.begin()
    room.now = KEPT_S + 1.0
    assert room.imports.get("a-letter", one.id) is one
    room.go.set()
    wait_until(lambda: one.stage is Stage.READ)
    with pytest.raises(NotOnRoll):
        room.imports.get("a-letter", one.id)
