"""Reads the fields of a draft one by one, and notes of each the first thing that is wrong with it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from undersigned.app.draft_fields import Fields
from undersigned.app.typed import read_moment
from undersigned.errors import FieldUnread

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with a field: `rule` names the sentence that the pages have for it.

    `detail` is what the letter's own rules say, in English: for rules that the pages do not know.
    """

    field: str
    rule: str
    detail: str = ""

    @property
    def is_missing(self) -> bool:
        """Say whether nothing was typed yet, where something is needed."""
        return self.rule == "missing"


class FieldReader:
    """Reads fields; `values` are those that could be read, `problems` what is wrong with the others."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.values: dict[str, Any] = {}
        self._problems: dict[str, FieldProblem] = {}

    @property
    def problems(self) -> tuple[FieldProblem, ...]:
        """What was noted, in the order in which it was."""
        return tuple(self._problems.values())

    def is_noted(self, name: str) -> bool:
        """Say whether something is wrong with a field."""
        return name in self._problems

    def note(self, name: str, rule: str, detail: str = "") -> None:
        """Note what is wrong with a field; the first word about it counts."""
        self._problems.setdefault(name, FieldProblem(name, rule, detail))

    def text(self, name: str) -> str:
        """Return what was typed, without the white space around it."""
        return self.fields.get(name, "").strip()

    def need_text(self, name: str) -> str:
        """Return what was typed into a field that must not be empty."""
        text = self.text(name)
        if not text:
            self.note(name, "missing")
        return text

    def read(self, name: str, read: Callable[[str], T | None]) -> T | None:
        """Read a field that may be empty."""
        text = self.text(name)
        if not text:
            return None
        try:
            value = read(text)
        except FieldUnread as error:
            self.note(name, error.detail)
            return None
        self.values[name] = value
        return value

    def need(self, name: str, read: Callable[[str], T | None], instead: T) -> T:
        """Read a field that must not be empty; `instead` is what the others are judged with."""
        value = self.read(name, read)
        if value is None:
            self.note(name, "missing")
            return instead
        return value

    def moment(self, name: str) -> int | None:
        """Read a day and its time."""
        time, zone = self.text(f"{name}_time"), self.text("zone")
        return self.read(f"{name}_day", lambda day: read_moment(day, time, zone))

    def boxes(self, name: str, kind: type[E]) -> tuple[E, ...]:
        """Return the choices whose boxes are ticked."""
        return tuple(each for each in kind if self.text(f"{name}.{each.value}"))

    def choice(self, name: str, kind: Callable[[str], T], instead: T) -> T:
        """Return the choice of a group of buttons, of which one is down."""
        return self.need(name, lambda text: _chosen(kind, text), instead)


def _chosen(kind: Callable[[str], T], text: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise FieldUnread("choice") from None
