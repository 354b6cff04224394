"""Drafts of letters."""

import sqlalchemy as sa
from alembic import op

revision = "desk_0002"
down_revision = "desk_0001"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "draft",
        sa.Column("draft", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("edition", Big, nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("version", Big, nullable=False),
        sa.Column("updated_by", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", Big, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("draft"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
