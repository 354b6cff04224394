"""The stage of a letter: its states, the moves between them and when they fall due; §7.

A `Stage` is all that the log has said about it, in three kinds of record; `stage_after_*` read one each.
`move_*` decide what the server writes next, `check_move` judges what a log holds: the walks in the tests
keep the two of one mind. `unopened` is always the number of sealed signatures that stand and have not been
opened; a count is over all records so far.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from undersigned.domain.kinds import EpochRecord, OpeningRecord, OutcomeRecord
from undersigned.domain.letter import Letter, State
from undersigned.domain.outcome import Count, outcome_hash
from undersigned.errors import LetterNotOpen, VerificationError

WAVE_PERIOD_S = 86_400  # from one wave to the next: later names do not appear one by one

TAKES_AMENDMENTS = frozenset({State.OPEN, State.REACHED, State.FROZEN, State.RELEASED})
TAKES_WITHDRAWALS = TAKES_AMENDMENTS | {State.CLOSED}
ENDED = frozenset({State.CLOSED, State.LAPSED, State.SUPERSEDED})

_EMPTY = outcome_hash(())


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a letter is after the last record that says so. Times are UTC seconds.

    `at` is that of the last outcome, `wave_at` that of the outcome that froze the last wave, `epoch_at`
    that of the last epoch since the last outcome. `opening_due`: the last wave waits for its opening.
    `opening_failed`: its opening left too few, and nothing but the outcome `open` has followed.
    `reached_at` is when the rule was met, and None while the letter is open, also if it is open again;
    `released_at` is when the first wave was released.
    """

    state: State
    wave: int
    at: int
    wave_at: int | None = None
    epoch_at: int | None = None
    opening_due: bool = False
    opening_failed: bool = False
    reached_at: int | None = None
    released_at: int | None = None


class Move(NamedTuple):
    """The state, wave and time of the `outcome` record that is to be written."""

    state: State
    wave: int
    at: int


# --- reading the log


def stage_after_outcome(before: Stage | None, outcome: OutcomeRecord, *, unopened: int) -> Stage:
    """Return the stage after an `outcome` record; whether it is legal, `check_move` says.

    A wave without an unopened sealed signature has no opening.
    """
    if before is None:
        return Stage(outcome.state, outcome.wave, outcome.at)
    is_wave = outcome.wave > before.wave
    failed = before.state is State.FROZEN and outcome.state is State.OPEN
    reached_at, released_at = before.reached_at, before.released_at
    match outcome.state:
        case State.REACHED:
            reached_at = outcome.at
        case State.OPEN:
            reached_at = None
        case State.RELEASED if released_at is None:
            released_at = outcome.at
    return Stage(
        state=outcome.state,
        wave=outcome.wave,
        at=outcome.at,
        wave_at=outcome.at if is_wave else before.wave_at,
        opening_due=is_wave and unopened > 0,
        opening_failed=failed,
        reached_at=reached_at,
        released_at=released_at,
    )


def stage_after_epoch(before: Stage, epoch: EpochRecord) -> Stage:
    """Return the stage after an `epoch` record."""
    return replace(before, epoch_at=epoch.at)


def stage_after_opening(before: Stage, opening: OpeningRecord, *, holds: bool) -> Stage:
    """Return the stage after an `opening` record; `holds` is m(S) ≥ rule, which matters in frozen.

    Raises VerificationError if no opening of that wave is due.
    """
    _require(before.opening_due and opening.wave == before.wave, "no opening of that wave is due")
    failed = before.state is State.FROZEN and not holds
    return replace(before, opening_due=False, opening_failed=failed)


# --- deciding


def move_after_epoch(letter: Letter, stage: Stage, count: Count) -> Move | None:
    """Find the move that an epoch just written asks for: open to reached, or reached to open."""
    if stage.epoch_at is None:
        return None
    if stage.state is State.OPEN and count.m >= letter.rule:
        return Move(State.REACHED, stage.wave, stage.epoch_at)
    if stage.state is State.REACHED and count.m < letter.rule:
        return Move(State.OPEN, stage.wave, stage.epoch_at)
    return None


def move_at_boundary(
    letter: Letter, stage: Stage, count: Count, unopened: int, now: int
) -> Move | None:
    """Find the move that time, or an opening, has made due; `now` is in UTC seconds.

    Before it is written, everything taken before the boundary is sequenced (and the move asked for
    anew). Ask again after each move: several can be due at once.
    """
    match stage.state:
        case State.OPEN:
            return _move_from_open(letter, stage, count, now)
        case State.REACHED:
            return _move_from_reached(letter, stage, count, now)
        case State.FROZEN:
            return _move_from_frozen(stage, now)
        case State.RELEASED:
            return _move_from_released(letter, stage, unopened, now)
        case _:
            return None


def _move_from_open(letter: Letter, stage: Stage, count: Count, now: int) -> Move | None:
    reached_at = _find_reached_at(stage)
    if count.m >= letter.rule and reached_at is not None:
        return Move(State.REACHED, stage.wave, reached_at)
    if now >= letter.closes:
        return Move(State.LAPSED, stage.wave, max(letter.closes, stage.at))
    return None


def _move_from_reached(letter: Letter, stage: Stage, count: Count, now: int) -> Move | None:
    boundary = stage.at + letter.cooling_off_s
    if now < boundary:
        return None
    if count.m >= letter.rule:
        return Move(State.FROZEN, stage.wave + 1, boundary)
    return Move(State.OPEN, stage.wave, boundary)


def _move_from_frozen(stage: Stage, now: int) -> Move | None:
    if stage.opening_due:
        return None
    state = State.OPEN if stage.opening_failed else State.RELEASED
    return Move(state, stage.wave, max(now, stage.at))


def _move_from_released(letter: Letter, stage: Stage, unopened: int, now: int) -> Move | None:
    if stage.opening_due:
        return None
    wave_at = _get_wave_at(stage)
    if now >= letter.closes:
        if unopened > 0 and wave_at < letter.closes:
            return Move(State.RELEASED, stage.wave + 1, max(letter.closes, stage.at))
        return Move(State.CLOSED, stage.wave, max(now, stage.at))
    if unopened > 0 and now >= next_wave(stage):
        return Move(State.RELEASED, stage.wave + 1, max(now, stage.at))
    return None


def _find_reached_at(stage: Stage) -> int | None:
    """Find the time at which open becomes reached: the last epoch's, or the failed opening's."""
    if stage.epoch_at is not None:
        return stage.epoch_at
    return stage.at if stage.opening_failed else None


def _get_wave_at(stage: Stage) -> int:
    return stage.at if stage.wave_at is None else stage.wave_at


# --- checking


def check_move(
    letter: Letter, before: Stage | None, outcome: OutcomeRecord, *, unopened: int
) -> None:
    """Check an `outcome` record against the table of §7: from and to, `at`, `wave`, m and the rule.

    Whether m, the numbers and the hash are those of the log is for `check_outcome`. Raises
    VerificationError.
    """
    if before is None:
        _require(
            outcome.state is State.OPEN and outcome.wave == 0, "a letter begins open, in wave 0"
        )
        _check_empty(outcome)
        return
    move = (before.state, outcome.state)
    if move not in _MOVES:
        raise VerificationError(f"a letter does not go from {before.state} to {outcome.state}")
    freezes = move in {(State.REACHED, State.FROZEN), (State.RELEASED, State.RELEASED)}
    _require(outcome.wave == before.wave + freezes, "the wave is not the next, or the last")
    _MOVES[move](letter, before, outcome, unopened)


def _require(holds: bool, sentence: str) -> None:
    if not holds:
        raise VerificationError(sentence)


def _check_empty(outcome: OutcomeRecord) -> None:
    is_empty = outcome.m == outcome.standing == outcome.waiting == 0 and outcome.hash == _EMPTY
    _require(is_empty, f"somebody stands or waits in an outcome {outcome.state} that has nobody")


_Check: TypeAlias = Callable[[Letter, Stage, OutcomeRecord, int], None]


def _check_reached(letter: Letter, before: Stage, outcome: OutcomeRecord, _: int) -> None:
    _require(outcome.m >= letter.rule, "reached, and m is less than the rule")
    at = _find_reached_at(before)
    _require(outcome.at == at, "reached at a time that is not the epoch's")


def _check_reopened(letter: Letter, before: Stage, outcome: OutcomeRecord, _: int) -> None:
    _require(outcome.m < letter.rule, "open again, and m is not less than the rule")
    boundary = before.at + letter.cooling_off_s
    _require(
        outcome.at in {before.epoch_at, boundary}, "open again at a time of no epoch or boundary"
    )


def _check_frozen(letter: Letter, before: Stage, outcome: OutcomeRecord, _: int) -> None:
    _require(outcome.m >= letter.rule, "frozen, and m is less than the rule")
    boundary = before.at + letter.cooling_off_s
    _require(outcome.at == boundary, "frozen at another time than the end of the cooling-off")


def _check_released(_: Letter, before: Stage, outcome: OutcomeRecord, __: int) -> None:
    _require(not before.opening_due, "released before the opening")
    _require(not before.opening_failed, "released although the opening leaves too few")
    _require(outcome.at >= before.at, "released before it was frozen")


def _check_failed(_: Letter, before: Stage, outcome: OutcomeRecord, __: int) -> None:
    _require(before.opening_failed, "open again, and no opening has failed")
    _require(outcome.at >= before.at, "open again before it was frozen")


def _check_wave(letter: Letter, before: Stage, outcome: OutcomeRecord, unopened: int) -> None:
    wave_at = _get_wave_at(before)
    _require(not before.opening_due, "a wave before the opening of the last")
    _require(unopened > 0, "a wave, and nobody stands unopened")
    is_daily = max(before.at, wave_at + WAVE_PERIOD_S) <= outcome.at < letter.closes
    is_last = wave_at < letter.closes and outcome.at == max(letter.closes, before.at)
    _require(is_daily or is_last, "a wave within a day of the last, and not at the closing time")


def _check_closed(letter: Letter, before: Stage, outcome: OutcomeRecord, unopened: int) -> None:
    _require(not before.opening_due, "closed before the opening of the last wave")
    is_last = unopened == 0 or _get_wave_at(before) >= letter.closes
    _require(is_last, "closed without the wave at the closing time")
    _require(outcome.at >= max(letter.closes, before.at), "closed before the closing time")


def _check_lapsed(letter: Letter, before: Stage, outcome: OutcomeRecord, _: int) -> None:
    at = max(letter.closes, before.at)
    _require(outcome.at == at, "lapsed at another time than the closing time")
    _check_empty(outcome)


def _check_superseded(_: Letter, before: Stage, outcome: OutcomeRecord, __: int) -> None:
    _require(outcome.at >= before.at, "superseded before it was open")
    _check_empty(outcome)


_MOVES: dict[tuple[State, State], _Check] = {
    (State.OPEN, State.REACHED): _check_reached,
    (State.REACHED, State.OPEN): _check_reopened,
    (State.REACHED, State.FROZEN): _check_frozen,
    (State.FROZEN, State.RELEASED): _check_released,
    (State.FROZEN, State.OPEN): _check_failed,
    (State.RELEASED, State.RELEASED): _check_wave,
    (State.RELEASED, State.CLOSED): _check_closed,
    (State.OPEN, State.LAPSED): _check_lapsed,
    (State.OPEN, State.SUPERSEDED): _check_superseded,
}


# --- taking


def next_boundary(letter: Letter, stage: Stage) -> int | None:
    """Find the time of the next boundary: the end of the cooling-off, or `closes`.

    None while a wave waits for its opening: no boundary's outcome can be written then, and what a
    member takes back in the meantime must not wait for the trustees.
    """
    match stage.state:
        case State.OPEN:
            return letter.closes
        case State.REACHED:
            return stage.at + letter.cooling_off_s
        case State.RELEASED if not stage.opening_due:
            return letter.closes
        case _:
            return None


def next_wave(stage: Stage) -> int:
    """Find the time from which a released letter may freeze another wave; `closes` may come first."""
    return _get_wave_at(stage) + WAVE_PERIOD_S


def is_after_boundary(letter: Letter, stage: Stage, now: int) -> bool:
    """Tell whether what is taken now belongs after a boundary's outcome that is still to be written."""
    boundary = next_boundary(letter, stage)
    return boundary is not None and now >= boundary


def takes_signatures(letter: Letter, stage: Stage, now: int) -> bool:
    """Tell whether the letter takes a `sign` now."""
    return stage.state in TAKES_AMENDMENTS and now < letter.closes


def check_takes_signature(letter: Letter, stage: Stage, now: int) -> None:
    """Check that the letter takes a `sign` now. Raises LetterNotOpen."""
    if not takes_signatures(letter, stage, now):
        raise LetterNotOpen


def check_takes_amendment(letter: Letter, stage: Stage, now: int) -> None:
    """Check that the letter takes an `amend` now. Raises LetterNotOpen.

    None is taken while a wave waits for its opening (the names to be opened are those of the freezing) and
    none between a boundary and its outcome (which may freeze a wave, or end the letter).
    """
    if stage.state not in TAKES_AMENDMENTS:
        raise LetterNotOpen("The letter no longer takes changes.")
    if stage.opening_due or is_after_boundary(letter, stage, now):
        raise LetterNotOpen("Names are being opened; changes are taken again when that is done.")


def check_takes_withdrawal(letter: Letter, stage: Stage, now: int) -> None:
    """Check that the letter takes a `withdraw` now. Raises LetterNotOpen.

    One is taken while a wave waits, too, and after the letter has closed; none between the closing time
    of a letter that was not released and the outcome which may end it.
    """
    may_lapse = stage.state in {State.OPEN, State.REACHED} and now >= letter.closes
    if stage.state not in TAKES_WITHDRAWALS or (
        may_lapse and is_after_boundary(letter, stage, now)
    ):
        raise LetterNotOpen("The letter has ended without a release, and takes no withdrawals.")
