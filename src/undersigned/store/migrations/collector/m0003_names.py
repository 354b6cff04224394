"""What pages of names read: names as a search compares them, and what organisers remarked on whom."""

import base64
import json
import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "collector_0003"
down_revision = "collector_0002"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make both tables, and fill them with what is there."""
    _fold_names()
    _gather_remarks()


def _fold_names() -> None:
    """Make the table anew: SQLite can add no column that must have a value of its own in each row."""
    connection = op.get_bind()
    old = sa.table(
        "shown_name",
        *(sa.column(name) for name in ("leaf_index", "letter_id", "name", "role")),
        *(sa.column(name) for name in ("verified", "statement")),
    )
    rows = [dict(row) for row in connection.execute(sa.select(old)).mappings()]
    op.drop_index("shown_name_of_letter", "shown_name")
    op.drop_table("shown_name")
    new = op.create_table(
        "shown_name",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("verified", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("shown_name_of_letter", "shown_name", ["letter_id", "leaf_index"], unique=False)
    if rows:
        connection.execute(sa.insert(new), [row | {"folded": _fold(row)} for row in rows])


def _fold(row: dict[str, str | None]) -> str:
    """Fold as `domain.name.fold` did when this was written."""
    text = f"{row['name']} {row['role'] or ''}".casefold()
    parts = unicodedata.normalize("NFKD", text)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _gather_remarks() -> None:
    remark = op.create_table(
        "remark",
        sa.Column("record_index", Big, autoincrement=False, nullable=False),
        sa.Column("leaf_index", Big, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("record_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("remark_of_leaf", "remark", ["leaf_index", "kind"], unique=False)
    columns = ["letter_id", "kind", "reason", "text"]
    op.create_index("remark_of_letter", "remark", columns, unique=False)
    entry = sa.table("entry", sa.column("leaf_index"), sa.column("entry", sa.LargeBinary()))
    # Of all records only those about one signature have `leaf` as their first member.
    found = (
        sa.select(entry)
        .where(sa.func.substr(entry.c.entry, 1, 8) == b'{"leaf":')
        .order_by(entry.c.leaf_index)
    )
    connection = op.get_bind()
    rows = [_remark(index, json.loads(data)) for index, data in connection.execute(found)]
    if rows:
        connection.execute(sa.insert(remark), rows)


def _remark(index: int, record: dict[str, Any]) -> dict[str, Any]:
    text = record.get("text")
    return {
        "record_index": index,
        "leaf_index": record["leaf"],
        "letter_id": _bytes(record["letter"]),
        "kind": record["t"],
        "reason": record["reason"],
        "text": None if text is None else _bytes(text),
    }


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(f"{text}=")
