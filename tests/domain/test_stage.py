"""The stages of a letter: the deciding functions and the check are of one mind, and every life ends."""

import dataclasses
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.domain.kinds import EpochRecord, OpeningRecord, OutcomeRecord
from undersigned.domain.letter import (
    Basis,
    EpochTerms,
    Letter,
    LetterId,
    Method,
    Mode,
    RollKind,
    State,
    TextRef,
    TrusteeTerms,
)
from undersigned.domain.outcome import Count, outcome_hash
from undersigned.domain.stage import (
    ENDED,
    WAVE_PERIOD_S,
    Move,
    Stage,
    check_move,
    check_takes_amendment,
    check_takes_signature,
    check_takes_withdrawal,
    is_after_boundary,
    move_after_epoch,
    move_at_boundary,
    next_boundary,
    stage_after_epoch,
    stage_after_opening,
    stage_after_outcome,
    takes_signatures,
)
from undersigned.errors import LetterNotOpen, VerificationError

OPENED = 1_000_000
CLOSES = OPENED + 3 * WAVE_PERIOD_S
RULE = 10


def _letter(*, cooling_off_s: int = 3_600, closes: int = CLOSES) -> Letter:
    key = bytes(32)
    return Letter(
        slug="letter",
        edition=1,
        supersedes=None,
        texts=(TextRef("en", key),),
        demands=("one",),
        deadline=None,
        closes=closes,
        headcount=100,
        headcount_as_of="2023-11-17",
        rule=RULE,
        cooling_off_s=cooling_off_s,
        basis=Basis.NAMED,
        modes=(Mode.SEALED,),
        conditions=(),
        epoch=EpochTerms(60, 8, 600),
        trustees=(TrusteeTerms("Trustee", operator=True, seal_key=bytes(1216), sign_key=key),),
        quorum=1,
        issuer_url=None,
        token_key=b"key",
        attestation_key=key,
        roll=RollKind.LIST,
        methods=(Method.EMAIL,),
        organiser_key=key,
        promise_vkey="example.org/log/promise+deadbeef+AfT5+/0=",
        bundle=None,
        retention_days=0,
    )


class Life:
    """A letter's life as the server would write it, checked as the verifier would."""

    def __init__(self, letter: Letter) -> None:
        self.letter = letter
        self.now = OPENED
        self.m = 0
        self.unopened = 0
        self.moves: list[OutcomeRecord] = []
        self.stage: Stage = self._enter(None, Move(State.OPEN, 0, OPENED))

    def _enter(self, before: Stage | None, move: Move) -> Stage:
        nobody = before is None or move.state in {State.LAPSED, State.SUPERSEDED}
        m = 0 if nobody else self.m
        outcome = OutcomeRecord(
            self.letter.letter_id,
            *move,
            m=m,
            standing=m,
            waiting=0,
            hash=outcome_hash(range(m)),
        )
        check_move(self.letter, before, outcome, unopened=self.unopened)
        _check_neighbours_are_refused(self.letter, before, outcome, self.unopened)
        self.moves.append(outcome)
        return stage_after_outcome(before, outcome, unopened=self.unopened)

    @property
    def count(self) -> Count:
        return Count(self.m, self.m, 0)

    @property
    def states(self) -> str:
        """The states so far, by their first letters; x is lapsed, to tell it from the rest."""
        return "".join("x" if move.state is State.LAPSED else move.state[0] for move in self.moves)

    def epoch(self, m: int, unopened: int | None = None) -> None:
        """Sequence an epoch that leaves m and so many unopened, then settle."""
        self.m = m
        self.unopened = m if unopened is None else unopened
        self.stage = stage_after_epoch(self.stage, EpochRecord(LetterId(b""), 1, self.now))
        if move := move_after_epoch(self.letter, self.stage, self.count):
            self.stage = self._enter(self.stage, move)
        self.settle()

    def opening(self, m: int, *, later: int = 0) -> None:
        """Log an opening of a set with m, while `later` many have signed since."""
        holds = m >= RULE
        record = OpeningRecord(LetterId(b""), self.stage.wave, b"", 0, 0, 1, b"")
        self.stage = stage_after_opening(self.stage, record, holds=holds)
        self.m = m + later
        self.unopened = later if holds or self.stage.state is State.RELEASED else self.m
        self.settle()

    def until(self, now: int) -> None:
        """Let time pass."""
        self.now = max(self.now, now)
        self.settle()

    def settle(self) -> None:
        """Write every move that is due."""
        for _ in range(10):
            move = move_at_boundary(self.letter, self.stage, self.count, self.unopened, self.now)
            if move is None:
                return
            self.stage = self._enter(self.stage, move)
        raise AssertionError("moves without end")


def _check_neighbours_are_refused(
    letter: Letter, before: Stage | None, outcome: OutcomeRecord, unopened: int
) -> None:
    """No other wave, no state out of the table, and no earlier time is legal in the same place."""
    others: list[OutcomeRecord] = [
        dataclasses.replace(outcome, wave=outcome.wave + 1),
        *(
            dataclasses.replace(outcome, state=state)
            for state in (State.FROZEN, State.LAPSED, State.SUPERSEDED, State.CLOSED)
            if state is not outcome.state
        ),
    ]
    if before is not None:
        others.append(dataclasses.replace(outcome, at=min(before.at, outcome.at) - 1))
    for other in others:
        if other.state in {State.LAPSED, State.SUPERSEDED} and other.m == 0:
            continue
        with pytest.raises(VerificationError):
            check_move(letter, before, other, unopened=unopened)


def test_the_whole_of_a_letters_life() -> None:
    """Reached, frozen, opened, a daily wave, the wave at the closing time, closed."""
    life = Life(_letter())
    life.now += 60
    life.epoch(RULE)
    assert next_boundary(life.letter, life.stage) == OPENED + 3_660
    life.until(OPENED + 3_660 + 5)
    life.opening(RULE)
    assert life.states == "orfr"
    life.now += 100
    life.epoch(RULE + 1, 1)
    assert life.states == "orfr", "a day must pass"
    life.until(OPENED + 3_660 + WAVE_PERIOD_S)
    assert life.states == "orfrr"
    assert next_boundary(life.letter, life.stage) is None, "waits for the trustees"
    life.opening(RULE + 1, later=1)
    life.until(CLOSES - 1)
    life.opening(RULE + 2, later=2)
    life.until(CLOSES + 30)
    life.opening(RULE + 4)
    assert life.states == "orfrrrrc"
    assert [move.wave for move in life.moves] == [0, 0, 1, 1, 2, 3, 4, 4]
    assert life.moves[-2].at == CLOSES
    assert life.moves[-1].at == CLOSES + 30


def test_when_it_was_reached_and_released_is_known_for_good() -> None:
    """Whatever follows; but a letter that is open again is not reached."""
    life = Life(_letter())

    def told() -> tuple[int | None, int | None]:
        return life.stage.reached_at, life.stage.released_at

    assert told() == (None, None)
    life.now += 60
    life.epoch(RULE)
    assert told() == (OPENED + 60, None)
    life.now += 60
    life.epoch(RULE - 1)
    assert told() == (None, None)
    life.now += 60
    life.epoch(RULE)
    life.until(OPENED + 3_780)
    life.opening(RULE - 1)
    assert (life.stage.state, told()) == (State.OPEN, (None, None))
    life.now += 20
    life.epoch(RULE)
    life.until(OPENED + 7_400)
    assert (life.stage.state, told()) == (State.FROZEN, (OPENED + 3_800, None))
    life.opening(RULE)
    known = (OPENED + 3_800, OPENED + 7_400)
    assert (life.stage.state, told()) == (State.RELEASED, known)
    life.epoch(RULE + 1, 1)
    life.until(OPENED + 7_400 + WAVE_PERIOD_S)
    life.opening(RULE + 1)
    assert (life.stage.wave, told()) == (3, known)
    life.until(CLOSES)
    assert (life.stage.state, told()) == (State.CLOSED, known)


def test_without_a_cooling_off_or_a_seal() -> None:
    """Reached, frozen and released follow at once when nothing is to wait for."""
    life = Life(_letter(cooling_off_s=0))
    life.now += 60
    life.epoch(RULE, 0)
    assert life.states == "orfr"
    assert {move.at for move in life.moves[1:]} == {OPENED + 60}
    life.until(CLOSES + 7)
    assert life.states == "orfrc"


def test_falls_below_the_rule_and_reaches_it_again() -> None:
    """In an epoch, or seen at the end of the cooling-off."""
    life = Life(_letter())
    life.now += 60
    life.epoch(RULE)
    life.now += 60
    life.epoch(RULE - 1)
    assert life.moves[-1].at == OPENED + 120
    life.now += 60
    life.epoch(RULE)
    life.m = RULE - 1  # an invalidation outside any epoch
    life.until(OPENED + 4_000)
    assert life.states == "ororo"
    assert life.moves[-1].at == OPENED + 180 + 3_600
    life.until(CLOSES)
    assert life.states == "ororox"


def test_closes_during_the_cooling_off() -> None:
    """The cooling-off is finished first; no signature is taken meanwhile."""
    letter = _letter()
    life = Life(letter)
    life.now = CLOSES - 10
    life.epoch(RULE)
    life.until(CLOSES)
    assert not takes_signatures(letter, life.stage, life.now)
    check_takes_amendment(letter, life.stage, life.now)
    assert life.states == "or"
    life.until(CLOSES - 10 + 3_600)
    life.opening(RULE)
    assert life.states == "orfrc"
    low = Life(letter)
    low.now = CLOSES - 10
    low.epoch(RULE)
    low.m = RULE - 1
    low.until(CLOSES + 3_600)
    assert low.states == "orox"
    assert low.moves[-1].at == CLOSES - 10 + 3_600, "not before the outcome before"


def test_closes_while_frozen() -> None:
    """The opening is finished first; who signed since then has the wave at the closing time."""
    life = Life(_letter())
    life.now = CLOSES - 3_700
    life.epoch(RULE)
    life.until(CLOSES - 50)
    assert life.states == "orf"
    life.epoch(RULE + 1)
    life.until(CLOSES + 500)
    assert life.states == "orf"
    life.opening(RULE, later=1)
    assert life.states == "orfrr"
    assert life.moves[-1].at == CLOSES + 500, "not before the release"
    life.opening(RULE + 1)
    assert life.states == "orfrrc"


def test_a_failed_opening_then_lapsed() -> None:
    """Too many unopenable: open again, and lapsed at the closing time."""
    life = Life(_letter())
    life.now += 60
    life.epoch(RULE)
    life.until(OPENED + 4_000)
    life.opening(RULE - 3)
    assert life.states == "orfo"
    life.until(CLOSES + 1)
    assert life.states == "orfox"
    assert life.moves[-1].at == CLOSES


def test_a_failed_opening_after_the_closing_time() -> None:
    """Lapsed no earlier than the outcome before."""
    life = Life(_letter())
    life.now = CLOSES - 3_601
    life.epoch(RULE)
    life.until(CLOSES + 100)
    life.opening(RULE - 3)
    assert life.states == "orfox"
    assert life.moves[-1].at == CLOSES + 100


def test_a_failed_opening_then_reached_at_once() -> None:
    """Those who signed since the freezing may make up for the bad ones."""
    life = Life(_letter())
    life.now += 60
    life.epoch(RULE)
    life.until(OPENED + 4_000)
    life.opening(RULE - 3, later=3)
    assert life.states == "orfor"
    assert life.moves[-1].at == life.moves[-2].at == OPENED + 4_000
    life.until(OPENED + 9_000)
    assert life.states == "orforf"
    assert life.moves[-1].wave == 2
    life.opening(RULE)
    assert life.moves[-1].state is State.RELEASED


def test_superseded_only_from_open() -> None:
    """A new edition closes an open letter, and no other."""
    letter = _letter()
    nobody = outcome_hash(())
    record = OutcomeRecord(letter.letter_id, State.SUPERSEDED, 0, OPENED + 5, 0, 0, 0, nobody)
    check_move(letter, Stage(State.OPEN, 0, OPENED), record, unopened=0)
    for state in set(State) - {State.OPEN}:
        with pytest.raises(VerificationError):
            check_move(letter, Stage(state, 0, OPENED), record, unopened=0)
    wrong = dataclasses.replace(record, waiting=1)
    with pytest.raises(VerificationError):
        check_move(letter, Stage(State.OPEN, 0, OPENED), wrong, unopened=0)


def test_no_opening_without_a_wave() -> None:
    """An opening of another wave, or a second one, is refused."""
    opening = OpeningRecord(LetterId(b""), 1, b"", 1, 0, 1, b"")
    for stage in (
        Stage(State.OPEN, 0, OPENED),
        Stage(State.FROZEN, 2, OPENED, OPENED, opening_due=True),
        Stage(State.FROZEN, 1, OPENED, OPENED),
    ):
        with pytest.raises(VerificationError):
            stage_after_opening(stage, opening, holds=True)


def test_what_is_taken_when() -> None:
    """Signatures until the closing time, changes but for an opening, withdrawals also when closed."""
    letter = _letter()
    before = OPENED + 1
    for state in State:
        stage = Stage(state, 1, OPENED, OPENED, opening_due=state is State.FROZEN)
        alive = state not in ENDED
        checks = (check_takes_signature, check_takes_amendment, check_takes_withdrawal)
        takes = (alive, alive and not stage.opening_due, alive or state is State.CLOSED)
        for check, allowed in zip(checks, takes, strict=True):
            if allowed:
                check(letter, stage, before)
            else:
                with pytest.raises(LetterNotOpen):
                    check(letter, stage, before)
        with pytest.raises(LetterNotOpen):
            check_takes_signature(letter, stage, CLOSES)


def test_nothing_is_taken_that_could_not_be_sequenced() -> None:
    """Between the closing time and its outcome, what the outcome may end is refused."""
    letter = _letter()
    opened = Stage(State.OPEN, 0, OPENED)
    released = Stage(State.RELEASED, 1, OPENED, OPENED)
    cooling = Stage(State.REACHED, 0, CLOSES - 10)
    for stage in (opened, released):
        assert is_after_boundary(letter, stage, CLOSES)
        with pytest.raises(LetterNotOpen):
            check_takes_amendment(letter, stage, CLOSES)
    with pytest.raises(LetterNotOpen):
        check_takes_withdrawal(letter, opened, CLOSES)
    check_takes_withdrawal(letter, released, CLOSES)
    check_takes_withdrawal(letter, cooling, CLOSES)
    with pytest.raises(LetterNotOpen):
        check_takes_withdrawal(letter, cooling, CLOSES + 4_000)
    assert not is_after_boundary(letter, opened, CLOSES - 1)
    waiting = dataclasses.replace(released, opening_due=True)
    assert not is_after_boundary(letter, waiting, CLOSES + 5)


def _steps(life: Life, data: st.DataObject) -> Iterator[None]:
    """Live at random until the closing time is past, then only lose signatures."""
    while life.stage.state not in ENDED:
        yield
        closed = life.now >= life.letter.closes
        most = life.m if closed else RULE + 5
        if life.stage.opening_due and data.draw(st.booleans()):
            m = data.draw(st.integers(0, life.m))
            life.opening(m, later=data.draw(st.integers(0, life.m - m)))
        elif data.draw(st.booleans()):
            life.now += data.draw(st.integers(0, 600))
            m = data.draw(st.integers(min(most, RULE - 2), most))
            if life.stage.state in ENDED:
                return
            life.epoch(m, data.draw(st.integers(0, min(m, life.unopened) if closed else m)))
        else:
            life.until(life.now + data.draw(st.sampled_from([1, 3_600, WAVE_PERIOD_S, CLOSES])))


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from([0, 1, 3_600, 2_592_000]))
def test_every_life_is_legal_and_ends(data: st.DataObject, cooling_off_s: int) -> None:
    """Whatever happens, every decided move passes the check, and the letter closes or lapses."""
    life = Life(_letter(cooling_off_s=cooling_off_s))
    for step, _ in enumerate(_steps(life, data)):
        if step == 40:
            break
    for _ in range(20):
        life.until(life.now + CLOSES)
        if life.stage.opening_due:
            life.opening(life.m)
    assert life.stage.state in {State.CLOSED, State.LAPSED}
    assert next_boundary(life.letter, life.stage) is None
    assert move_at_boundary(life.letter, life.stage, life.count, life.unopened, life.now) is None
    waves = [move.wave for move in life.moves]
    assert waves == sorted(waves)
    assert len(life.moves) <= 4 * len(set(waves)) + 80
