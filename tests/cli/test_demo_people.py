"""The people of the demo are many, made up and always the same."""

import hashlib
import re
import unicodedata

import pytest

from undersigned.cli import demo_people
from undersigned.cli.demo_people import (
    FAMILY_NAMES,
    FIRST_NAMES,
    SINGLE_ROLES,
    WELL_KNOWN,
    Person,
    fold,
    is_well_known,
    make_people,
)

STAFF = make_people(770, seed=2023)


def test_nobody_appears_twice() -> None:
    """770 people have 770 names and 770 addresses."""
    assert len({person.name for person in STAFF}) == 770
    assert len({person.email for person in STAFF}) == 770


def test_the_same_seed_gives_the_same_people() -> None:
    """A list depends on its seed alone, and a shorter one is its beginning."""
    assert make_people(770, seed=2023) == STAFF
    assert make_people(10, seed=2023) == STAFF[:10]
    assert make_people(10, seed=2024) != STAFF[:10]


def test_people_stay_the_same_between_versions() -> None:
    """The first person of a seed is written down here: a change would rename everyone in the demo."""
    assert STAFF[0] == Person(
        "fatou.malvern@staff.example", "Fatou Malvern", "Chief scientist, member of the board"
    )


def test_addresses_are_canonical_and_reach_nobody() -> None:
    """Every address is lower-case ASCII at a reserved domain."""
    for person in STAFF:
        assert re.fullmatch(r"[a-z-]+\.[a-z-]+@staff\.example", person.email), person


def test_names_are_written_in_one_form() -> None:
    """Names are in NFC, at most 100 characters, a first and a family name."""
    for person in STAFF:
        assert unicodedata.is_normalized("NFC", person.name)
        assert len(person.name) <= 100
        assert len(person.name.split(" ")) == 2


def test_each_single_role_is_held_by_one_person() -> None:
    """Nobody but the first few holds a role that exists once."""
    assert [person.role for person in STAFF[: len(SINGLE_ROLES)]] == list(SINGLE_ROLES)
    assert not {person.role for person in STAFF[len(SINGLE_ROLES) :]} & set(SINGLE_ROLES)


def test_the_staff_is_mixed() -> None:
    """Nearly every first and family name is in use, and every common role."""
    assert len({person.name.split(" ")[0] for person in STAFF}) > len(FIRST_NAMES) * 0.9
    assert len({person.name.split(" ")[1] for person in STAFF}) > len(FAMILY_NAMES) * 0.9
    assert len({person.role for person in STAFF}) == len(SINGLE_ROLES) + 18


def test_no_combination_is_lost_to_folding() -> None:
    """Names that differ only by accents or case would share an address; there are none."""
    for names in (FIRST_NAMES, FAMILY_NAMES):
        assert len({fold(name) for name in names}) == len(names)
        assert all(fold(name).isascii() for name in names)


def test_well_known_people_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name whose hash is on the list is skipped, however it is accented."""
    first = STAFF[0].name
    monkeypatch.setattr(demo_people, "WELL_KNOWN", frozenset({_digest(first)}))
    assert is_well_known(first.upper())
    assert first not in {person.name for person in make_people(770, seed=2023)}


def test_the_list_of_well_known_people_is_well_formed() -> None:
    """At least forty hashes of eight bytes, none of a person of the demo."""
    assert len(WELL_KNOWN) >= 40
    assert all(re.fullmatch(r"[0-9a-f]{16}", digest) for digest in WELL_KNOWN)
    assert not any(is_well_known(person.name) for person in STAFF)


def test_more_people_than_names_are_refused() -> None:
    """There is no list with repeated names."""
    everyone = len(FIRST_NAMES) * len(FAMILY_NAMES)
    with pytest.raises(ValueError, match="not for"):
        make_people(everyone + 1, seed=1)


def _digest(name: str) -> str:
    """Hash a name as the list of well-known people does."""
    return hashlib.sha256(fold(name).encode()).hexdigest()[:16]
