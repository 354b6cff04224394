"""What the log of a letter says of its roll, and how many tokens were issued under it: the collector's.

`n` is None for the roll of a domain, which sets no limit.
"""

import sqlalchemy as sa

from undersigned.store.collector_schema import roll_state


def add_roll_state(connection: sa.Connection, letter_id: bytes, n: int | None) -> None:
    """Begin to count the tokens of a letter that opens."""
    values = {"letter_id": letter_id, "n": n, "issued": 0, "record": None}
    connection.execute(sa.insert(roll_state).values(values))


def put_roll(connection: sa.Connection, letter_id: bytes, n: int, record: bytes) -> None:
    """Store a later roll: its number, and its record as it is in the log."""
    connection.execute(
        sa.update(roll_state).where(roll_state.c.letter_id == letter_id).values(n=n, record=record)
    )


def find_roll(connection: sa.Connection, letter_id: bytes) -> bytes | None:
    """Return the newest later `roll` record of a letter; None while it has the one it opened with."""
    query = sa.select(roll_state.c.record).where(roll_state.c.letter_id == letter_id)
    return connection.execute(query).scalar()


def count_issued(connection: sa.Connection, letter_id: bytes) -> int:
    """Return how many `issued` records of a letter were taken, those that wait included."""
    query = sa.select(roll_state.c.issued).where(roll_state.c.letter_id == letter_id)
    count: int = connection.execute(query).scalar_one()
    return count


def count_one_issued(connection: sa.Connection, letter_id: bytes) -> bool:
    """Count one more `issued` record; say False, and count none, if the roll has no more members."""
    counted = connection.execute(
        sa.update(roll_state)
        .where(
            roll_state.c.letter_id == letter_id,
            sa.or_(roll_state.c.n.is_(None), roll_state.c.issued < roll_state.c.n),
        )
        .values(issued=roll_state.c.issued + 1)
    )
    return counted.rowcount == 1


def count_more_issued(connection: sa.Connection, letter_id: bytes, number: int) -> None:
    """Count more `issued` records, for which `find_room` has room."""
    connection.execute(
        sa.update(roll_state)
        .where(roll_state.c.letter_id == letter_id)
        .values(issued=roll_state.c.issued + number)
    )


def find_room(connection: sa.Connection, letter_id: bytes) -> int | None:
    """Return how many more members of the roll may be issued a token; None: it has no limit."""
    query = sa.select(roll_state.c.n, roll_state.c.issued).where(
        roll_state.c.letter_id == letter_id
    )
    n, count = connection.execute(query).one()
    return None if n is None else max(0, n - count)
