"""The last second before names are opened: what was promised in it counts, what comes after does not."""

import pytest
from tests.app.inspecting import verified
from tests.app.village import HOUR, Village, Villager

from undersigned.domain.letter import Letter, Mode, State
from undersigned.errors import LetterNotOpen

ENGINES = ("sqlite", "postgresql")


@pytest.fixture
def letter(village: Village) -> Letter:
    """A letter of three that is opened after an hour; its epochs are as rare as they can be."""
    return village.open(rule=3, period_s=HOUR, floor=3, max_wait_s=4 * HOUR)


@pytest.fixture
def signers(village: Village, letter: Letter) -> list[Villager]:
    """Three sealed who stand and one who waits for six; then the last second of the hour."""
    signed = village.members(letter, 3)
    signed.append(village.member(letter, Mode.SEALED, 6))
    village.at(HOUR)
    assert village.state(letter) is State.REACHED
    village.clock.advance_to(village.clock.now() + HOUR - 1)
    return signed


def test_whoever_drops_the_condition_is_opened(
    village: Village, letter: Letter, signers: list[Villager]
) -> None:
    """The amendment is in the log before the freezing, and the name in the wave."""
    village.amend(signers[3], Mode.SEALED)
    village.later(1)
    assert village.state(letter) is State.FROZEN
    assert village.outcomes(letter)[-1].m == 4
    assert village.open_waves() == 1
    assert village.row(signers[3]).opened
    assert verified(village)[1] == []


def test_whoever_becomes_anonymous_is_not(
    village: Village, letter: Letter, signers: list[Villager]
) -> None:
    """Named colleagues are then too few: the letter is open again, and nobody is named."""
    village.amend(signers[0], Mode.ANONYMOUS)
    village.later(1)
    assert village.states(letter)[-2:] == [State.REACHED, State.OPEN]
    assert village.open_waves() == 0
    assert verified(village)[1] == []


def test_whoever_leaves_is_not(village: Village, letter: Letter, signers: list[Villager]) -> None:
    """The seal is destroyed with the withdrawal, and the wave is without it."""
    village.amend(signers[3], Mode.SEALED)
    village.withdraw(signers[0])
    village.later(1)
    assert village.state(letter) is State.FROZEN
    assert not village.has_seal(signers[0])
    assert village.open_waves() == 1
    assert [village.row(each).opened for each in signers] == [False, True, True, True]
    assert verified(village)[1] == []


def test_a_second_later_only_a_withdrawal_is_taken(
    village: Village, letter: Letter, signers: list[Villager]
) -> None:
    """It does not undo the freezing; its name is skipped all the same, and then they are too few."""
    village.clock.advance_to(village.clock.now() + 1)
    with pytest.raises(LetterNotOpen):
        village.amend(signers[3], Mode.SEALED)
    village.withdraw(signers[0])
    village.sequence()
    assert village.state(letter) is State.FROZEN
    assert village.outcomes(letter)[-1].m == 3
    while village.stage(letter).opening_due:
        village.open_waves()
    assert village.state(letter) is State.OPEN
    assert not any(village.row(each).opened for each in signers)
    assert not village.has_seal(signers[0])
    assert verified(village)[1] == []
