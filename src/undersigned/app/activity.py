"""The trail: what was done at the desk, written before it is done, so that no act is without a row.

A crash within an act leaves its row as `begun`: it is not known whether it was done. A row names the
account, the act, a letter, and a number or a word from a fixed set; never a member's name, address,
code or leaf.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from undersigned.app.desk import Account, Desk
from undersigned.domain.act import Act
from undersigned.errors import StoreError, UndersignedError
from undersigned.store import trail as trail_store
from undersigned.store.trail import TrailRow

PAGE: Final = 50
"""Acts on a page."""

_WORD_OF_LETTER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}(@[0-9]{1,6})?")
"""A slug, perhaps with an edition; an address may hold anything."""

_WORD: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class Activity:
    """A page of the trail, the newest first; `names` are those of the accounts, by place."""

    acts: tuple[tuple[TrailRow, str | None], ...]
    number: int
    pages: int


@contextmanager
def acting(
    desk: Desk,
    account: Account | None,
    act: Act,
    letter: str | None = None,
    detail: int | str | None = None,
) -> Iterator[None]:
    """Write an act's row before it is done, and how it ended after it.

    `account` is None for who works at the server's terminal. `letter` is a slug; `detail` is a number
    or a word of a fixed set.
    """
    with desk.database.write() as connection:
        number = trail_store.add_act(
            connection,
            desk.clock.now(),
            None if account is None else account.id,
            act.value,
            letter if letter and _WORD_OF_LETTER.fullmatch(letter) else None,
            _checked(detail),
        )
    # A crash from here on leaves the row `begun`: nobody knows whether the act was done.
    try:
        yield
    except StoreError:
        raise
    except UndersignedError:
        with desk.database.write() as connection:
            trail_store.put_state(connection, number, "refused")
        raise
    with desk.database.write() as connection:
        trail_store.put_state(connection, number, "done")


def get_activity(desk: Desk, number: int) -> Activity:
    """Return a page of the trail; the last one if there are not so many."""
    with desk.database.read() as connection:
        pages = max(1, -(-trail_store.count_acts(connection) // PAGE))
        number = min(max(number, 1), pages)
        acts = trail_store.list_acts(connection, offset=(number - 1) * PAGE, limit=PAGE)
    return Activity(tuple(acts), number, pages)


def _checked(detail: int | str | None) -> str | None:
    """Keep out what could be a name or an address: the trail is read by every organiser."""
    if isinstance(detail, str) and not _WORD.fullmatch(detail):
        raise ValueError("a detail of the trail is a number, or a word of a fixed set")
    return None if detail is None else str(detail)
