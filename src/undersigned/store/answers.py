"""Answers that are in the log, and the links by which addressees give them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.answers_schema import answer_link, response
from undersigned.store.database import upsert


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """The answer to one demand: its leaf, when, by whom, the hash of the document with its words.

    `addressee` (from 1) is the one whose link it was; None: the organiser told it.
    """

    leaf_index: int
    demand: str
    letter_id: bytes
    state: str
    at: int
    source: str
    addressee: int | None
    document: bytes


@dataclass(frozen=True, slots=True)
class AnswerLinkRow:
    """An addressee's link: the hash of its token, the domain it was made for, since which size."""

    letter_id: bytes
    addressee: int
    token_hash: bytes
    domain: str
    since: int
    made_at: int
    expires: int


_RESPONSE = tuple(response.c[name] for name in ResponseRow.__slots__)
_LINK = tuple(answer_link.c[name] for name in AnswerLinkRow.__slots__)


def add_responses(connection: sa.Connection, rows: Sequence[ResponseRow]) -> None:
    """Store the answers of one record that was just appended to the log."""
    names = ResponseRow.__slots__
    values = [{name: getattr(row, name) for name in names} for row in rows]
    connection.execute(sa.insert(response), values)


def list_responses(connection: sa.Connection, letter_id: bytes) -> list[ResponseRow]:
    """Return every answer to a letter, in the log's order."""
    rows = connection.execute(
        sa.select(*_RESPONSE)
        .where(response.c.letter_id == letter_id)
        .order_by(response.c.leaf_index)
    )
    return [ResponseRow(**row._mapping) for row in rows]  # noqa: SLF001 - the public name is _mapping


def put_answer_link(connection: sa.Connection, row: AnswerLinkRow) -> None:
    """Store an addressee's link; one that there was before is no longer known."""
    values = {name: getattr(row, name) for name in AnswerLinkRow.__slots__}
    upsert(connection, answer_link, values)


def find_answer_link(connection: sa.Connection, token_hash: bytes) -> AnswerLinkRow | None:
    """Return the link of a token."""
    row = connection.execute(
        sa.select(*_LINK).where(answer_link.c.token_hash == token_hash)
    ).first()
    return AnswerLinkRow(**row._mapping) if row else None  # noqa: SLF001


def list_answer_links(connection: sa.Connection, letter_id: bytes) -> list[AnswerLinkRow]:
    """Return the links of a letter, by the addressee's number."""
    rows = connection.execute(
        sa.select(*_LINK)
        .where(answer_link.c.letter_id == letter_id)
        .order_by(answer_link.c.addressee)
    )
    return [AnswerLinkRow(**row._mapping) for row in rows]  # noqa: SLF001


def delete_answer_link(connection: sa.Connection, letter_id: bytes, addressee: int) -> bool:
    """Take an addressee's link back; say whether there was one."""
    where = (answer_link.c.letter_id == letter_id, answer_link.c.addressee == addressee)
    held = connection.execute(sa.select(answer_link.c.addressee).where(*where)).first()
    connection.execute(sa.delete(answer_link).where(*where))
    return held is not None
