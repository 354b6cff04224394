"""The site's mails have HTML, headers, attachments and a kind; those that wait are to trustees."""

import sqlalchemy as sa
from alembic import op

revision = "collector_0006"
down_revision = "collector_0005"
branch_labels = None
depends_on = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table anew and put what waited into it."""
    kept = "mail", "recipient", "subject", "body", "tries", "next_at"
    old = sa.table("mail_to_trustees", *(sa.column(name) for name in kept))
    waiting = [dict(row._mapping) for row in op.get_bind().execute(sa.select(old))]  # noqa: SLF001
    op.drop_table("mail_to_trustees")
    table = op.create_table(
        "site_mail",
        sa.Column("mail", sa.LargeBinary(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("attachment", sa.LargeBinary(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=True),
        sa.Column("tries", Big, nullable=False),
        sa.Column("next_at", Big, nullable=False),
        sa.PrimaryKeyConstraint("mail"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    new = {
        "html": "",
        "lang": None,
        "headers": "{}",
        "attachment": None,
        "kind": "turn",
        "ref": None,
    }
    if waiting:
        op.bulk_insert(table, [row | new for row in waiting])
