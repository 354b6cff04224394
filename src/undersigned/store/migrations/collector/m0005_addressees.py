"""Where the addressees of letters get their mail."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0005"
down_revision = "collector_0004"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table; letters of before have no address in it."""
    op.create_table(
        "addressee_address",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("number", Big, autoincrement=False, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "number"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
