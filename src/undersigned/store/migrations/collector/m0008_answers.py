"""Answers, guarantees, the links by which they are given, and follow-through."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0008"
down_revision = "collector_0007"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables; nothing has written a response or a guarantee before."""
    _records()
    _links()
    op.create_table(
        "follow_mark",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "mark"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "follow_tally",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("number", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "answer"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _records() -> None:
    op.create_table(
        "response",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("demand", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("addressee", Big, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index", "demand"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("response_of_letter", "response", ["letter_id", "leaf_index"], unique=False)
    op.create_table(
        "guarantee",
        sa.Column("leaf_index", Big, autoincrement=False, nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("cap", Big, nullable=True),
        sa.Column("expires", Big, nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("leaf_index"),
        sqlite_strict=True,
        sqlite_with_rowid=True,
    )
    op.create_index("guarantee_of_letter", "guarantee", ["letter_id", "leaf_index"], unique=False)


def _links() -> None:
    op.create_table(
        "answer_link",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("addressee", Big, autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("since", Big, nullable=False),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("expires", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "addressee"),
        sa.UniqueConstraint("token_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "guarantee_offer",
        sa.Column("offer", sa.LargeBinary(), nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("guarantor", sa.Text(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("cap", Big, nullable=True),
        sa.Column("expires", Big, nullable=True),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("link_expires", Big, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("offer"),
        sa.UniqueConstraint("token_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index(
        "guarantee_offer_of_letter", "guarantee_offer", ["letter_id", "made_at"], unique=False
    )
