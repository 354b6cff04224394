"""Which of several processes on one database does what one alone should do: it leads.

Requests are answered by all of them. Sequencing, mails, calls and tidying are done by one. Nobody hands
the lead on: it is a lock that the kernel (SQLite, a lock on a file beside it) or the server (PostgreSQL,
an advisory lock of a connection) lets go of when its process is gone, and the next one that asks has it.

A process that hangs is there. PostgreSQL ends the connection on which it asks no more, and whoever leads
then ends what it had begun. When it wakes, it asks before it writes (`Database.fenced`).

The log does not depend on this. Its commit is a compare-and-swap (`store.log`), and a process that
still believes it leads loses that race. The lead saves work that would be thrown away, and mails that
would be sent twice.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import sqlalchemy as sa

from undersigned.errors import StoreError
from undersigned.store import postgresql
from undersigned.store.database import Database

ASK_S: Final = 0.5
"""Seconds between two questions: who leads is told late by no more than this."""


class Lead:
    """Whether this process leads the others on a database. Threads share it.

    `is_known` is False while nobody can tell, since the last question was not answered. What the process has
    begun in the databases `beside` is ended with the rest if it hangs.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.monotonic,
        beside: Iterable[Database] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._is_mine = False
        self.is_known = False
        self._descriptor: int | None = None
        self._connection: sa.Connection | None = None
        self._has_lock = False
        self._taking = postgresql.take_lead(database.role)
        mark = postgresql.new_mark()
        self._name = database.name_as_asking(mark)
        for other in beside:
            other.name_as_asking(mark)

    def is_mine(self) -> bool:
        """Say whether this process leads; take the lead if nobody has it. Raises StoreError."""
        with self._lock:
            if self._clock() - self._asked_at >= ASK_S:
                # Not asked again at once where it fails: a server that is away is away for all loops.
                self._asked_at, self._is_mine, self.is_known = self._clock(), False, False
                self._is_mine = self._ask_file() if self._database.is_sqlite else self._ask_server()
                self.is_known = True
            return self._is_mine

    def close(self) -> None:
        """Let go of it: the next process that asks leads."""
        with self._lock:
            self._is_mine = False
            self._asked_at = float("inf")
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            if self._connection is not None and self._has_lock:
                # The server would notice that the connection has gone, but later.
                with suppress(sa.exc.SQLAlchemyError):
                    self._connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
            self._drop()

    def _ask_file(self) -> bool:
        if self._descriptor is not None:
            return True
        path = self._database.file.with_suffix(".lead")
        try:
            # Not the database itself: to close a file of its own would take SQLite's locks away.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def _ask_server(self) -> bool:
        """Take the lock, or find that the connection that has it is still there."""
        try:
            try:
                return self._ask()
            except sa.exc.DBAPIError as error:
                if not postgresql.was_silent(error):
                    raise
                # This process did hang, and knows it now.
                self._drop()
                return self._ask()
        except sa.exc.SQLAlchemyError as error:
            # With its connection the lock is gone.
            self._drop()
            away = StoreError("the database cannot be reached")
            if isinstance(error, sa.exc.DBAPIError):
                self._database.health.fail(away, error, writing=False)
            raise away from None

    def _ask(self) -> bool:
        if self._connection is None:
            self._connection = self._connect()
        if not self._has_lock:
            self._has_lock = bool(self._connection.exec_driver_sql(self._taking).scalar_one())
        if self._has_lock:
            self._connection.exec_driver_sql(postgresql.END_SILENT)
        return self._has_lock

    def _connect(self) -> sa.Connection:
        connection = self._database.engine.connect()
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.exec_driver_sql(postgresql.END_WHEN_SILENT)
        name = postgresql.asking_name(self._name)
        alone.exec_driver_sql(f"SET application_name = '{name}'")
        return alone

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._has_lock = False
        if connection is not None:
            # Not back to the pool: the lock would live on with it.
            connection.invalidate()
            connection.close()
