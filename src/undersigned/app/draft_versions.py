"""Two versions of a page of a draft: in what they differ, and what stands when somebody has chosen.

What belongs together is chosen as one: a list with all its items, a day with its time. Words that were
typed for an item which somebody else has taken away meanwhile have no place any more, and are told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from undersigned.app.draft_fields import LISTS, Fields, is_chosen, names_of, typed_in

_TOGETHER: Final = {
    "closes_time": "closes_day",
    "deadline_time": "deadline_day",
    "cooling_off_unit": "cooling_off",
    "mode": "mode.public",
    "method": "method.email",
    "demand": "demands",
    "addressee": "addressees",
}

_ITEM: Final = re.compile(
    r"t[0-9]{1,4}\.(demand|addressee)\.[a-z0-9-]{1,32}|[ak][0-9]{1,4}\.[a-z]+"
)
"""Fields of one item of a list."""


@dataclass(frozen=True, slots=True)
class Said:
    """What stands in a field. Of one that `is_chosen` the pages have the word for it."""

    field: str
    text: str

    @property
    def is_chosen(self) -> bool:
        """Say whether it was ticked or chosen from a few."""
        return is_chosen(self.field)


@dataclass(frozen=True, slots=True)
class Unit:
    """What is chosen as one: its name, and what either version says, field by field."""

    name: str
    theirs: tuple[Said, ...]
    mine: tuple[Said, ...]


def compare(fields: Fields, section: str, typed: Mapping[str, str]) -> list[Unit]:
    """Return in what the saved version of a page and the typed one differ. Raises FormatError."""
    mine = as_typed(fields, section, typed)
    theirs_of, mine_of = _units_of(fields, section), _units_of(mine, section)
    both = (
        Unit(name, _said(fields, theirs_of.get(name, [])), _said(mine, mine_of.get(name, [])))
        for name in dict.fromkeys([*theirs_of, *mine_of])
    )
    return [unit for unit in both if _words(unit.theirs) != _words(unit.mine)]


def find_lost(
    fields: Mapping[str, str], section: str, typed: Mapping[str, str]
) -> tuple[Said, ...]:
    """Return what was typed on a page for items that the draft has no more."""
    names = set(names_of(fields, section))
    return tuple(
        Said(name, text)
        for name, text in typed.items()
        if text.strip() and name not in names and _ITEM.fullmatch(name)
    )


def choose(
    fields: Fields, section: str, typed: Mapping[str, str], choices: Mapping[str, str]
) -> Fields | None:
    """Return the fields with the typed version of what `choices` has as `mine`, the saved of `theirs`.

    None if one of the two was not chosen everywhere. Raises FormatError.
    """
    mine = as_typed(fields, section, typed)
    units = _units_of(mine, section)
    chosen = dict(fields)
    for unit in compare(fields, section, typed):
        match choices.get(unit.name):
            case "mine":
                chosen |= {name: mine.get(name, "") for name in units.get(unit.name, [])}
            case "theirs":
                continue
            case _:
                return None
    return chosen


def as_typed(fields: Fields, section: str, typed: Mapping[str, str]) -> Fields:
    """Return the fields as whoever typed has them, with their lists. Raises FormatError."""
    return typed_in(fields, section, typed, LISTS)


def _units_of(fields: Mapping[str, str], section: str) -> dict[str, list[str]]:
    """Return what is chosen as one on a page, each with the names of its fields."""
    units: dict[str, list[str]] = {}
    for name in names_of(fields, section):
        units.setdefault(_unit_of(name), []).append(name)
    return units


def _unit_of(name: str) -> str:
    group, _, part = name.partition(".")
    if part.partition(".")[0] in _TOGETHER:
        return _TOGETHER[part.partition(".")[0]]
    if part and group[0] in "ak":
        return "addressees" if group[0] == "a" else "trustees"
    return _TOGETHER.get(group, name)


def _said(fields: Mapping[str, str], names: list[str]) -> tuple[Said, ...]:
    """Return what these fields say, without the lists, of which the items are there."""
    said = (Said(name, fields.get(name, "")) for name in names if name not in LISTS)
    return tuple(each for each in said if each.text)


def _words(said: tuple[Said, ...]) -> list[str]:
    """Return what people compare: the same words in the place of another item are the same."""
    return [each.field.rpartition(".")[2] if each.text == "on" else each.text for each in said]
