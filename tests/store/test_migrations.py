"""A site of an older version keeps what it has."""

import json
from functools import partial

import pytest
import sqlalchemy as sa
from tests.simulator import make_letter
from tests.store.conftest import MakeDatabase

from undersigned.app.mailing import MailKind
from undersigned.domain.letter import LetterId, State
from undersigned.domain.reasons import InvalidateReason, NoticeKind
from undersigned.domain.record import (
    Ack,
    EpochRecord,
    InvalidateRecord,
    LetterRecord,
    NoticeRecord,
    OutcomeRecord,
    Record,
    RollReason,
    RollRecord,
    format_record,
)
from undersigned.store.collector_schema import entry
from undersigned.store.database import DatabaseRole
from undersigned.store.letters import add_history
from undersigned.store.moments import find_by_size
from undersigned.store.outbox import list_due_mails
from undersigned.store.remarks import RemarkRow, find_remark
from undersigned.store.signatures import ShownName, search_shown_names
from undersigned.store.tallies import find_wrong, read_tallies

LETTER, WHY = LetterId(bytes(range(32))), b"w" * 32


def test_names_and_remarks_of_before_are_found(make_database: MakeDatabase) -> None:
    """Names that were shown are searched as new ones are; what the log says of signatures is known."""
    database = make_database("collector")
    database.migrate("collector_0002")
    record = InvalidateRecord(LETTER, 4, InvalidateReason.DUPLICATE, WHY, bytes(64))
    old = "INSERT INTO shown_name VALUES (4, :letter, 'Örebro', NULL, 'email', 'So.')"
    with database.write() as connection:
        connection.execute(sa.text(old), {"letter": LETTER})
        entries = [b'{"at":1}', format_record(record), b'{"leafless":1}']
        connection.execute(
            sa.insert(entry), [{"leaf_index": i, "entry": data} for i, data in enumerate(entries)]
        )
    database.migrate()
    with database.read() as connection:
        found = search_shown_names(connection, LETTER, ["orebro"], offset=0, limit=9)
        assert found == [ShownName(4, LETTER, "Örebro", None, "email", "So.")]
        remark = find_remark(connection, 4, "invalidate")
    assert remark == RemarkRow(1, 4, LETTER, "invalidate", "duplicate", WHY)


@pytest.mark.parametrize(
    ("role", "before", "table", "kind"),
    [
        ("issuer", "issuer_0002", "mail", MailKind.CODE),
        ("collector", "collector_0005", "mail_to_trustees", MailKind.TURN),
    ],
)
def test_mails_that_wait_are_sent_all_the_same(
    make_database: MakeDatabase, role: DatabaseRole, before: str, table: str, kind: MailKind
) -> None:
    """With the tries that they have had; as the text that they are."""
    database = make_database(role)
    database.migrate(before)
    with database.write() as connection:
        insert = f"INSERT INTO {table} VALUES (:mail, 'a@b.example', 'S', 'B', 3, 7)"  # noqa: S608
        connection.execute(sa.text(insert), {"mail": bytes(16)})
    database.migrate()
    with database.read() as connection:
        (row,) = list_due_mails(connection, 7, 9, role)
    assert (row.mail, row.recipient, row.subject, row.body) == (bytes(16), "a@b.example", "S", "B")
    assert (row.tries, row.next_at, row.kind, row.html) == (3, 7, kind.value, "")
    assert json.loads(row.headers) == {}


def test_signatures_of_before_are_counted(make_database: MakeDatabase) -> None:
    """By mode, condition in force and what became of them, as those are that come later."""
    database = make_database("collector")
    database.migrate("collector_0013")
    old = "INSERT INTO signature VALUES (:leaf, :letter, :letter, 'sealed', 5, NULL, 'live', :fixed, 0, 0)"
    with database.write() as connection:
        rows = [{"leaf": leaf, "letter": LETTER, "fixed": leaf % 2} for leaf in range(5)]
        connection.execute(sa.text(old), rows)
    database.migrate()
    with database.read() as connection:
        assert read_tallies(connection, LETTER).live() == {("sealed", 0): 2, ("sealed", 5): 3}
        assert find_wrong(connection) == {}


def test_moments_of_before_are_known(make_database: MakeDatabase) -> None:
    """Openings, epochs, outcomes and headcounts, each with the numbers that the log or the history has."""
    database = make_database("collector")
    database.migrate("collector_0010")
    letter = make_letter()
    parties = ("issuer", *range(1, len(letter.trustees) + 1))
    record = LetterRecord(letter, tuple(Ack(by, bytes(64)) for by in parties), bytes(64))
    state = partial(OutcomeRecord, letter.letter_id, wave=0, waiting=0, hash=bytes(32))
    entries: list[Record] = [
        record,
        RollRecord(letter.letter_id, 9, bytes(32), RollReason.OPENED, bytes(64)),
        state(state=State.OPEN, at=100, m=0, standing=0),
        EpochRecord(letter.letter_id, 1, 160),
        NoticeRecord(letter.letter_id, NoticeKind.NEWS, 170, None, bytes(32), bytes(64)),
        NoticeRecord(letter.letter_id, NoticeKind.HEADCOUNT, 180, 39, bytes(32), bytes(64)),
        state(state=State.LAPSED, at=200, m=0, standing=0),
    ]
    counts = {"m": 1, "standing": 2, "waiting": 3, "anonymous": 1, "withdrawn": 0}
    counts |= {"invalidated": 0, "erased": 0}
    with database.write() as connection:
        rows = [{"leaf_index": i, "entry": format_record(each)} for i, each in enumerate(entries)]
        connection.execute(sa.insert(entry), rows)
        add_history(connection, letter.letter_id, n=1, at=160, size=4, counts=json.dumps(counts))
    database.migrate()
    ended = counts | {"m": 0, "standing": 0, "waiting": 0, "anonymous": 0}
    with database.read() as connection:
        found = [find_by_size(connection, letter.letter_id, size) for size in range(8)]
    told = [
        row and (row.size, row.epochs, row.at, row.headcount, json.loads(row.counts))
        for row in found
    ]
    assert told == [
        *(None, None, None),
        (3, 0, 100, 40, dict.fromkeys(counts, 0)),
        *[(4, 1, 160, 40, counts)] * 2,
        (6, 1, 160, 39, counts),
        (7, 1, 200, 39, ended),
    ]
