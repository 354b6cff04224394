"""Databases of sites in tests: as the migrations make them, by the statements of the first of each kind.

The suite makes some thousand sites. The first database of a role and an engine in a process is migrated,
which is noted statement by statement; those that are new after it get the same statements. Tests of
migrations use `Database` itself, and so does every server that is a process of its own.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event

from undersigned.store.database import Database, DatabaseRole

_CHANGES: Final = ("ALTER", "CREATE", "DELETE", "DROP", "INSERT", "UPDATE")

_Statement = tuple[str, Any]

_made: dict[tuple[DatabaseRole, bool], list[_Statement]] = {}


class QuicklyMade(Database):
    """A database that is made by what made another one, if it is new."""

    def migrate(self, revision: str = "head") -> None:
        """Make an empty database, or bring one up to date as every other."""
        kind = (self.role, self.is_sqlite)
        if revision != "head" or not self._is_empty():
            super().migrate(revision)
        elif kind in _made:
            with self.write() as connection:
                for statement, values in _made[kind]:
                    connection.exec_driver_sql(statement, values)
        else:
            _made[kind] = self._migrate_and_note()

    def _is_empty(self) -> bool:
        if not self.is_sqlite:
            return not self.is_made()
        with self.read() as connection:
            return not connection.exec_driver_sql("SELECT 1 FROM sqlite_master").all()

    def _migrate_and_note(self) -> list[_Statement]:
        noted: list[_Statement] = []

        def note(
            connection: sa.Connection, cursor: Any, statement: str, values: Any, *_: object
        ) -> None:
            if statement.split(maxsplit=1)[0].upper() in _CHANGES:
                noted.append((statement, values))

        event.listen(self.writer, "before_cursor_execute", note)
        try:
            super().migrate()
        finally:
            event.remove(self.writer, "before_cursor_execute", note)
        return noted
