"""Sequencing: once in a while, what waits becomes epochs in the log, and letters move on.

For each letter, in order: boundaries that have come (end of a cooling-off, `closes`), each with all
that was promised before it; then an epoch, if one is due; then waves and moves without a boundary.
"""

from collections.abc import Sequence

from undersigned.app.counting import count_letter, count_unopened
from undersigned.app.letters import Letters, stage_of
from undersigned.app.log import Batch, publish
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.letter import Letter, State
from undersigned.domain.stage import move_at_boundary, next_boundary
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store.database import Connection
from undersigned.store.pending import PendingRow


def sequence(site: Site, letters: Letters) -> int:
    """Append what is due and publish it; return the number of entries appended."""
    if not _is_anything_due(site, letters):
        return 0
    with site.collector.write() as connection:
        batch = Batch(connection, site)
        now = site.clock.now()
        for row in letter_store.list_letters(connection, only_active=True):
            turn = Turn(connection, batch, letters.view(row), row)
            advance(connection, turn, now)
        if batch.entries:
            batch.write()
    if batch.entries:
        publish(site)
    return len(batch.entries)


def _is_anything_due(site: Site, letters: Letters) -> bool:
    """Look without the write lock, which signers would have to wait for."""
    now = site.clock.now()
    with site.collector.read() as connection:
        for row in letter_store.list_letters(connection, only_active=True):
            letter, stage = letters.view(row).letter, stage_of(row)
            boundary = next_boundary(letter, stage)
            if boundary is not None and boundary <= now:
                return True
            if pending_store.count_pending(connection, row.letter_id):
                return True
            if stage.state in (State.FROZEN, State.RELEASED):
                return True
    return False


def advance(connection: Connection, turn: Turn, now: int) -> None:
    """Bring one letter up to `now`."""
    while (boundary := next_boundary(turn.letter, turn.stage)) is not None and boundary <= now:
        before = turn.stage
        _flush(connection, turn, boundary)
        if turn.stage == before:
            # The flush itself may have moved the letter; then the boundaries are looked at anew.
            make_moves(connection, turn, boundary)
        if turn.stage == before:
            break
        pending_store.clear_late(connection, turn.letter_id)
    rows = pending_store.list_pending(connection, turn.letter_id, with_late=False)
    due = due_rows(turn.letter, rows, now)
    if due:
        turn.write_epoch(due, now)
    make_moves(connection, turn, now)


def _flush(connection: Connection, turn: Turn, boundary: int) -> None:
    """Sequence all that was promised before a boundary, floor or not."""
    rows = pending_store.list_pending(connection, turn.letter_id, with_late=False)
    if rows:
        turn.write_epoch(rows, boundary)


def make_moves(connection: Connection, turn: Turn, now: int) -> None:
    """Let the letter make every move whose time has come."""
    while True:
        before = turn.stage
        move = move_at_boundary(
            turn.letter,
            before,
            count_letter(connection, turn.letter),
            count_unopened(connection, turn.letter),
            now,
        )
        if move is None:
            return
        outcome = turn.enter(move)
        if move.state is State.FROZEN and not turn.stage.opening_due:
            # Nobody sealed stands: there is nothing to open, the set itself will be released.
            turn.fix(outcome.standing)


def due_rows(letter: Letter, rows: Sequence[PendingRow], now: int) -> list[PendingRow]:
    """Choose what the next epoch takes (formats §8): the floor hides single arrivals in a crowd.

    `issued` and sealed or anonymous signatures wait until `floor` of them are there or their window is
    over; public signatures do not wait; a change waits for its signature.
    """
    ends = [row.by - letter.window_s for row in rows]
    over = {row.leaf_hash for row, end in zip(rows, ends, strict=True) if end <= now}
    crowd = [row for row in rows if row.crowd == "crowd"]
    due = [row for row in rows if row.crowd == "public"]
    if len(crowd) >= letter.epoch.floor or any(row.leaf_hash in over for row in crowd):
        due += crowd
    waiting = {row.nonce for row in crowd} - {row.nonce for row in due}
    due += [row for row in rows if row.crowd == "change" and row.nonce not in waiting]
    issued = [row for row in rows if row.crowd == "issued"]
    signs = any(row.crowd in ("public", "crowd") for row in due)
    if signs or len(issued) >= letter.epoch.floor or any(row.leaf_hash in over for row in issued):
        due += issued
    return due
