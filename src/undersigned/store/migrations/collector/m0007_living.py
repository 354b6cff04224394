"""Statements that organisers hid, and letters whose addresses were deleted on schedule."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0007"
down_revision = "collector_0006"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "hidden_statement",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "purged",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
