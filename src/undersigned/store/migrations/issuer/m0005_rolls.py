"""Changes of a roll that wait for the log of their letter."""

import sqlalchemy as sa
from alembic import op

revision = "issuer_0005"
down_revision = "issuer_0004"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table. The column `blocked` of an entry may also hold 2 from now on."""
    op.create_table(
        "roll_change",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("seq", Big, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("letter_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
