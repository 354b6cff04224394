"""What is PostgreSQL's own: its addresses, its connections, and how its tables lose their order.

Of a row PostgreSQL keeps more than its columns: the page in which it came to lie, the number of the
transaction that wrote it (one count for all databases of a server), and for long values a number that
is counted up as well. Any of them is an order of arrival. What is deleted stays in the page until that
is used again. `rewrite` ends all of it; the write-ahead log keeps its own (docs/threat-model.md).
"""

import functools
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa

from undersigned.errors import FormatError

DRIVER: Final = "postgresql+psycopg"

CONNECT_S: Final = 5
"""Seconds that a server has to take a connection."""

SILENCE_S: Final = 4
"""Seconds after which either side gives up the other, if that is not there any more, or says nothing."""

_LOCK: Final = 1853121906
"""The first number of our advisory locks, which is only unlikely to be another's."""

_LEADS: Final = 10

_ASKING: Final = " lead"

_MARK_SIZE: Final = 8

_NUMBERS: Final = {"collector": 1, "issuer": 2, "desk": 3}

_PUBLIC_ORDER: Final = ("entry", "leaf", "tile")
"""Tables of the log: their order is public, nothing in them is changed or deleted, and they are large."""

CLUSTER_WAITS_MS: Final = 2_000
"""How long a rewriting waits for readers, who all have to wait behind it."""

READ_ONLY: Final = "25006"
"""The state of a statement that would write on a server that follows another."""

_LOCK_NOT_AVAILABLE: Final = "55P03"

_SILENT: Final = "57P05"
"""The state of a session that the server has ended, since nothing was asked on it for too long."""


def parse_address(text: str) -> sa.URL:
    """Read the address of a database, as settings have it. Raises FormatError, without the address."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise FormatError("the address of the database cannot be read") from None
    if url.drivername not in ("postgresql", "postgres") or not url.database:
        raise FormatError("the address of the database is not postgresql://user@host/name")
    if "options" in url.query:
        raise FormatError("the address of the database has options of its own")
    return url.set(drivername=DRIVER)


def new_mark() -> str:
    """Return what tells a process that asks again and again (`store.lead`) from all others: 8 digits in hex.

    Its silence means something. The number of a process would not do: in containers all have the same one.
    """
    return secrets.token_hex(_MARK_SIZE // 2)


def name_process(role: str, mark: str = "") -> str:
    """Return how the server lists the connections of this process for a role."""
    return f"undersigned {role} {os.getpid()} {mark}".rstrip()


def connect_args(role: str, *, lock_timeout_s: float) -> dict[str, Any]:
    """Return what every connection of a role is made with."""
    settings = {
        # The databases of a site may be one; their tables are apart all the same.
        "search_path": role,
        # A lock that was waited for must not hand over a moment that is over.
        "default_transaction_isolation": "read\\ committed",
        "lock_timeout": int(lock_timeout_s * 1000),
        # The locks of a process whose machine is gone are free after this.
        "tcp_keepalives_idle": SILENCE_S // 2,
        "tcp_keepalives_interval": 1,
        "tcp_keepalives_count": SILENCE_S // 2,
        "tcp_user_timeout": SILENCE_S * 1000,
    }
    return {
        "options": " ".join(f"-c {key}={value}" for key, value in settings.items()),
        "connect_timeout": CONNECT_S,
        "keepalives_idle": SILENCE_S // 2,
        "keepalives_interval": 1,
        "keepalives_count": SILENCE_S // 2,
        "tcp_user_timeout": SILENCE_S * 1000,
    }


def prepare(connection: Any, _record: object) -> None:
    """See to it that a commit is on disk before it returns, also where the server says otherwise."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        if cursor.fetchone() == ("off",):
            cursor.execute("SET SESSION synchronous_commit = on")
    connection.commit()


BEGIN_READING: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"


def begin_writing(role: str) -> str:
    """Return what begins a transaction and waits for a role's write lock; a database has none by itself.

    Both go to the server in one message, as all does that needs no answer in between: while an answer is
    waited for, other threads go on, and may take long to give way again.
    """
    return f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK}, {_NUMBERS[role]})"


def take_lead(role: str) -> str:
    """Return the statement that takes the lock of the process that leads, if it is free (`store.lead`)."""
    return f"SELECT pg_try_advisory_lock({_LOCK}, {_LEADS + _NUMBERS[role]})"


def asking_name(name: str) -> str:
    """Return how the server lists the one connection on which a process of this name asks."""
    return f"{name}{_ASKING}"


END_WHEN_SILENT: Final = f"SET idle_session_timeout = {SILENCE_S * 1000}"
"""On the connection on which a process asks. A process that hangs keeps its connections, and all that
they have locked: the server ends this one, and gives the lead to who asks next."""


END_SILENT: Final = (
    "SELECT pg_terminate_backend(held.pid) FROM pg_stat_activity AS held "  # noqa: S608
    "WHERE held.datname = current_database() AND held.usename = current_user "
    f"AND held.application_name ~ '^undersigned [a-z]+ [0-9]+ [0-9a-f]{{{_MARK_SIZE}}}$' "
    "AND held.state <> 'idle' AND held.wait_event_type = 'Client' "
    # Who has lost that connection for another reason has it again by then.
    f"AND held.state_change < clock_timestamp() - interval '{SILENCE_S - 1} s' "
    "AND NOT EXISTS (SELECT 1 FROM pg_stat_activity AS asking "
    f"WHERE right(asking.application_name, {_MARK_SIZE + len(_ASKING)}) = "
    f"right(held.application_name, {_MARK_SIZE}) || '{_ASKING}')"
)
"""Ends what processes that hang have begun and do not go on with.

They ask no more, so that the connection on which they asked is gone; others wait for the write lock,
or for a table, that they hold. It ends what waits for its process, never what the server is doing.
"""


def was_silent(error: sa.exc.SQLAlchemyError) -> bool:
    """Say whether the server has ended a session because nothing was asked on it for too long."""
    return isinstance(error, sa.exc.DBAPIError) and getattr(error.orig, "sqlstate", "") == _SILENT


def make_schema(connection: sa.Connection, role: str) -> None:
    """Make the schema of a role, if it is not there."""
    if not has_schema(connection, role):
        # Also with IF NOT EXISTS it would take the right to make one.
        connection.exec_driver_sql(f"CREATE SCHEMA {role}")


def has_schema(connection: sa.Connection, role: str) -> bool:
    """Say whether a role has a schema here."""
    found = connection.execute(
        sa.text("SELECT 1 FROM pg_namespace WHERE nspname = :role"), {"role": role}
    )
    return found.first() is not None


def has_table(connection: sa.Connection, name: str) -> bool:
    """Say whether the connection's role has a table of this name."""
    found = connection.execute(sa.text("SELECT to_regclass(:name)"), {"name": name})
    return found.scalar_one() is not None


def keep_no_samples(connection: sa.Connection, role: str) -> None:
    """Keep the words of rows out of the planner's statistics: those outlive a row that is deleted."""
    rows = connection.execute(
        sa.text(
            "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :role "
            "AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped "
            "AND a.atttypid = 'text'::regtype AND a.attstattarget IS DISTINCT FROM 0"
        ),
        {"role": role},
    )
    for table, column in rows.all():
        connection.exec_driver_sql(
            f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET STATISTICS 0'
        )


COMMIT_VOUCHED: Final = (
    "SELECT pg_logical_emit_message(true, 'undersigned', '') "
    "WHERE pg_current_xact_id_if_assigned() IS NULL; COMMIT"
)
"""How a transaction ends that may have written nothing: its commit waits for standbys all the same.

After a crash a server shows what it has committed and no standby has. An answer from that alone would be a
promise that this one disk can break; behind this, the commit returns when a standby has all of it.
"""

SNAPSHOT: Final = "SELECT pg_current_snapshot()::text"
"""Which transactions have ended, of any database: it moves more often than it must.

No part of it would do. A transaction that outlasts one that began later ends below its upper bound, and
above its lower one where a third, older one is under way; the whole tells all of them apart.
"""


# --- many rows at once


_INSERT: Final = re.compile(r"INSERT INTO (\S+) \(([^()]+)\) VALUES \((.+)\)")
_VALUE: Final = re.compile(r"%\((\w+)\)s(?:::[A-Z]+)?")

_TYPES: Final[Mapping[type[Any], str]] = {bytes: "bytea", int: "int8", str: "text"}


ALL_COLUMNS_OF: Final = "all_columns_of"
"""The option of an insertion in words of its own: the table whose rows it is given, whole."""


def copy_rows(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Insert many rows as one stream of bytes: a quarter of the work for us, half of it for the server.

    SQLAlchemy calls it before a statement that is executed with many sets of values (`do_executemany`).
    Returns False where that is anything but an insertion of new rows, which then goes its usual way. What
    a constraint refuses is refused with the same error.
    """
    table = context.execution_options.get(ALL_COLUMNS_OF)
    if table is not None:
        target = statement.removeprefix("INSERT INTO ").partition(" VALUES ")[0]
        return _copy(cursor, target, table.columns, parameters)
    found = _find_values(statement)
    if found is None:
        return False
    target, names = found
    columns = context.compiled.statement.table.c
    rows = ([row[name] for name in names] for row in context.compiled_parameters)
    return _copy(cursor, target, [columns[name] for name in names], rows)


def _copy(
    cursor: Any,
    target: str,
    columns: Iterable[sa.Column[Any]],
    rows: Iterable[Sequence[object]],
) -> bool:
    """Stream rows; return False, and do nothing, if there is a type for which there is no form here."""
    types = [_TYPES.get(column.type.python_type) for column in columns]
    if None in types:
        return False
    with cursor.copy(f"COPY {target} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
    return True


@functools.lru_cache(maxsize=256)
def _find_values(statement: str) -> tuple[str, tuple[str, ...]] | None:
    """Return table and columns as SQL, and the names of their values, if that is all of a statement."""
    insert = _INSERT.fullmatch(statement)
    if insert is None:
        return None
    table, columns, values = insert.groups()
    found = [_VALUE.fullmatch(value) for value in values.split(", ")]
    names = tuple(value[1] for value in found if value is not None)
    if len(names) != len(found) or len(names) != len(columns.split(", ")):
        return None
    return f"{table} ({columns})", names


# --- tidying


def find_untidy(connection: sa.Connection, role: str, largest: int) -> list[str]:
    """Return the tables of a role that still tell an order, or keep what was deleted.

    Those of more than `largest` bytes are left out.
    """
    rows = connection.execute(
        sa.text(
            "SELECT s.relname, s.n_dead_tup FROM pg_stat_user_tables s WHERE s.schemaname = :role "
            "AND NOT s.relname = ANY(:apart) AND pg_total_relation_size(s.relid) <= :largest "
            "AND EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = s.relid AND i.indisprimary) "
            "ORDER BY s.relname"
        ),
        {"role": role, "apart": [*_PUBLIC_ORDER, f"{role}_version"], "largest": largest},
    )
    return [name for name, dead in rows.all() if dead or _tells_an_order(connection, name)]


def _tells_an_order(connection: sa.Connection, table: str) -> bool:
    """Say whether rows were written by more than one transaction."""
    found = connection.exec_driver_sql(
        f'SELECT EXISTS (SELECT 1 FROM "{table}" WHERE xmin::text <> '  # noqa: S608
        f'(SELECT xmin::text FROM "{table}" LIMIT 1))'
    )
    return bool(found.scalar_one())


def rewrite(connection: sa.Connection, role: str, tables: list[str]) -> None:
    """Write tables anew in the order of their keys, on a connection that commits by itself.

    One table after the other, so that writers do not wait for all of them. A crash on the way leaves
    every row as it was, or dead copies that the next rewriting takes away.
    """
    connection.exec_driver_sql(f"SET lock_timeout = {CLUSTER_WAITS_MS}")
    try:
        for table in tables:
            with _unless_waiting():
                _rewrite_one(connection, role, table)
    finally:
        _undo(connection, "RESET lock_timeout")


@contextmanager
def _unless_waiting() -> Iterator[None]:
    """Leave for the next time what others would have to be waited for."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise


def _rewrite_one(connection: sa.Connection, role: str, table: str) -> None:
    key = f"{_LOCK}, {_NUMBERS[role]}"
    primary, columns = _primary_key(connection, table)
    connection.exec_driver_sql(f"SELECT pg_advisory_lock({key})")
    try:
        # One transaction writes all rows, and long values in their order; what they were is dead.
        connection.exec_driver_sql(
            f'WITH gone AS (DELETE FROM "{table}" RETURNING *) '  # noqa: S608
            f'INSERT INTO "{table}" SELECT * FROM gone ORDER BY {columns}'
        )
        # The file without the dead. Readers who look on keep them there, and see what they saw.
        connection.exec_driver_sql(f'CLUSTER "{table}" USING "{primary}"')
    finally:
        _undo(connection, f"SELECT pg_advisory_unlock({key})")
    connection.exec_driver_sql(f'VACUUM "{table}"')


def _undo(connection: sa.Connection, statement: str) -> None:
    """Undo what was set or locked, unless that is gone with its connection."""
    if not connection.invalidated:
        connection.exec_driver_sql(statement)


def _primary_key(connection: sa.Connection, table: str) -> tuple[str, str]:
    """Return the name of a table's primary key, and its columns as SQL."""
    found = sa.inspect(connection).get_pk_constraint(table)
    return str(found["name"]), ", ".join(f'"{column}"' for column in found["constrained_columns"])
