"""Two versions of a page of a draft: in what they differ, and what stands when somebody has chosen.

What belongs together is chosen as one: a list with all its items, a day with its time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from undersigned.app.draft_fields import LISTS, Fields, names_of, typed_in

_TOGETHER: Final = {
    "closes_time": "closes_day",
    "deadline_time": "deadline_day",
    "cooling_off_unit": "cooling_off",
    "mode": "mode.public",
    "method": "method.email",
    "demand": "demands",
    "addressee": "addressees",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What is chosen as one: its name, and both versions in words."""

    name: str
    theirs: str
    mine: str


def compare(fields: Fields, section: str, typed: Mapping[str, str]) -> list[Unit]:
    """Return in what the saved version of a page and the typed one differ. Raises FormatError."""
    mine = as_typed(fields, section, typed)
    theirs_of, mine_of = _units_of(fields, section), _units_of(mine, section)
    both = (
        Unit(name, _words(fields, theirs_of.get(name, [])), _words(mine, mine_of.get(name, [])))
        for name in dict.fromkeys([*theirs_of, *mine_of])
    )
    return [unit for unit in both if unit.theirs != unit.mine]


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


def _words(fields: Mapping[str, str], names: list[str]) -> str:
    """Write what is chosen as one so that people can compare it; a box that is ticked by its name."""
    texts = ((name, fields.get(name, "")) for name in names if name not in LISTS)
    lines = (name.rpartition(".")[2] if text == "on" else text for name, text in texts)
    return "\n".join(line for line in lines if line)
