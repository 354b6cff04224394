"""Statements that are written down once for each database, and whose values go to its driver as they are.

For what meets the rush: SQLAlchemy looks at every value of every row, and writes `IN` down anew each time,
which takes several times as long as SQLite takes to carry the statement out. What is kept here is in
SQLAlchemy's words, too, so that both databases are asked the same.
"""

from collections.abc import Iterable
from itertools import islice, repeat
from typing import Any, Final

import sqlalchemy as sa

from undersigned.store.database import insert_of
from undersigned.store.postgresql import ALL_COLUMNS_OF

_SIZES: Final = (1, 8, 64, 256)
"""How many keys a statement has; where there are fewer, one is repeated. Each is another text."""


class Prepared:
    """A statement; `names` are its values in the order in which they are given."""

    def __init__(self, statement: sa.ClauseElement, *names: str) -> None:
        self._statement = statement
        self._names = names
        self._texts: dict[str, str] = {}
        self._options: dict[str, object] = {}

    def run(self, connection: sa.Connection, *values: object) -> list[Any]:
        """Carry it out; return the rows, whose values are as the driver has them."""
        found = connection.exec_driver_sql(self._text(connection), values)
        return list(found.fetchall()) if found.returns_rows else []

    def run_many(self, connection: sa.Connection, rows: Iterable[tuple[object, ...]]) -> None:
        """Carry it out for the values of each row; not at all if there is none."""
        if values := list(rows):
            connection.exec_driver_sql(
                self._text(connection), values, execution_options=self._options
            )

    def _text(self, connection: sa.Connection) -> str:
        name = connection.dialect.name
        text = self._texts.get(name)
        if text is None:
            compiled: Any = self._write(connection).compile(dialect=_positional(connection.dialect))
            if tuple(compiled.positiontup) != self._names:
                raise TypeError(f"{compiled} has the values {compiled.positiontup}")
            text = self._texts[name] = str(compiled)
        return text

    def _write(self, _connection: sa.Connection) -> sa.ClauseElement:
        return self._statement


class Insertion(Prepared):
    """Rows of a table, all columns in their order; `skips` leaves out those whose key is there."""

    def __init__(self, table: sa.Table, *, skips: bool = False) -> None:
        super().__init__(sa.insert(table), *(column.name for column in table.columns))
        self._table = table
        self._skips = skips
        if not skips:
            self._options[ALL_COLUMNS_OF] = table

    def _write(self, connection: sa.Connection) -> sa.ClauseElement:
        insert = insert_of(connection)(self._table)
        written: sa.ClauseElement = insert.on_conflict_do_nothing() if self._skips else insert
        return written


class ForKeys:
    """A statement for the rows that have one of many keys; `names` are its other values, which come first."""

    def __init__(
        self, statement: "sa.Select[Any] | sa.Delete", key: sa.Column[Any], *names: str
    ) -> None:
        self._prepared = {
            size: Prepared(
                statement.where(key.in_(_parameters(key, size))),
                *names,
                *(f"key_{i}" for i in range(size)),
            )
            for size in _SIZES
        }

    def run(self, connection: sa.Connection, keys: Iterable[object], *values: object) -> list[Any]:
        """Carry it out; return the rows, in no order."""
        found = []
        rest = iter(keys)
        while part := list(islice(rest, _SIZES[-1])):
            size = next(size for size in _SIZES if size >= len(part))
            padding = repeat(part[0], size - len(part))
            found += self._prepared[size].run(connection, *values, *part, *padding)
        return found


def _positional(dialect: sa.Dialect) -> sa.Dialect:
    """Return the same dialect, with values that have places instead of names."""
    kind: Any = type(dialect)
    made: sa.Dialect = kind(paramstyle="qmark" if dialect.name == "sqlite" else "format")
    return made


def _parameters(key: sa.Column[Any], size: int) -> list[sa.BindParameter[Any]]:
    return [sa.bindparam(f"key_{i}", type_=key.type) for i in range(size)]
