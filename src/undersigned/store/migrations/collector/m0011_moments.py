"""What every letter was after each step, and the checkpoints that were published.

Of the time before, what the log states is taken from it: openings, epochs, outcomes and headcounts. What
an `invalidate`, `erase` or `opening` left is first known with the epoch or outcome after it. Checkpoints of
before were not kept; a later one proves the same.
"""

import base64
import hashlib
import json
import math
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "collector_0011"
down_revision = "collector_0010"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_NONE = dict.fromkeys(
    ("m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased"), 0
)
_STANDING = ("m", "standing", "waiting", "anonymous")
_AT_ONCE = 10_000


def upgrade() -> None:
    """Make both tables, and fill the first with what is there."""
    moment = op.create_table(
        "moment",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("size", Big, autoincrement=False, nullable=False),
        sa.Column("epochs", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("headcount", Big, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "size"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "published",
        sa.Column("size", Big, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    letters: dict[bytes, _Letter] = {}
    for index, record in _records():
        letter_id = _id_of(record)
        if record["t"] == "letter":
            letters[letter_id] = _Letter(letter_id, record["body"]["headcount"]["n"])
        rows = letters[letter_id].take(index, record)
        if rows:
            op.get_bind().execute(sa.insert(moment), rows)
    for letter in letters.values():
        rows = letter.take_epochs()
        if rows:
            op.get_bind().execute(sa.insert(moment), rows)


class _Letter:
    """What is known of a letter while the log is read."""

    def __init__(self, letter_id: bytes, headcount: int) -> None:
        self.id, self.headcount = letter_id, headcount
        self.epochs, self.at = 0, 0
        self.counts = dict(_NONE)
        self.history = list(reversed(_history(letter_id)))

    def take(self, index: int, record: dict[str, Any]) -> list[dict[str, Any]]:
        """Return what the record, and the epochs that ended before it, left."""
        rows = self.take_epochs(index)
        if record["t"] == "outcome":
            self.at = max(self.at, record["at"])
            self.counts |= {name: record[name] for name in ("m", "standing", "waiting")}
            if record["state"] in ("lapsed", "superseded"):
                self.counts |= dict.fromkeys(_STANDING, 0)
            rows.append(self._row(index + 1))
        elif record["t"] == "notice" and record["n"] is not None:
            self.headcount = record["n"]
            rows.append(self._row(index + 1))
        return rows

    def take_epochs(self, size: float = math.inf) -> list[dict[str, Any]]:
        """Return what the next epochs left, of those that had ended at a size."""
        rows = []
        while self.history and self.history[-1]["size"] <= size:
            row = self.history.pop()
            self.epochs, self.counts = row["n"], json.loads(row["counts"])
            self.at = max(self.at, row["at"])
            rows.append(self._row(row["size"]))
        return rows

    def _row(self, size: int) -> dict[str, Any]:
        return {
            "letter_id": self.id,
            "size": size,
            "epochs": self.epochs,
            "at": self.at,
            "headcount": self.headcount,
            "counts": json.dumps(self.counts, separators=(",", ":")),
        }


def _records() -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the records by which numbers and times are known, in the log's order."""
    entry = sa.table("entry", sa.column("leaf_index"), sa.column("entry", sa.LargeBinary()))
    last = -1
    while True:
        query = sa.select(entry).where(entry.c.leaf_index > last).order_by(entry.c.leaf_index)
        rows = op.get_bind().execute(query.limit(_AT_ONCE)).all()
        if not rows:
            return
        for index, data in rows:
            record = json.loads(data)
            if record.get("t") in ("letter", "outcome", "notice"):
                yield index, record
        last = rows[-1][0]


def _id_of(record: dict[str, Any]) -> bytes:
    if record["t"] != "letter":
        return base64.urlsafe_b64decode(record["letter"] + "=")
    # The body is canonical where it stands.
    body = json.dumps(record["body"], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode()).digest()


def _history(letter_id: bytes) -> list[Any]:
    history = sa.table(
        "history", *(sa.column(name) for name in ("letter_id", "n", "at", "size", "counts"))
    )
    query = sa.select(history).where(history.c.letter_id == letter_id).order_by(history.c.n)
    return list(op.get_bind().execute(query).mappings())
