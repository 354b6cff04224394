"""The numbers of a letter, from what the database holds of its signatures."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from undersigned.app.failures import report_event
from undersigned.app.site import Site
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.outcome import Candidate, Count, Outcome, find_count, find_outcome
from undersigned.domain.reasons import NoticeKind
from undersigned.store import notices as notice_store
from undersigned.store.database import Connection
from undersigned.store.signatures import SignatureRow
from undersigned.store.tallies import Tallies, add_to_tallies, find_wrong, read_tallies

ENDED = (State.LAPSED, State.SUPERSEDED)
"""States in which nothing stands and nothing more is taken."""


class Counts(msgspec.Struct, frozen=True):
    """What a letter's page shows (formats §7), but for the size of the tree and the time."""

    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int


def count_letter(connection: Connection, letter: Letter) -> Count:
    """Count who stands and who waits. The cost follows the letter's modes and conditions alone."""
    return _count(letter, read_tallies(connection, letter.letter_id))


def _count(letter: Letter, tallies: Tallies) -> Count:
    tally: dict[tuple[bool, int], int] = defaultdict(int)
    for (mode, condition), number in tallies.live().items():
        tally[letter.counts(Mode(mode)), condition] += number
    return find_count(tally)


def read_counts(connection: Connection, letter: Letter, state: State) -> Counts:
    """Return every number that the letter's page shows."""
    tallies = read_tallies(connection, letter.letter_id)
    if state in ENDED:
        count, anonymous = Count(0, 0, 0), 0
    else:
        count = _count(letter, tallies)
        anonymous = sum(
            number
            for (mode, condition), number in tallies.live().items()
            if mode == Mode.ANONYMOUS.value and condition <= count.m
        )
    return Counts(
        m=count.m,
        standing=count.standing,
        waiting=count.waiting,
        anonymous=anonymous,
        withdrawn=tallies.ended("withdrawn"),
        invalidated=tallies.ended("invalidated") + tallies.ended("unopenable"),
        erased=tallies.erased(),
    )


def mend_tallies(site: Site) -> None:
    """Count all signatures from scratch, and mend what is kept of their number if that is wrong.

    It never should be: that it was is reported. The cost follows the log. Raises StoreError.
    """
    with site.collector.read() as connection:
        if not find_wrong(connection):
            return
    with site.collector.write() as connection:
        wrong = find_wrong(connection)
        add_to_tallies(connection, wrong)
    report_event("tallies_mended", signatures=sum(map(abs, wrong.values())))


class Proving:
    """Proves what is kept of the number of signatures, once in the life of a process."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._is_done = False

    def step(self) -> None:
        """Prove it, if that was not done. Raises StoreError."""
        if not self._is_done:
            mend_tallies(self._site)
            self._is_done = True


def read_headcount(connection: Connection, letter: Letter) -> int:
    """Return the newest headcount: the letter's, or that of a notice (formats §7)."""
    kinds = [NoticeKind.HEADCOUNT.value]
    for row in notice_store.list_notices(connection, letter.letter_id, kinds, 1):
        if row.n is not None:
            return row.n
    return letter.headcount


def find_standing(letter: Letter, live: Iterable[SignatureRow]) -> Outcome:
    """Find the outcome of live signatures."""
    return find_outcome([_candidate(letter, row) for row in live])


def unopened_of(live: Iterable[SignatureRow], outcome: Outcome) -> list[SignatureRow]:
    """Return the standing sealed signatures that nobody has opened."""
    standing = set(outcome.standing)
    return [
        row
        for row in live
        if row.mode == Mode.SEALED.value
        and not (row.opened or row.erased)
        and row.leaf_index in standing
    ]


def count_unopened(connection: Connection, letter: Letter, count: Count) -> int:
    """Count the standing sealed signatures that nobody has opened; `count` is the letter's."""
    return read_tallies(connection, letter.letter_id).unopened(count.m)


def _candidate(letter: Letter, row: SignatureRow) -> Candidate:
    condition = 0 if row.fixed else row.condition
    return Candidate(row.leaf_index, letter.counts(Mode(row.mode)), condition)
