"""How many signatures there are of each kind: kept beside the signatures, so that nobody counts them all.

One row for each kind that a letter has: its mode, the condition in force (0 once it is fixed), what has
become of it. `signatures` keeps them in the transaction that writes signatures, which is the sequencer's or
an organiser's, never that of a member. They follow from the signatures: `find_wrong` counts from scratch.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from undersigned.store.collector_schema import signature, signature_tally


class Kind(NamedTuple):
    """What signatures of a letter are counted by; `opened` and `erased` are 0 or 1."""

    letter_id: bytes
    mode: str
    condition: int
    status: str
    opened: int
    erased: int


_KIND = tuple(signature_tally.c[name] for name in Kind._fields)


def add_to_tallies(connection: sa.Connection, changes: Mapping[Kind, int]) -> None:
    """Count so many more of each kind, or fewer."""
    for kind, change in changes.items():
        if not change:
            continue
        values = kind._asdict()
        found = connection.execute(
            sa.update(signature_tally)
            .where(*(column == values[column.name] for column in _KIND))
            .values(number=signature_tally.c.number + change)
        )
        if found.rowcount == 0:
            connection.execute(sa.insert(signature_tally).values(number=change, **values))


@dataclass(frozen=True, slots=True)
class Tallies:
    """The kinds of one letter's signatures, and how many there are of each."""

    numbers: Mapping[Kind, int]

    def live(self) -> dict[tuple[str, int], int]:
        """Return the live signatures by mode and condition still in force."""
        live: Counter[tuple[str, int]] = Counter()
        for kind, number in self.numbers.items():
            if kind.status == "live":
                live[kind.mode, kind.condition] += number
        return dict(live)

    def unopened(self, m: int) -> int:
        """Count the sealed signatures that stand with m and are neither opened nor erased."""
        sealed = ("live", "sealed", 0, 0)
        return self._count(
            lambda kind: (
                (kind.status, kind.mode, kind.opened, kind.erased) == sealed and kind.condition <= m
            )
        )

    def hidden(self, public: str) -> int:
        """Count the live signatures that are neither `public` nor opened."""
        return self._count(
            lambda kind: kind.status == "live" and kind.mode != public and not kind.opened
        )

    def shown(self, public: str) -> int:
        """Count the names that are shown: of live signatures, `public` or opened, and not erased."""
        return self._count(
            lambda kind: (
                (kind.status, kind.erased) == ("live", 0)
                and (kind.mode == public or bool(kind.opened))
            )
        )

    def all(self) -> int:
        """Count the signatures in the log, those that have ended as well."""
        return sum(self.numbers.values())

    def ended(self, status: str) -> int:
        """Count the signatures that have ended in this way."""
        return self._count(lambda kind: kind.status == status)

    def erased(self) -> int:
        """Count the signatures whose name is gone; they may have ended or not."""
        return self._count(lambda kind: bool(kind.erased))

    def _count(self, is_meant: Callable[[Kind], bool]) -> int:
        return sum(number for kind, number in self.numbers.items() if is_meant(kind))


def read_tallies(connection: sa.Connection, letter_id: bytes) -> Tallies:
    """Return what is counted of a letter's signatures."""
    rows = connection.execute(
        sa.select(*_KIND, signature_tally.c.number).where(signature_tally.c.letter_id == letter_id)
    )
    return Tallies({Kind(*row[:-1]): row[-1] for row in rows})


def find_wrong(connection: sa.Connection) -> dict[Kind, int]:
    """Return what the tallies lack of the signatures, or have too many of; the cost follows the log."""
    rows = connection.execute(sa.select(*_KIND, signature_tally.c.number))
    kept = {Kind(*row[:-1]): row[-1] for row in rows}
    counted = _count_from_scratch(connection)
    wrong = {kind: counted.get(kind, 0) - kept.get(kind, 0) for kind in kept | counted}
    return {kind: number for kind, number in wrong.items() if number}


def _count_from_scratch(connection: sa.Connection) -> dict[Kind, int]:
    condition = sa.case((signature.c.fixed == 1, 0), else_=signature.c.condition)
    columns = [condition if name == "condition" else signature.c[name] for name in Kind._fields]
    rows = connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns))
    return {Kind(*row[:-1]): row[-1] for row in rows}
