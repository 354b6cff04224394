"""A site of an older version keeps what it has."""

import json

import pytest
import sqlalchemy as sa
from tests.store.conftest import MakeDatabase

from undersigned.app.mailing import MailKind
from undersigned.domain.letter import LetterId
from undersigned.domain.reasons import InvalidateReason
from undersigned.domain.record import InvalidateRecord, format_record
from undersigned.store.collector_schema import entry
from undersigned.store.database import DatabaseRole
from undersigned.store.outbox import list_due_mails
from undersigned.store.remarks import RemarkRow, find_remark
from undersigned.store.signatures import ShownName, search_shown_names

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
