"""The trail of the desk: who did what and when, without any member."""

from typing import Literal, NamedTuple, TypeAlias

import sqlalchemy as sa

from undersigned.store.desk_schema import account, trail

TrailState: TypeAlias = Literal["begun", "done", "refused"]


class TrailRow(NamedTuple):
    """An act; `account` is None where it was done at the server's terminal."""

    n: int
    at: int
    account: bytes | None
    act: str
    letter: str | None
    detail: str | None
    state: TrailState


def add_act(
    connection: sa.Connection,
    at: int,
    account_id: bytes | None,
    act: str,
    letter: str | None,
    detail: str | None,
) -> int:
    """Write that an act begins; return its number."""
    number = (connection.execute(sa.select(sa.func.max(trail.c.n))).scalar() or 0) + 1
    row = TrailRow(number, at, account_id, act, letter, detail, "begun")
    connection.execute(sa.insert(trail).values(row._asdict()))
    return number


def put_state(connection: sa.Connection, number: int, state: TrailState) -> None:
    """Write how an act ended."""
    connection.execute(sa.update(trail).where(trail.c.n == number).values(state=state))


def list_acts(
    connection: sa.Connection, *, offset: int, limit: int
) -> list[tuple[TrailRow, str | None]]:
    """Return acts with the names of their accounts, the newest first."""
    query = (
        sa.select(*trail.c, account.c.name)
        .select_from(trail.outerjoin(account, account.c.account == trail.c.account))
        .order_by(trail.c.n.desc())
        .offset(offset)
        .limit(limit)
    )
    return [(TrailRow(*row[:-1]), row[-1]) for row in connection.execute(query)]


def count_acts(connection: sa.Connection) -> int:
    """Return how many acts there are."""
    return connection.execute(sa.select(sa.func.count()).select_from(trail)).scalar_one()
