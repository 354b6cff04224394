"""Codes are for addresses that need not be on a roll yet; limits, work before a mail, and sign-ons."""

import sqlalchemy as sa
from alembic import op

revision = "issuer_0006"
down_revision = "issuer_0005"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. Codes that are under way are forgotten: they are good for minutes anyway."""
    op.drop_table("enrolment")
    op.create_table(
        "enrolment",
        sa.Column("enrolment", sa.LargeBinary(), nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", Big, nullable=False),
        sa.Column("expires", Big, nullable=False),
        sa.PrimaryKeyConstraint("enrolment"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "code_count",
        sa.Column("member", sa.LargeBinary(), nullable=False),
        sa.Column("period", Big, autoincrement=False, nullable=False),
        sa.Column("number", Big, nullable=False),
        sa.Column("codes", Big, nullable=False),
        sa.PrimaryKeyConstraint("member", "period"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "worked",
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires", Big, nullable=False),
        sa.PrimaryKeyConstraint("challenge"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "login",
        sa.Column("login", sa.LargeBinary(), nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("commit", sa.LargeBinary(), nullable=False),
        sa.Column("expires", Big, nullable=False),
        sa.PrimaryKeyConstraint("login"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
