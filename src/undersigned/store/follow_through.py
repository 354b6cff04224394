"""Who has said whether they did what a letter said, and, apart from them, how often what was said."""

import sqlalchemy as sa

from undersigned.store.answers_schema import follow_mark, follow_tally
from undersigned.store.database import insert_new, upsert


def add_follower(connection: sa.Connection, letter_id: bytes, mark: bytes) -> bool:
    """Note that the signer with this mark has answered; say whether that is new."""
    values = {"letter_id": letter_id, "mark": mark}
    return insert_new(connection, follow_mark, values, returning=follow_mark.c.mark)


def count_answer(connection: sa.Connection, letter_id: bytes, answer: str) -> None:
    """Add one to the tally of an answer."""
    number = read_tally(connection, letter_id).get(answer, 0) + 1
    upsert(connection, follow_tally, {"letter_id": letter_id, "answer": answer, "number": number})


def read_tally(connection: sa.Connection, letter_id: bytes) -> dict[str, int]:
    """Return how often each answer was given."""
    rows = connection.execute(
        sa.select(follow_tally.c.answer, follow_tally.c.number).where(
            follow_tally.c.letter_id == letter_id
        )
    )
    return {row.answer: row.number for row in rows}
