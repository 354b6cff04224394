"""Advice: each sentence is said of the choice that it is about, and of no sound one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.advice import (
    FEW_PEOPLE,
    SMALL_CROWD,
    Advice,
    Choices,
    TrusteeChoice,
    advise,
    suggest_conditions,
)
from undersigned.domain.letter import MOST_CONDITIONS
from undersigned.domain.terms import Basis, Method, Mode, RollKind

NOW = 1_800_000_000
DAY = 86_400
ALL = tuple(Mode)

SOUND = Choices(
    now=NOW,
    headcount=400,
    headcount_age=10,
    rule=200,
    conditions=(20, 50, 100, 200),
    modes=ALL,
    basis=Basis.NAMED,
    cooling_off_s=DAY,
    deadline=NOW + 40 * DAY,
    closes=NOW + 30 * DAY,
    floor=8,
    trustees=(
        TrusteeChoice(operator=False, bound=False, mail="ann@firm.example"),
        TrusteeChoice(operator=False, bound=False, mail=None),
        TrusteeChoice(operator=True, bound=False, mail=None),
    ),
    quorum=2,
    roll=RollKind.LIST,
    methods=(Method.EMAIL, Method.INVITE),
    addressee_mails=("board@mill.example",),
    retention_days=90,
)


def test_of_sound_choices_nothing_is_said() -> None:
    """Advice that is always there is read by nobody."""
    assert advise(SOUND) == ()


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"headcount": 19, "rule": 9, "conditions": (8,)}, Advice.HEADCOUNT_FEW),
        ({"rule": 361}, Advice.RULE_EXPOSES_REST),
        ({"rule": 265}, Advice.RULE_HIGH),
        ({"rule": 19, "conditions": (10,)}, Advice.RULE_LOW),
        ({"rule": 7, "conditions": (8,), "headcount": 100}, Advice.RULE_SMALL_CROWD),
        ({"modes": (Mode.PUBLIC,), "conditions": (), "trustees": ()}, Advice.ONLY_PUBLIC),
        ({"basis": Basis.ALL}, Advice.ANONYMOUS_COUNT),
        ({"conditions": ()}, Advice.CONDITIONS_MISSING),
        ({"conditions": (7, 50)}, Advice.CONDITIONS_LOW),
        ({"conditions": tuple(range(8, 14)), "headcount": 59, "rule": 30}, Advice.CONDITIONS_MANY),
        ({"conditions": (50, 361)}, Advice.CONDITIONS_EXPOSE_REST),
        ({"conditions": (50, 201)}, Advice.CONDITIONS_ABOVE_RULE),
        ({"cooling_off_s": 0}, Advice.NO_COOLING_OFF),
        ({"deadline": NOW}, Advice.DEADLINE_PASSED),
        ({"deadline": NOW + 31 * DAY - 1}, Advice.DEADLINE_BEFORE_RELEASE),
        ({"closes": NOW + 2 * DAY - 1}, Advice.CLOSES_SOON),
        ({"closes": NOW + 367 * DAY, "deadline": None}, Advice.CLOSES_LATE),
        ({"floor": 7}, Advice.FLOOR_LOW),
        ({"quorum": 1}, Advice.ONE_TRUSTEE_OPENS),
        ({"quorum": 3}, Advice.ALL_TRUSTEES_NEEDED),
        ({"trustees": ()}, Advice.OPERATOR_ALONE),
        ({"domains": ("staff.mill.example",)}, Advice.MAIL_OF_ADDRESSEE),
        ({"methods": (Method.EMAIL,)}, Advice.ONLY_MAIL),
        ({"methods": (Method.INVITE, Method.OPENID)}, Advice.WORK_ACCOUNT),
        ({"roll": RollKind.DOMAIN}, Advice.OWN_WORDS),
        ({"retention_days": 367}, Advice.RETENTION_LONG),
        ({"headcount_age": 184}, Advice.HEADCOUNT_OLD),
        ({"headcount_sourced": False}, Advice.HEADCOUNT_UNSOURCED),
        ({"addressee_mails": ()}, Advice.NO_ADDRESS),
        ({"consequence": False}, Advice.NO_CONSEQUENCE),
    ],
)
def test_each_choice_has_its_advice(changes: dict[str, object], advice: Advice) -> None:
    """The first value that is too much, of which the one before is not."""
    assert advice in advise(replace(SOUND, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"headcount": 20, "rule": 9, "conditions": (8,)}, Advice.HEADCOUNT_FEW),
        ({"rule": 360}, Advice.RULE_EXPOSES_REST),
        ({"rule": 264}, Advice.RULE_HIGH),
        ({"rule": 20, "conditions": (10,)}, Advice.RULE_LOW),
        ({"rule": 8, "conditions": (8,), "headcount": 100}, Advice.RULE_SMALL_CROWD),
        ({"basis": Basis.ALL, "modes": ALL[:2]}, Advice.ANONYMOUS_COUNT),
        ({"conditions": (8, 50)}, Advice.CONDITIONS_LOW),
        ({"conditions": tuple(range(8, 14)), "headcount": 60, "rule": 30}, Advice.CONDITIONS_MANY),
        ({"conditions": (50, 360)}, Advice.CONDITIONS_EXPOSE_REST),
        ({"conditions": (50, 200)}, Advice.CONDITIONS_ABOVE_RULE),
        ({"deadline": NOW + 31 * DAY}, Advice.DEADLINE_BEFORE_RELEASE),
        ({"closes": NOW + 2 * DAY}, Advice.CLOSES_SOON),
        ({"closes": NOW - 1}, Advice.CLOSES_SOON),
        ({"closes": NOW + 366 * DAY, "deadline": None}, Advice.CLOSES_LATE),
        ({"domains": ("themill.example",)}, Advice.MAIL_OF_ADDRESSEE),
        ({"modes": ALL[:1], "conditions": (), "trustees": ()}, Advice.OPERATOR_ALONE),
    ],
)
def test_up_to_the_bound_it_is_not_said(changes: dict[str, object], advice: Advice) -> None:
    """One person, one second or one letter less."""
    assert advice not in advise(replace(SOUND, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mail", "bound", "said"),
    [
        ("ann@mill.example", False, True),
        ("ann@legal.mill.example", False, True),
        ("ann@example", False, True),
        ("ann@windmill.example", False, False),
        ("ann@firm.example", False, False),
        ("ann@firm.example", True, True),
        (None, True, True),
        (None, False, False),
    ],
)
def test_a_trustee_of_the_addressee_is_told(mail: str | None, bound: bool, said: bool) -> None:
    """Asked of the organiser, or guessed from the domain of the mail address."""
    trustee = TrusteeChoice(operator=False, bound=bound, mail=mail)
    advice = advise(replace(SOUND, trustees=(trustee, *SOUND.trustees[1:])))
    assert (Advice.TRUSTEE_OF_ADDRESSEE in advice) is said


def test_of_what_was_not_chosen_little_is_said() -> None:
    """An empty draft gets the advice that its emptiness deserves."""
    assert advise(Choices(now=NOW)) == (Advice.NO_ADDRESS,)


def test_the_gravest_comes_first() -> None:
    """In the order of the enumeration, each once."""
    found = advise(replace(SOUND, quorum=1, cooling_off_s=0, addressee_mails=(), headcount_age=999))
    assert found == tuple(advice for advice in Advice if advice in found)
    assert len(found) == 4


headcounts = st.integers(1, 10_000_000)


@given(headcounts, st.data())
def test_nothing_is_advised_against_what_is_suggested(headcount: int, data: st.DataObject) -> None:
    """Whatever the size of the group and its rule: few numbers, ascending, none that singles out."""
    rule = data.draw(st.none() | st.integers(1, headcount))
    numbers = suggest_conditions(headcount, rule)
    assert len(numbers) <= MOST_CONDITIONS
    assert list(numbers) == sorted(set(numbers))
    choices = replace(SOUND, headcount=headcount, rule=rule, conditions=numbers)
    against = {
        Advice.CONDITIONS_LOW,
        Advice.CONDITIONS_MANY,
        Advice.CONDITIONS_EXPOSE_REST,
        Advice.CONDITIONS_ABOVE_RULE,
    }
    assert not against & set(advise(choices))
    reachable = min(headcount * 66 // 100, headcount if rule is None else rule)
    assert bool(numbers) is (headcount >= FEW_PEOPLE and reachable >= SMALL_CROWD)


@pytest.mark.parametrize(
    ("headcount", "rule", "numbers"),
    [
        (19, 10, ()),
        (30, None, (8, 13, 19)),
        (100, 60, (8, 35, 60)),
        (400, 200, (20, 45, 70, 95, 120, 150, 170, 200)),
    ],
)
def test_what_is_suggested(headcount: int, rule: int | None, numbers: tuple[int, ...]) -> None:
    """Round numbers up to the rule."""
    assert suggest_conditions(headcount, rule) == numbers
