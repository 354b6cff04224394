"""Webhooks, and the calls that are made to them."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0012"
down_revision = "collector_0011"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "webhook",
        sa.Column("webhook", sa.LargeBinary(), nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", Big, nullable=False),
        sa.Column("overlap_until", Big, nullable=True),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("position", Big, nullable=False),
        sa.Column("counted", Big, nullable=False),
        sa.Column("counted_at", Big, nullable=False),
        sa.PrimaryKeyConstraint("webhook"),
        sa.UniqueConstraint("letter_id", "url"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "webhook_call",
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("webhook", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("leaf", Big, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", Big, nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("at", Big, nullable=False),
        sa.Column("next_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("call"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("webhook_call_of_webhook", "webhook_call", ["webhook", "at"])
