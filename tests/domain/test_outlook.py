"""What comes next in a letter's life, as its organiser is told."""

import dataclasses

import pytest
from tests.domain.test_stage import CLOSES, OPENED, _letter

from undersigned.domain.letter import State
from undersigned.domain.outlook import Coming, Event, find_coming
from undersigned.domain.stage import WAVE_PERIOD_S, Stage

RELEASED = Stage(State.RELEASED, 1, OPENED, wave_at=OPENED, released_at=OPENED)
WAVE = OPENED + WAVE_PERIOD_S


@pytest.mark.parametrize(
    ("stage", "unopened", "events"),
    [
        (Stage(State.OPEN, 0, OPENED), 3, [(Coming.LAPSES, CLOSES)]),
        (Stage(State.REACHED, 0, OPENED), 3, [(Coming.COOLED_OFF, OPENED + 3_600)]),
        (Stage(State.FROZEN, 1, OPENED, opening_due=True), 3, [(Coming.OPENING, None)]),
        (RELEASED, 0, [(Coming.CLOSES, CLOSES)]),
        (RELEASED, 2, [(Coming.WAVE, WAVE), (Coming.CLOSES, CLOSES)]),
        (
            dataclasses.replace(RELEASED, opening_due=True),
            2,
            [(Coming.OPENING, None), (Coming.CLOSES, CLOSES)],
        ),
        (dataclasses.replace(RELEASED, wave_at=CLOSES - 9), 2, [(Coming.CLOSES, CLOSES)]),
        *((Stage(state, 1, OPENED), 0, []) for state in (State.CLOSED, State.LAPSED)),
        (Stage(State.SUPERSEDED, 0, OPENED), 0, []),
    ],
)
def test_each_state_has_its_next(
    stage: Stage, unopened: int, events: list[tuple[Coming, int | None]]
) -> None:
    """The soonest first; what waits for people has no time."""
    assert find_coming(_letter(), stage, unopened, OPENED) == tuple(Event(*each) for each in events)


def test_a_deadline_comes_in_its_turn() -> None:
    """Before the closing time or after it, also of a letter that has ended; not once it is past."""
    due = dataclasses.replace(_letter(), deadline=OPENED + 50)
    kinds = [event.kind for event in find_coming(due, RELEASED, 0, OPENED)]
    assert kinds == [Coming.DEADLINE, Coming.CLOSES]
    late = dataclasses.replace(due, deadline=CLOSES + 50)
    closed = Stage(State.CLOSED, 1, CLOSES)
    assert find_coming(late, closed, 0, CLOSES) == (Event(Coming.DEADLINE, CLOSES + 50),)
    assert find_coming(late, closed, 0, CLOSES + 50) == ()
