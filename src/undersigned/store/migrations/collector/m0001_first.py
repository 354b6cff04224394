"""The first tables of the collector's database."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0001"
down_revision = None
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "blob",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "change",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("seq", Big, autoincrement=False, nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("by", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "nonce", "seq"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "checkpoint",
        sa.Column("id", Big, autoincrement=False, nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("id = 1"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "document",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entry",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_table(
        "history",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("n", Big, autoincrement=False, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("size", Big, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "n"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "issued",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("member", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "member"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "leaf",
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_index", Big, nullable=False),
        sa.PrimaryKeyConstraint("leaf_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "letter",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("edition", Big, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("roll_n", Big, nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("epochs", Big, nullable=False),
        sa.Column("epoch_at", Big, nullable=False),
        sa.Column("opened_at", Big, nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("active", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id"),
        sa.UniqueConstraint("slug", "edition"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pending",
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("crowd", sa.Text(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("by", Big, nullable=False),
        sa.Column("late", Big, nullable=False),
        sa.PrimaryKeyConstraint("leaf_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shown_name",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("verified", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("shown_name_of_letter", "shown_name", ["letter_id", "leaf_index"], unique=False)
    op.create_table(
        "signature",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("pk", sa.LargeBinary(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("condition", Big, nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("fixed", Big, nullable=False),
        sa.Column("opened", Big, nullable=False),
        sa.Column("erased", Big, nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("signature_of_letter", "signature", ["letter_id", "leaf_index"], unique=False)
    op.create_table(
        "site",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spent",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.Column("by", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "nonce"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tile",
        sa.Column("level", Big, autoincrement=False, nullable=False),
        sa.Column("tile_index", Big, autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "tile_index"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
