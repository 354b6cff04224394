"""The tempo of the demo: who signs when and how, so that the count takes the known course.

Known facts of 2023-11-20 (times Pacific, UTC-8): the first 500 within two hours; 505 early in the morning
(the demo puts it at 06:30); about 650 at 08:12; almost 700 at 09:39; 738 at 14:10. How many of them
asked for a number of others first is not known: the demo's conditions are made up, like its people.

The plan is made by counting along with `domain.outcome`, so that it knows when a number is reached and
the waiting come to stand together.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from undersigned.domain.letter import Mode
from undersigned.domain.outcome import Count, find_count

OPENS_AT = 1_700_483_400
"""2023-11-20 04:30 Pacific time."""

SIGNERS = 741
WITHDRAWING = 3


@dataclass(frozen=True, slots=True)
class Stance:
    """How somebody signs; `condition` is None for "now". `leaves` marks one who withdraws later."""

    mode: Mode
    condition: int | None = None
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens at a time (UTC seconds): who signs, how many withdraw, how many stand after it."""

    at: int
    stances: tuple[Stance, ...]
    withdrawals: int
    standing: int
    waiting: int


@dataclass(frozen=True, slots=True)
class _Leg:
    """A stretch of the day, in seconds after the opening, and where the standing count ends.

    `crowds` are (number asked for, how many ask for it): those who wait for one another and come to
    stand within the leg. `left_waiting` is one more such crowd, which stands in a later leg.
    """

    until: int
    standing: int
    anonymous: int
    moments: int
    crowds: tuple[tuple[int, int], ...] = ()
    left_waiting: tuple[int, int] | None = None
    leaving: int = 0
    withdrawals: int = 0


_H = 3600
_LEGS = (
    _Leg(
        until=_H + 58 * 60,
        standing=500,
        anonymous=30,
        moments=24,
        crowds=((50, 15), (100, 25), (200, 40), (300, 45), (400, 45)),
        left_waiting=(500, 24),
    ),
    _Leg(until=2 * _H, standing=505, anonymous=30, moments=1),
    _Leg(
        until=2 * _H + 32 * 60,
        standing=550,
        anonymous=30,
        moments=4,
        left_waiting=(550, 25),
        leaving=3,
    ),
    _Leg(
        until=3 * _H + 42 * 60,
        standing=650,
        anonymous=34,
        moments=8,
        crowds=((600, 25),),
        left_waiting=(650, 30),
        withdrawals=1,
    ),
    _Leg(until=5 * _H + 9 * 60, standing=697, anonymous=37, moments=8),
    _Leg(until=7 * _H + 30 * 60, standing=716, anonymous=39, moments=6, withdrawals=1),
    _Leg(until=9 * _H + 40 * 60, standing=738, anonymous=40, moments=6, withdrawals=1),
)


@dataclass(slots=True)
class _Crowd:
    """Everyone who has signed so far, counted as the letter counts (basis `named`)."""

    tally: Counter[tuple[bool, int]] = field(default_factory=Counter)
    signed: int = 0

    def add(self, stance: Stance) -> None:
        self.tally[stance.mode is not Mode.ANONYMOUS, stance.condition or 0] += 1
        self.signed += 1

    def remove_one(self) -> None:
        self.tally[True, 0] -= 1

    @property
    def count(self) -> Count:
        return find_count(self.tally)

    @property
    def anonymous(self) -> int:
        return self.tally[False, 0]


def make_plan(seed: int = 20231120) -> list[Moment]:
    """Make the plan of the day: 741 sign, 3 of them withdraw, 738 stand at the end, nobody waits."""
    chance = random.Random(seed)  # noqa: S311 - a story, not a secret
    crowd = _Crowd()
    moments: list[Moment] = []
    began = 0
    for leg in _LEGS:
        stances = list(_stances_of(leg, crowd, chance))
        moments += _spread(leg, began, stances, chance)
        began = leg.until
    return _with_counts(moments)


def _stances_of(leg: _Leg, crowd: _Crowd, chance: random.Random) -> Iterator[Stance]:
    """Yield who signs in a leg, in order, until its standing count is exact."""
    for _ in range(leg.withdrawals):
        crowd.remove_one()
    for _ in range(leg.leaving):
        yield _signed(crowd, Stance(_named(chance), leaves=True))
    for number, size in leg.crowds:
        waiting = [Stance(Mode.SEALED, number)] * size
        while crowd.count.m < number:
            # Those who wait come mixed with those who do not, until together they are enough.
            if waiting and chance.random() < 0.4:
                yield _signed(crowd, waiting.pop())
            elif crowd.count.m + size < number or not waiting:
                yield _signed(crowd, _unconditional(leg, crowd, chance))
            else:
                yield _signed(crowd, waiting.pop())
    while crowd.anonymous < leg.anonymous:
        yield _signed(crowd, Stance(Mode.ANONYMOUS))
    while crowd.count.standing < leg.standing:
        yield _signed(crowd, Stance(_named(chance)))
    if leg.left_waiting is not None:
        number, size = leg.left_waiting
        for _ in range(size):
            yield _signed(crowd, Stance(Mode.SEALED, number))


def _signed(crowd: _Crowd, stance: Stance) -> Stance:
    crowd.add(stance)
    return stance


def _unconditional(leg: _Leg, crowd: _Crowd, chance: random.Random) -> Stance:
    if crowd.anonymous < leg.anonymous and chance.random() < 0.08:
        return Stance(Mode.ANONYMOUS)
    return Stance(_named(chance))


def _named(chance: random.Random) -> Mode:
    return Mode.PUBLIC if chance.random() < 0.16 else Mode.SEALED


def _spread(leg: _Leg, began: int, stances: list[Stance], chance: random.Random) -> list[Moment]:
    """Deal the stances of a leg out over its moments, the last of which is its end."""
    step = (leg.until - began) / leg.moments
    times = [OPENS_AT + round(began + step * (i + 1)) for i in range(leg.moments)]
    cuts = [round(len(stances) * (i + 1) / leg.moments) for i in range(leg.moments)]
    for i in range(leg.moments - 1):
        slack = int(step / 3)
        times[i] += chance.randint(-slack, slack)
    moments, start = [], 0
    for i, (at, cut) in enumerate(zip(times, cuts, strict=True)):
        # Whoever withdraws does so in the first moment of a leg.
        moments.append(
            Moment(at, tuple(stances[start:cut]), leg.withdrawals if i == 0 else 0, 0, 0)
        )
        start = cut
    return moments


def _with_counts(moments: list[Moment]) -> list[Moment]:
    """Fill in how many stand and wait after each moment."""
    crowd = _Crowd()
    counted = []
    for moment in moments:
        for stance in moment.stances:
            crowd.add(stance)
        for _ in range(moment.withdrawals):
            crowd.remove_one()
        count = crowd.count
        counted.append(
            Moment(moment.at, moment.stances, moment.withdrawals, count.standing, count.waiting)
        )
    return counted
