"""What a letter was at a time is found as quickly as what it was at a size."""

from alembic import op

revision = "collector_0013"
down_revision = "collector_0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("moment_by_time", "moment", ["letter_id", "at", "size"], unique=False)
