"""The crowd that a member is told of: what the log shows, and never who has just come."""

from tests.app.village import HOUR, Village

from undersigned.app.crowd import SMALL_CROWD, Crowd, get_crowd
from undersigned.domain.letter import Mode


def crowd_of(village: Village) -> Crowd:
    """Return the crowd of the mill's letter."""
    return get_crowd(village.site, village.letters, "mill")


def test_only_the_log_is_counted(village: Village) -> None:
    """Tokens and signatures that wait for their epoch are in no number."""
    letter = village.open(floor=3, rule=50)
    assert crowd_of(village) == Crowd(0, 0, 3)
    holders = [village.villager(letter) for _ in range(2)]
    village.later(2)
    assert crowd_of(village).unused == 0
    holders.append(village.villager(letter))
    village.later(2)
    assert crowd_of(village).unused == 3
    village.take(holders[0].sign_request(Mode.SEALED))
    village.take(holders[1].sign_request(Mode.ANONYMOUS))
    village.later(2)
    assert (crowd_of(village).unused, crowd_of(village).hidden) == (3, 0)
    village.take(holders[2].sign_request(Mode.SEALED))
    village.later(2)
    assert (crowd_of(village).unused, crowd_of(village).hidden) == (0, 3)


def test_who_is_named_hides_nobody(village: Village) -> None:
    """Public and opened signatures, and those that have ended, are no crowd; their tokens are used."""
    letter = village.open(rule=3)
    leaver, *_ = village.members(letter, 4, Mode.SEALED)
    village.members(letter, 2, Mode.PUBLIC)
    village.member(letter, Mode.ANONYMOUS)
    village.later(2)
    assert (crowd_of(village).unused, crowd_of(village).hidden) == (0, 5)
    village.withdraw(leaver)
    village.later(2)
    assert crowd_of(village).hidden == 4
    village.later(HOUR + 1)
    village.open_waves()
    assert (crowd_of(village).unused, crowd_of(village).hidden) == (0, 1)


def test_below_eight_it_is_small(village: Village) -> None:
    """Seven unused tokens are few, eight are not."""
    letter = village.open(rule=50)
    for _ in range(SMALL_CROWD - 1):
        village.villager(letter)
    village.later(2)
    assert crowd_of(village).is_small
    village.villager(letter)
    village.later(2)
    assert not crowd_of(village).is_small


def test_the_floor_is_counted_apart(village: Village) -> None:
    """Three tokens go with one another, and let no signature go; and the other way round."""
    letter = village.open(floor=3, rule=50)
    first = village.villager(letter)
    for _ in range(2):
        village.villager(letter)
    village.later(2)
    village.take(first.sign_request(Mode.SEALED))
    for _ in range(2):
        village.villager(letter)
    village.later(2)
    assert village.waiting(letter) == {"crowd": 1, "issued": 2}
    village.villager(letter)
    village.later(2)
    assert village.waiting(letter) == {"crowd": 1}
    # Its window ends, and the longest wait with it.
    village.later(1_200)
    assert village.waiting(letter) == {}
