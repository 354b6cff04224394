"""What the log says of each letter's roll, and how many tokens were issued under it."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0009"
down_revision = "collector_0008"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and fill it: until now no roll changed, and none was a domain's."""
    op.create_table(
        "roll_state",
        sa.Column("letter_id", sa.LargeBinary(), nullable=False),
        sa.Column("n", Big, nullable=True),
        sa.Column("issued", Big, nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("letter_id"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO roll_state (letter_id, n, issued, record)"
        " SELECT letter_id, roll_n,"
        " (SELECT count(*) FROM issued WHERE issued.letter_id = letter.letter_id), NULL FROM letter"
    )
