"""What became of released letters on their way to their addressees."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0010"
down_revision = "collector_0009"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "delivery",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("number", Big, autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mail", sa.LargeBinary(), nullable=True),
        sa.Column("tries", Big, nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("at", Big, nullable=False),
        sa.Column("next_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("letter_id", "number"),
        sa.UniqueConstraint("mail"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
