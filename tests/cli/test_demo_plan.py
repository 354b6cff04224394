"""The plan of the demo's day: its course, and what it may not do."""

from collections import Counter

from undersigned.cli.demo_plan import OPENS_AT, SIGNERS, WITHDRAWING, make_plan
from undersigned.domain.letter import Mode

H = 3600


def _standing_at(seconds: int) -> int:
    return [moment.standing for moment in make_plan() if moment.at <= OPENS_AT + seconds][-1]


def test_the_known_course() -> None:
    """500 within two hours, 505 at 06:30, 650 at 08:12, almost 700 at 09:39, 738 at 14:10."""
    assert _standing_at(2 * H - 60) == 500
    assert _standing_at(2 * H) == 505
    assert _standing_at(3 * H + 42 * 60) == 650
    assert 690 <= _standing_at(5 * H + 9 * 60) < 700
    assert _standing_at(9 * H + 40 * 60) == 738


def test_who_signs() -> None:
    """741 sign and 3 withdraw; most are sealed, some public, some anonymous; nobody waits at the end."""
    plan = make_plan()
    stances = [stance for moment in plan for stance in moment.stances]
    modes = Counter(stance.mode for stance in stances)
    assert len(stances) == SIGNERS
    assert sum(moment.withdrawals for moment in plan) == WITHDRAWING
    assert sum(stance.leaves for stance in stances) == WITHDRAWING
    assert modes[Mode.SEALED] > SIGNERS / 2
    assert modes[Mode.PUBLIC] >= 30
    assert modes[Mode.ANONYMOUS] == 40
    assert plan[-1].waiting == 0


def test_the_count_jumps() -> None:
    """A good part asks for others first, and is seen to come to stand together."""
    plan = make_plan()
    conditional = [s for m in plan for s in m.stances if s.condition is not None]
    assert len(conditional) > 200
    assert all(stance.mode is not Mode.PUBLIC for stance in conditional)
    before = [0, *[moment.standing for moment in plan]]
    jumps = [m.standing - b - len(m.stances) for m, b in zip(plan, before, strict=False)]
    assert sum(jump > 10 for jump in jumps) >= 6


def test_it_is_the_same_each_time() -> None:
    """The day is told in the same way each time, and its times only go forward."""
    assert make_plan() == make_plan()
    times = [moment.at for moment in make_plan()]
    assert times == sorted(set(times))
