"""The numbers of a letter, from what the database holds of its signatures."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.outcome import Candidate, Count, Outcome, find_count, find_outcome
from undersigned.domain.reasons import NoticeKind
from undersigned.store import notices as notice_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.signatures import SignatureRow

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
    """Count who stands and who waits. The cost follows the letter's conditions and one grouping."""
    tally: dict[tuple[bool, int], int] = defaultdict(int)
    for mode, condition, number in signature_store.tally_live(connection, letter.letter_id):
        tally[letter.counts(Mode(mode)), condition] += number
    return find_count(tally)


def read_counts(connection: Connection, letter: Letter, state: State) -> Counts:
    """Return every number that the letter's page shows."""
    ended = signature_store.count_ended(connection, letter.letter_id)
    if state in ENDED:
        count, anonymous = Count(0, 0, 0), 0
    else:
        count = count_letter(connection, letter)
        anonymous = sum(
            number
            for mode, condition, number in signature_store.tally_live(connection, letter.letter_id)
            if mode == Mode.ANONYMOUS.value and condition <= count.m
        )
    return Counts(
        m=count.m,
        standing=count.standing,
        waiting=count.waiting,
        anonymous=anonymous,
        withdrawn=ended.get("withdrawn", 0),
        invalidated=ended.get("invalidated", 0) + ended.get("unopenable", 0),
        erased=ended["erased"],
    )


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
    return signature_store.count_unopened(connection, letter.letter_id, count.m)


def _candidate(letter: Letter, row: SignatureRow) -> Candidate:
    condition = 0 if row.fixed else row.condition
    return Candidate(row.leaf_index, letter.counts(Mode(row.mode)), condition)
