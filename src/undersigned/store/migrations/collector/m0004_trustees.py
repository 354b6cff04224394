"""Proposals and their acks; trustees' addresses, waves, share files; mails of the collector."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0004"
down_revision = "collector_0003"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "proposal",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("edition", Big, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("roll", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("letter_id"),
        sa.UniqueConstraint("slug", "edition"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ack",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("party", Big, autoincrement=False, nullable=False),
        sa.Column("sig", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "party"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trustee_address",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("number", Big, autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "number"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wave",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("wave", Big, autoincrement=False, nullable=False),
        sa.Column("leaf_index", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "wave"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "share",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("wave", Big, autoincrement=False, nullable=False),
        sa.Column("number", Big, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "wave", "number"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mail_to_trustees",
        sa.Column("mail", sa.LargeBinary(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("tries", Big, nullable=False),
        sa.Column("next_at", Big, nullable=False),
        sa.PrimaryKeyConstraint("mail"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
