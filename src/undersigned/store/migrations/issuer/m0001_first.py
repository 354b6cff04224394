"""The first tables of the issuer's database."""

import sqlalchemy as sa
from alembic import op

revision = "issuer_0001"
down_revision = None
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "enrolment",
        sa.Column("enrolment", sa.LargeBinary(), nullable=False),
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("commit", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", Big, nullable=False),
        sa.Column("expires", Big, nullable=False),
        sa.PrimaryKeyConstraint("enrolment"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "invite",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("commit", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("slug", "code_hash"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "issuance",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("commit", sa.LargeBinary(), nullable=False),
        sa.Column("blinded_hash", sa.LargeBinary(), nullable=False),
        sa.Column("c", sa.LargeBinary(), nullable=False),
        sa.Column("blind_signature", sa.LargeBinary(), nullable=False),
        sa.Column("attestation", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "commit"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "mail",
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
    op.create_table(
        "roll_entry",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("commit", sa.LargeBinary(), nullable=False),
        sa.Column("member", sa.LargeBinary(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("blocked", Big, nullable=False),
        sa.PrimaryKeyConstraint("slug", "commit"),
        sa.UniqueConstraint("slug", "member"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
