"""What comes next in a letter's life, and when: for the one who has to tell others."""

from enum import StrEnum
from typing import NamedTuple

from undersigned.domain.letter import Letter, State
from undersigned.domain.stage import Stage, next_wave


class Coming(StrEnum):
    """What may come."""

    LAPSES = "lapses"
    COOLED_OFF = "cooled-off"
    OPENING = "opening"
    WAVE = "wave"
    CLOSES = "closes"
    DEADLINE = "deadline"


class Event(NamedTuple):
    """What comes, and when (UTC seconds); None: as soon as those do their part who are awaited."""

    kind: Coming
    at: int | None


def find_coming(letter: Letter, stage: Stage, unopened: int, now: int) -> tuple[Event, ...]:
    """Return what comes next, the soonest first, if everything stays as it is.

    `unopened` counts the sealed signatures that stand and nobody has opened.
    """
    events = [*_events_of(letter, stage, unopened)]
    if letter.deadline is not None and letter.deadline > now:
        events.append(Event(Coming.DEADLINE, letter.deadline))
    return tuple(sorted(events, key=lambda event: -1 if event.at is None else event.at))


def _events_of(letter: Letter, stage: Stage, unopened: int) -> list[Event]:
    opening = [Event(Coming.OPENING, None)] if stage.opening_due else []
    match stage.state:
        case State.OPEN:
            return [Event(Coming.LAPSES, letter.closes)]
        case State.REACHED:
            return [Event(Coming.COOLED_OFF, stage.at + letter.cooling_off_s)]
        case State.FROZEN:
            return [Event(Coming.OPENING, None)]
        case State.RELEASED:
            wave = [] if stage.opening_due or not unopened else [next_wave(stage)]
            waves = [Event(Coming.WAVE, at) for at in wave if at < letter.closes]
            return [*opening, *waves, Event(Coming.CLOSES, letter.closes)]
        case _:
            return []
