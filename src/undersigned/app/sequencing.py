"""Sequencing: once in a while, what waits becomes epochs in the log, and letters move on.

For each letter, in order: boundaries that have come (end of a cooling-off, `closes`), each with all
that was promised before it; then an epoch, if one is due; then waves and moves without a boundary.

All letters share one transaction, and each has a savepoint in it: a letter whose rows are damaged is
left as it was, reported once (`app.damaged`), and the others go on.
"""

from collections.abc import Sequence

from undersigned.app.counting import count_letter, count_unopened
from undersigned.app.damaged import Damaged
from undersigned.app.foreseen import Foreseen
from undersigned.app.letters import Letters, stage_of
from undersigned.app.log import Batch, is_published, publish
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.letter import Letter, State
from undersigned.domain.stage import Move, Stage, move_at_boundary, next_boundary, next_wave
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store.database import Connection, savepoint
from undersigned.store.health import is_of_database
from undersigned.store.letters import LetterRow
from undersigned.store.pending import PendingRow


def sequence(site: Site, letters: Letters, damaged: Damaged | None = None) -> int:
    """Append what is due, and publish it with whatever is not published yet.

    Where witnesses are asked it is published by a loop of its own: epochs do not wait for them. `damaged`
    remembers the damaged letters from one call to the next. Returns the number of entries appended.
    Raises WitnessAhead, LogForked once a witness has shown that.
    """
    if site.witnesses is not None:
        site.witnesses.check_not_halted()
    damaged = Damaged() if damaged is None else damaged
    foreseen = _foresee(site, letters, damaged)
    appended = 0 if foreseen is None else _append_due(site, letters, damaged, foreseen)
    # Not only what was appended now: a full disk, or a crash, may have kept an earlier epoch back.
    if site.witnesses is None and (appended or not is_published(site)):
        publish(site)
    return appended


def _append_due(site: Site, letters: Letters, damaged: Damaged, foreseen: Foreseen) -> int:
    with site.collector.write() as connection:
        batch = Batch(connection, site)
        now = site.clock.now()
        for row in letter_store.list_letters(connection, only_active=True):
            if damaged.may_try(row):
                _advance_apart(connection, batch, letters, row, now, damaged, foreseen)
        if batch.entries:
            batch.write()
        return len(batch.entries)


def _advance_apart(
    connection: Connection,
    batch: Batch,
    letters: Letters,
    row: LetterRow,
    now: int,
    damaged: Damaged,
    foreseen: Foreseen,
) -> None:
    """Advance one letter, or leave it, and all that the batch has of it, as it was."""
    size = len(batch.entries)
    try:
        with savepoint(connection):
            turn = Turn(connection, batch, letters.view(row), row, foreseen=foreseen)
            advance(connection, turn, now)
    except Exception as error:  # of damaged rows anything may come
        if is_of_database(error):
            raise
        batch.take_back(size)
        damaged.add(row, error)
    else:
        damaged.remove(row)


def _foresee(site: Site, letters: Letters, damaged: Damaged) -> Foreseen | None:
    """Look for what is due without the write lock, which signers would have to wait for.

    Returns what can be read of it already; None if nothing is due.
    """
    now = site.clock.now()
    foreseen = Foreseen()
    with site.collector.read() as connection:
        due = [
            row
            for row in letter_store.list_letters(connection, only_active=True)
            if damaged.may_try(row)
            and _foresee_apart(connection, letters, row, now, damaged, foreseen)
        ]
    return foreseen if due else None


def _foresee_apart(
    connection: Connection,
    letters: Letters,
    row: LetterRow,
    now: int,
    damaged: Damaged,
    foreseen: Foreseen,
) -> bool:
    try:
        if not _is_due(connection, letters, row, now):
            return False
        foreseen.read(connection, letters.view(row).letter_id)
    except Exception as error:  # of damaged rows anything may come
        if is_of_database(error):
            raise
        damaged.add(row, error)
        return False
    return True


def _is_due(connection: Connection, letters: Letters, row: LetterRow, clock: int) -> bool:
    letter = letters.view(row).letter
    stage, now = stage_of(row), max(clock, row.at)
    boundary = next_boundary(letter, stage)
    if boundary is not None and boundary <= now:
        return True
    if is_new_period(letter, row.epoch_at, clock):
        if has_due_rows(connection, letter, now):
            return True
        if stage.state is State.REACHED and letters.count_m(connection, letter) < letter.rule:
            return True
    if stage.opening_due or (stage.state is State.RELEASED and now < next_wave(stage)):
        return False
    # Looking costs a count of all signatures.
    return (
        stage.state in (State.FROZEN, State.RELEASED)
        and _find_move(connection, letter, stage, now) is not None
    )


def advance(connection: Connection, turn: Turn, clock: int) -> None:
    """Bring one letter up to the time of the clock, which may have been put back; the log's is not."""
    now = max(clock, turn.at)
    _pass_boundaries(connection, turn, now)
    if is_new_period(turn.letter, turn.epoch_at, clock):
        rows = pending_store.list_pending(connection, turn.letter_id, with_late=False)
        due = due_rows(turn.letter, rows, now)
        if due or _has_fallen(connection, turn):
            turn.write_epoch(due, now)
    settle(connection, turn, now)


def _has_fallen(connection: Connection, turn: Turn) -> bool:
    """Say whether what was invalidated has brought a letter below its rule: the next epoch says so."""
    if turn.stage.state is not State.REACHED:
        return False
    return count_letter(connection, turn.letter).m < turn.letter.rule


def settle(connection: Connection, turn: Turn, now: int) -> None:
    """Let the letter make every move whose time has come, past every boundary on the way."""
    _pass_boundaries(connection, turn, now)
    while _move(connection, turn, now):
        # That move may have a boundary of its own, which has come as well.
        _pass_boundaries(connection, turn, now)


def _pass_boundaries(connection: Connection, turn: Turn, now: int) -> None:
    """Write each boundary's outcome: after what was promised before it, before what was taken since."""
    while (boundary := next_boundary(turn.letter, turn.stage)) is not None and boundary <= now:
        state = turn.stage.state
        rows = pending_store.list_pending(connection, turn.letter_id, with_late=False)
        if rows:
            turn.write_epoch(rows, boundary)
        # The epoch may have moved the letter, which then is past this boundary.
        if turn.stage.state is state and not _move(connection, turn, boundary):
            return
        pending_store.clear_late(connection, turn.letter_id)


def _move(connection: Connection, turn: Turn, now: int) -> bool:
    """Make the move whose time has come; say whether there was one."""
    move = _find_move(connection, turn.letter, turn.stage, now)
    if move is None:
        return False
    outcome = turn.enter(move)
    if move.state is State.FROZEN and not turn.stage.opening_due:
        # Nobody sealed stands: there is nothing to open, the set itself will be released.
        turn.signers.fix(outcome.standing)
    return True


def _find_move(connection: Connection, letter: Letter, stage: Stage, now: int) -> Move | None:
    count = count_letter(connection, letter)
    # Only in released somebody is asked for whom the last wave did not open.
    unopened = count_unopened(connection, letter, count) if stage.state is State.RELEASED else 0
    return move_at_boundary(letter, stage, count, unopened, now)


def is_new_period(letter: Letter, last: int, now: int) -> bool:
    """Say whether a period has begun since the letter's last epoch: there is one epoch in each.

    Boundaries and openings do not wait for it, and nobody waits for a clock that was put back.
    """
    return now < last or now // letter.epoch.period_s > last // letter.epoch.period_s


def has_due_rows(connection: Connection, letter: Letter, now: int) -> bool:
    """Say whether `due_rows` would choose any, without reading them: signers may have sent thousands."""
    waiting = pending_store.count_pending(connection, letter.letter_id)
    if waiting and (now >= letter.closes or "public" in waiting):
        return True
    for crowd in ("crowd", "issued"):
        tally = waiting.get(crowd)
        if tally is not None and (
            tally.number >= letter.epoch.floor or tally.by - letter.window_s <= now
        ):
            return True
    return "change" in waiting and pending_store.has_free_change(connection, letter.letter_id)


def due_rows(letter: Letter, rows: Sequence[PendingRow], now: int) -> list[PendingRow]:
    """Choose what the next epoch takes (formats §8): the floor hides single arrivals in a crowd.

    `issued` and sealed or anonymous signatures wait until `floor` of them are there or their window is
    over; public signatures do not wait; a change waits for its signature. From `closes` on nobody comes
    any more to wait for, and the first epoch takes all.
    """
    if now >= letter.closes:
        return list(rows)
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
