"""The first tables of the desk: accounts, passkeys, links, challenges, sessions, trail."""

import sqlalchemy as sa
from alembic import op

revision = "desk_0001"
down_revision = None
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "desk_fact",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "account",
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("form_key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("revoked_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("account"),
        sa.UniqueConstraint("folded"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "credential",
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", Big, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("used_at", Big, nullable=True),
        sa.PrimaryKeyConstraint("credential"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("credential_of_account", "credential", ["account"])
    op.create_table(
        "link",
        sa.Column("link", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("maker", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("expires", Big, nullable=False),
        sa.PrimaryKeyConstraint("link"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "challenge",
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=True),
        sa.Column("account", sa.LargeBinary(), nullable=True),
        sa.Column("expires", Big, nullable=False),
        sa.PrimaryKeyConstraint("challenge"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("challenge_expires", "challenge", ["expires"])
    op.create_table(
        "session",
        sa.Column("session", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", Big, nullable=False),
        sa.Column("seen_at", Big, nullable=False),
        sa.PrimaryKeyConstraint("session"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("session_of_account", "session", ["account"])
    op.create_table(
        "trail",
        sa.Column("n", Big, nullable=False, autoincrement=False),
        sa.Column("at", Big, nullable=False),
        sa.Column("account", sa.LargeBinary(), nullable=True),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sqlite_strict=True,
    )
