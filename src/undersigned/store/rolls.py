"""The issuer's roll as a whole: how many of what, one entry whatever its state, changes for the log."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

import sqlalchemy as sa

from undersigned.domain.address import has_other_writings, mailbox_of
from undersigned.store.database import upsert
from undersigned.store.issuer_schema import invite, issuance, roll_change, roll_entry
from undersigned.store.members import BLOCKED, COLUMNS, IN, WAITING, MemberRow, row_of

AT_ONCE: Final = 500
"""Values of one `IN (...)`: fewer than SQLite's limit of variables."""


@dataclass(frozen=True, slots=True)
class RollFigures:
    """How many entries a roll has, of those that are not blocked; and the others.

    `named` and `addressed` say of how many name and address are known. `waiting` ones are on their way
    into the log.
    """

    members: int
    named: int
    addressed: int
    waiting: int
    blocked: int

    @property
    def unnamed(self) -> int:
        """How many have no name."""
        return self.members - self.named

    @property
    def unaddressed(self) -> int:
        """How many have no address: codes alone."""
        return self.members - self.addressed


def read_figures(connection: sa.Connection, slug: str) -> RollFigures:
    """Count the entries of a roll."""
    entry, count = roll_entry.c, sa.func.count
    query = sa.select(
        count().filter(entry.blocked != BLOCKED),
        count(entry.name).filter(entry.blocked != BLOCKED),
        count(entry.address).filter(entry.blocked != BLOCKED),
        count().filter(entry.blocked == WAITING),
        count().filter(entry.blocked == BLOCKED),
    ).where(entry.slug == slug)
    return RollFigures(*connection.execute(query).one())


def has_entries(connection: sa.Connection, slug: str) -> bool:
    """Say whether a letter has a roll."""
    query = sa.select(roll_entry.c.commit).where(roll_entry.c.slug == slug).limit(1)
    return connection.execute(query).first() is not None


def list_slugs(connection: sa.Connection) -> list[str]:
    """Return the letters that have a roll here, opened or not."""
    query = sa.select(roll_entry.c.slug).distinct().order_by(roll_entry.c.slug)
    return list(connection.execute(query).scalars())


def find_entry(connection: sa.Connection, slug: str, member: bytes) -> MemberRow | None:
    """Return the entry of `email:…` or `invite:…`, blocked and waiting ones as well."""
    query = sa.select(*COLUMNS).where(roll_entry.c.slug == slug, roll_entry.c.member == member)
    row = connection.execute(query).first()
    return row_of(row) if row else None


def find_entry_by_commit(connection: sa.Connection, slug: str, commit: bytes) -> MemberRow | None:
    """Return the entry with this commitment, whatever its state."""
    query = sa.select(*COLUMNS).where(roll_entry.c.slug == slug, roll_entry.c.commit == commit)
    row = connection.execute(query).first()
    return row_of(row) if row else None


class Known(NamedTuple):
    """The entries of one mailbox, of which older rolls may have several; whether all are blocked."""

    commits: tuple[bytes, ...]
    blocked: bool


def find_entries(
    connection: sa.Connection, slug: str, mailboxes: Collection[str]
) -> dict[str, Known]:
    """Return those of `mailboxes` that are on a list, whatever the state and the writing there."""
    columns = (roll_entry.c.address, roll_entry.c.commit, roll_entry.c.blocked)
    query = sa.select(*columns).where(roll_entry.c.slug == slug, roll_entry.c.address.is_not(None))
    if len(mailboxes) <= AT_ONCE and not any(map(has_other_writings, mailboxes)):
        query = query.where(roll_entry.c.address.in_(list(mailboxes)))
    # Of many it is quicker to read the roll once.
    wanted, found = set(mailboxes), dict[str, Known]()
    for address, commit, state in connection.execute(query):
        mailbox = mailbox_of(address)
        if mailbox in wanted:
            commits, blocked = found.get(mailbox, Known((), blocked=True))
            found[mailbox] = Known((*commits, commit), blocked and state == BLOCKED)
    return found


def _portions(values: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(values)
    while portion := list(islice(rest, AT_ONCE)):
        yield portion


def block_entry(connection: sa.Connection, slug: str, commit: bytes) -> None:
    """Block an entry: it gets no code and no token any more."""
    connection.execute(
        sa.update(roll_entry)
        .where(roll_entry.c.slug == slug, roll_entry.c.commit == commit)
        .values(blocked=BLOCKED)
    )


def delete_entries(connection: sa.Connection, slug: str, commits: Collection[bytes]) -> None:
    """Forget entries with their codes."""
    for some in _portions(commits):
        for table in (roll_entry, invite):
            connection.execute(
                sa.delete(table).where(table.c.slug == slug, table.c.commit.in_(some))
            )


# --- what a letter's log says of its roll


def list_stated(connection: sa.Connection, slug: str, letter_id: bytes) -> list[bytes]:
    """Return the commitments that `roll.hash` of a letter is over, ascending (formats §4).

    Of entries that are not blocked, and of blocked ones whose token was issued before.
    """
    issued = sa.exists().where(
        issuance.c.letter_id == letter_id, issuance.c.commit == roll_entry.c.commit
    )
    query = (
        sa.select(roll_entry.c.commit)
        .where(roll_entry.c.slug == slug, (roll_entry.c.blocked != BLOCKED) | issued)
        .order_by(roll_entry.c.commit)
    )
    return list(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class RollChangeRow:
    """A signed `roll` record that is on its way into a letter's log: at most one a letter."""

    letter_id: bytes
    slug: str
    seq: int
    record: bytes


def next_seq(connection: sa.Connection, letter_id: bytes) -> int:
    """Return the number of the next change of a letter's roll."""
    query = sa.select(roll_change.c.seq).where(roll_change.c.letter_id == letter_id)
    return (connection.execute(query).scalar() or 0) + 1


def put_change(connection: sa.Connection, row: RollChangeRow) -> None:
    """Let a change wait for the log."""
    values = {name: getattr(row, name) for name in RollChangeRow.__slots__}
    upsert(connection, roll_change, values)


def find_change(connection: sa.Connection, letter_id: bytes) -> RollChangeRow | None:
    """Return the change of a letter's roll that waits for the log."""
    rows = _changes(connection, roll_change.c.letter_id == letter_id)
    return rows[0] if rows else None


def list_changes(connection: sa.Connection) -> list[RollChangeRow]:
    """Return every change that waits for a log."""
    return _changes(connection, sa.true())


def _changes(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[RollChangeRow]:
    columns = [roll_change.c[name] for name in RollChangeRow.__slots__]
    query = sa.select(*columns).where(which, roll_change.c.record.is_not(None))
    return [RollChangeRow(*row) for row in connection.execute(query)]


def _end_change(connection: sa.Connection, row: RollChangeRow) -> bool:
    done = (
        sa.update(roll_change)
        .where(
            roll_change.c.letter_id == row.letter_id,
            roll_change.c.seq == row.seq,
            roll_change.c.record.is_not(None),
        )
        .values(record=None)
    )
    return connection.execute(done).rowcount == 1


def finish_change(connection: sa.Connection, row: RollChangeRow) -> None:
    """Note that a change is in the log, once: who waited for it may have a token."""
    if _end_change(connection, row):
        connection.execute(
            sa.update(roll_entry)
            .where(roll_entry.c.slug == row.slug, roll_entry.c.blocked == WAITING)
            .values(blocked=IN)
        )


def drop_change(connection: sa.Connection, row: RollChangeRow) -> None:
    """Forget a change that the log will never take, and who was to come with it."""
    if not _end_change(connection, row):
        return
    waiting = sa.select(roll_entry.c.commit).where(
        roll_entry.c.slug == row.slug, roll_entry.c.blocked == WAITING
    )
    delete_entries(connection, row.slug, list(connection.execute(waiting).scalars()))
