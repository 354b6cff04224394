"""How many signatures there are of each kind is kept, and no longer counted each time."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0014"
down_revision = "collector_0013"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and count what is there."""
    op.create_table(
        "signature_tally",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("condition", Big, autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened", Big, autoincrement=False, nullable=False),
        sa.Column("erased", Big, autoincrement=False, nullable=False),
        sa.Column("number", Big, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", "mode", "condition", "status", "opened", "erased"),
        sa.CheckConstraint("number >= 0"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO signature_tally"
        " SELECT letter_id, mode, CASE WHEN fixed = 1 THEN 0 ELSE condition END AS asks,"
        " status, opened, erased, count(*) FROM signature"
        " GROUP BY letter_id, mode, asks, status, opened, erased"
    )
