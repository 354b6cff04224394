"""Changes of the roll of an open letter: members are added or blocked, and the log says so (formats §4).

1. What was on its way into the log before is finished: there is one change of a letter at a time.
2. One transaction changes the entries and keeps the signed `roll` record. Who is added waits; who is
   blocked gets no token from now on.
3. The collector takes the record: from then on it is in the log.
4. Who waited may have a token.

A crash, or a site that does not answer, after 2 leaves a record that is handed over again, by the next
change or by `finish_changes`; the collector knows the same record again. So no token is ever issued to
somebody whom the newest `roll` in the log does not count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, TypeAlias

from undersigned.app.issuer import IssuedLetter, Issuer
from undersigned.app.issuing import RollCollector
from undersigned.app.rolls import (
    ON_ITS_WAY,
    find_any_listed,
    make_blocked,
    make_entry,
)
from undersigned.domain.letter import Letter, RollKind
from undersigned.domain.reasons import RollReason
from undersigned.domain.record import RollRecord, format_record, parse_record, signed_bytes
from undersigned.domain.roll import roll_hash
from undersigned.domain.roll_file import RollEntry
from undersigned.errors import (
    Busy,
    LetterNotOpen,
    NotOnRoll,
    RollFixed,
    RollNotEmpty,
    StoreError,
    UnknownLetter,
)
from undersigned.store import issuances
from undersigned.store import members as member_store
from undersigned.store import rolls as roll_store
from undersigned.store.database import Connection
from undersigned.store.members import MemberRow
from undersigned.store.rolls import Known, RollChangeRow

NO_SIGNATURE: Final = bytes(64)


FindCollector: TypeAlias = Callable[[IssuedLetter], RollCollector]
"""Say who collects the signatures of a letter."""


@dataclass(frozen=True, slots=True)
class RollChange:
    """What came of a change: how many entries it made or blocked, how many it left as they were.

    `n` is what the log says of the roll, None while no letter is open or nothing was to be said anew.
    """

    changed: int
    left: int
    n: int | None


def add_entries(
    issuer: Issuer,
    find_collector: FindCollector,
    slug: str,
    entries: Sequence[RollEntry],
    tell: Callable[[float], None] = lambda _: None,
) -> RollChange:
    """Add members to the list of a letter; who is on it already is left as they are.

    Who was blocked before they had a token comes back as a new entry. Raises RollNotEmpty for another
    kind of roll, LetterNotOpen, UnknownLetter, Busy.
    """

    def add(connection: Connection, letter: Letter | None) -> Done:
        figures = roll_store.read_figures(connection, slug)
        if figures.unnamed or (letter is not None and letter.roll is not RollKind.LIST):
            raise RollNotEmpty("This roll is no list: nobody can be added to it by name.")
        known = roll_store.find_entries(connection, slug, [entry.address for entry in entries])
        back = _who_can_come_back(connection, known)
        gone = [commit for address in back for commit in known[address].commits]
        roll_store.delete_entries(connection, slug, gone)
        new = [
            make_entry(slug, entry, waits=letter is not None)
            for entry in entries
            if entry.address not in known or entry.address in back
        ]
        member_store.add_members(connection, new, tell)
        return Done(len(new), len(entries) - len(new), states=bool(new))

    return change_roll(issuer, find_collector, slug, RollReason.ADDED, add)


def _who_can_come_back(connection: Connection, known: dict[str, Known]) -> set[str]:
    """Return who is blocked and never had a token, in any edition."""
    blocked = {address: row.commits for address, row in known.items() if row.blocked}
    issued = issuances.list_issued(connection, chain.from_iterable(blocked.values()))
    return {address for address, commits in blocked.items() if issued.isdisjoint(commits)}


def block_address(
    issuer: Issuer, find_collector: FindCollector, slug: str, address: str
) -> RollChange:
    """Block who has a canonical address: no code, no token any more; a token that is out stays good.

    On a domain's roll also somebody who has not proved it yet. Raises NotOnRoll, LetterNotOpen,
    UnknownLetter, Busy.
    """

    def block(connection: Connection, letter: Letter | None) -> Done:
        entry = find_any_listed(connection, slug, letter, address)
        if entry is None:
            if letter is None or letter.roll is not RollKind.DOMAIN:
                raise NotOnRoll
            member_store.add_members(connection, [make_blocked(letter, address)])
            return Done(1, 0, states=False)
        return block_entry(connection, letter, entry)

    return change_roll(issuer, find_collector, slug, RollReason.BLOCKED, block)


def block_entry(connection: Connection, letter: Letter | None, entry: MemberRow) -> "Done":
    """Block one entry; for the inside of a `change_roll`."""
    if entry.blocked:
        return Done(0, 1, states=False)
    roll_store.block_entry(connection, entry.slug, entry.commit)
    has_token = letter is not None and bool(
        issuances.find_issuance(connection, letter.letter_id, entry.commit)
    )
    return Done(1, 0, states=not has_token)


# --- one change


@dataclass(frozen=True, slots=True)
class Done:
    """What a change did to the entries, and whether the log has to say so."""

    changed: int
    left: int
    states: bool


def change_roll(
    issuer: Issuer,
    find_collector: FindCollector | None,
    slug: str,
    reason: RollReason,
    act: Callable[[Connection, Letter | None], Done],
) -> RollChange:
    """Change the roll of `slug` by `act`, and the log with it where the newest edition is open.

    Raises what `act` raises, LetterNotOpen, UnknownLetter (acknowledged, and not opened yet), Busy;
    RollFixed where a letter is open and nobody is named who takes the change.
    """
    issued = issuer.find_letter(slug)
    if issued is None:
        with issuer.database.write() as connection:
            # A letter that opens takes the same lock: this one is not open until the change is done.
            issued = issuer.find_letter(slug)
            if issued is None:
                done = act(connection, None)
                return RollChange(done.changed, done.left, None)
    if find_collector is None:
        raise RollFixed
    letter, collector = issued.letter, find_collector(issued)
    finish_change(issuer, letter, collector)  # 1
    collector.check_takes(letter)
    with issuer.database.write() as connection:  # 2
        newest = issuer.find_letter(slug)
        if (newest is None or newest.letter != letter) or roll_store.find_change(
            connection, letter.letter_id
        ):
            raise Busy(ON_ITS_WAY)
        done = act(connection, letter)
        record = None
        if done.states and letter.roll is not RollKind.DOMAIN:
            seq = roll_store.next_seq(connection, letter.letter_id)
            record = _sign(issuer, letter, connection, reason, seq)
            row = RollChangeRow(letter.letter_id, slug, seq, format_record(record))
            roll_store.put_change(connection, row)
    if record is None:
        return RollChange(done.changed, done.left, None)
    finish_change(issuer, letter, collector)  # 3, 4
    return RollChange(done.changed, done.left, record.n)


def _sign(
    issuer: Issuer, letter: Letter, connection: Connection, reason: RollReason, seq: int
) -> RollRecord:
    commits = roll_store.list_stated(connection, letter.slug, letter.letter_id)
    n, digest = len(commits), roll_hash(commits)
    record = RollRecord(letter.letter_id, n, digest, reason, NO_SIGNATURE, seq)
    return replace(record, sig=issuer.keys(letter).attestation.sign(signed_bytes(record)))


def finish_change(issuer: Issuer, letter: Letter, collector: RollCollector) -> None:
    """Hand over the change of a letter that waits for the log, if there is one. Raises Busy, RollExceeded.

    One that comes too late, since the letter takes nothing any more, is forgotten: nobody could use it.
    """
    with issuer.database.read() as connection:
        row = roll_store.find_change(connection, letter.letter_id)
    if row is None:
        return
    record = parse_record(row.record)
    if not isinstance(record, RollRecord):
        raise StoreError("what waits for the log is no roll")
    try:
        collector.state_roll(letter, record)
    except LetterNotOpen:
        with issuer.database.write() as connection:
            roll_store.drop_change(connection, row)
        raise
    with issuer.database.write() as connection:
        roll_store.finish_change(connection, row)


def finish_changes(issuer: Issuer, find_collector: FindCollector) -> None:
    """Hand over every change that waits; one whose site does not answer goes on waiting.

    Raises RollExceeded if a site has taken more tokens than this issuer knows of.
    """
    with issuer.database.read() as connection:
        rows = roll_store.list_changes(connection)
    for row in rows:
        issued = issuer.find_letter(row.slug)
        if issued is not None and issued.letter.letter_id == row.letter_id:
            try:
                finish_change(issuer, issued.letter, find_collector(issued))
            except (LetterNotOpen, UnknownLetter, Busy):
                continue
