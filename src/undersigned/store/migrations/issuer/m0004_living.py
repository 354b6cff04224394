"""What becomes of the letters that an issuer issues for, and who asked to hear of it."""

import sqlalchemy as sa
from alembic import op

revision = "issuer_0004"
down_revision = "issuer_0003"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "followed",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", Big, nullable=True),
        sa.Column("purged_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("letter_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "milestone",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "kind"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subscription",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("commit", sa.LargeBinary(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sent", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "commit"),
        sa.UniqueConstraint("link_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
