"""A desk with a clock that is set by hand, and people who join it with devices of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.authenticator import Authenticator

from undersigned.app.accounts import begin_joining, join
from undersigned.app.desk import Account, Desk, open_desk
from undersigned.app.entering import MadeLink, get_link, make_claim, make_invitation
from undersigned.app.sessions import Session, find_session
from undersigned.domain.act import Act
from undersigned.store import trail as trail_store

URL = "https://letters.example"
NOON = 1_800_000_000


@dataclass
class HandClock:
    """A clock that stands still."""

    at: int = NOON

    def now(self) -> int:
        """Return the time that it was set to."""
        return self.at


@dataclass
class Room:
    """An open desk with its clock."""

    desk: Desk
    clock: HandClock

    def acts(self) -> list[tuple[str, str]]:
        """Return what was done and how it ended, the oldest first."""
        with self.desk.database.read() as connection:
            rows = trail_store.list_acts(connection, offset=0, limit=1000)
        return [(Act(row.act).value, row.state) for row, _ in reversed(rows)]


@dataclass
class Person:
    """Somebody with a device and a session."""

    account: Account
    device: Authenticator
    cookie: str
    session: Session


@contextmanager
def room_in(folder: Path) -> Iterator[Room]:
    """Open a new desk in a folder."""
    clock = HandClock()
    desk = open_desk(folder, clock, URL)
    yield Room(desk, clock)
    desk.close()


def token_of(made: MadeLink | None) -> str:
    """Return the last part of a link."""
    assert made is not None
    start = f"{URL}/desk/join/"
    assert made.url.startswith(start)
    return made.url.removeprefix(start)


def follow(desk: Desk, token: str, name: str, device: Authenticator | None = None) -> Person:
    """Follow a link with a new device."""
    device = device or Authenticator(URL)
    link = get_link(desk, token)
    answer = device.create(begin_joining(desk, link, name))
    cookie = join(desk, link, name, answer)
    session = find_session(desk, cookie)
    assert session is not None
    return Person(session.account, device, cookie, session)


def claim(desk: Desk, name: str = "Orla Fenwick") -> Person:
    """Take over the desk."""
    return follow(desk, token_of(make_claim(desk)), name)


def invite(desk: Desk, owner: Person, name: str, role: str = "organiser") -> Person:
    """Let somebody else join."""
    return follow(desk, token_of(make_invitation(desk, owner.account, role)), name)
