"""Posting notices: what the organiser tells readers of an open letter, and for good.

A notice is one record and one document. Both, and what the site remembers of them, are written in one
transaction: a crash before its commit leaves nothing, one after it a log that is published later.
"""

import dataclasses

from undersigned.app.letters import Letters
from undersigned.app.log import Batch, publish
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.canonical import check_range
from undersigned.domain.letter import MOST_HEADCOUNT
from undersigned.domain.notice import READ_BY_PEOPLE, format_notice
from undersigned.domain.record import NoticeKind, NoticeRecord, signed_bytes
from undersigned.errors import FormatError
from undersigned.store import letters as letter_store
from undersigned.store.database import Connection

NO_SIGNATURE = bytes(64)


def post_notice(
    site: Site, letters: Letters, name: str, kind: NoticeKind, text: str, n: int | None = None
) -> NoticeRecord:
    """Post a headcount (with `n`), news or a correction to the letter of `slug` or `slug@edition`.

    Raises UnknownLetter, FormatError; RolledBack, before anything is written.
    """
    if kind not in READ_BY_PEOPLE:
        raise FormatError("a notice of that kind is not one of words")
    if (n is None) is (kind is NoticeKind.HEADCOUNT):
        raise FormatError("a headcount, and no other notice, has a number")
    if n is not None:
        check_range(n, "the headcount", 1, MOST_HEADCOUNT)
    content = format_notice(text)
    publish(site)
    with site.collector.write() as connection:
        row = letters.get_row(connection, name)
        batch = Batch(connection, site)
        turn = Turn(connection, batch, letters.view(row), row)
        record = append_notice(connection, site, turn, kind, site.clock.now(), content, n)
        batch.write()
    publish(site)
    return record


def append_notice(
    connection: Connection,
    site: Site,
    turn: Turn,
    kind: NoticeKind,
    at: int,
    content: bytes,
    n: int | None = None,
) -> NoticeRecord:
    """Sign a notice, append it in this letter's turn, and keep its document (`content`)."""
    document = letter_store.put_document(connection, content)
    unsigned = NoticeRecord(turn.letter.letter_id, kind, at, n, document, NO_SIGNATURE)
    record = dataclasses.replace(unsigned, sig=site.keys.organiser.sign(signed_bytes(unsigned)))
    turn.add_notice(record)
    return record
