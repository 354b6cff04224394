"""A site of an older version keeps what it has."""

import sqlalchemy as sa
from tests.store.conftest import MakeDatabase

from undersigned.domain.letter import LetterId
from undersigned.domain.reasons import InvalidateReason
from undersigned.domain.record import InvalidateRecord, format_record
from undersigned.store.remarks import RemarkRow, find_remark
from undersigned.store.schema import entry
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
