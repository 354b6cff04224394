"""Notices, and the timestamps among them."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0002"
down_revision = "collector_0001"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; nobody could post a notice before there were any."""
    op.create_table(
        "notice",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("n", Big, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("notice_of_letter", "notice", ["letter_id", "leaf_index"], unique=False)
    op.create_table(
        "timestamp",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("size", Big, nullable=True),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("timestamp_of_letter", "timestamp", ["letter_id", "leaf_index"], unique=False)
