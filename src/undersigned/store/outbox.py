"""Mails waiting to be sent: written in the transaction that causes them, deleted once they are out.

The issuer writes to members, the collector to trustees and addressees; each has its own table, of one shape.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.database import DatabaseRole
from undersigned.store.outbox_schema import mail, site_mail


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail: a random id (16 bytes), to whom, what it says, how often it was tried, when to try next.

    `headers` is a JSON object; `attachment` the hash of a document; `ref` what the mail is about.
    """

    mail: bytes
    recipient: str
    subject: str
    body: str
    html: str
    lang: str | None
    headers: str
    attachment: bytes | None
    kind: str
    ref: bytes | None
    tries: int
    next_at: int


_TABLES: dict[DatabaseRole, sa.Table] = {"issuer": mail, "collector": site_mail}


def add_mail(connection: sa.Connection, row: MailRow, role: DatabaseRole = "issuer") -> None:
    """Put a mail into the outbox."""
    connection.execute(
        sa.insert(_TABLES[role]).values(**{name: getattr(row, name) for name in MailRow.__slots__})
    )


def list_due_mails(
    connection: sa.Connection, now: int, limit: int, role: DatabaseRole = "issuer"
) -> list[MailRow]:
    """Return mails whose time has come, the one that waits longest first."""
    table = _TABLES[role]
    columns = [table.c[name] for name in MailRow.__slots__]
    query = sa.select(*columns).where(table.c.next_at <= now).order_by(table.c.next_at)
    return [MailRow(*row) for row in connection.execute(query.limit(limit))]


def postpone_mail(
    connection: sa.Connection,
    mail_id: bytes,
    *,
    tries: int,
    next_at: int,
    role: DatabaseRole = "issuer",
) -> None:
    """Say when a mail that could not be sent is tried again."""
    table = _TABLES[role]
    connection.execute(
        sa.update(table).where(table.c.mail == mail_id).values(tries=tries, next_at=next_at)
    )


def put_attachment(connection: sa.Connection, kind: str, ref: bytes, attachment: bytes) -> None:
    """Let the waiting mails of the collector about something come with another document."""
    table = _TABLES["collector"]
    connection.execute(
        sa.update(table)
        .where(table.c.kind == kind, table.c.ref == ref)
        .values(attachment=attachment)
    )


def delete_mails_about(connection: sa.Connection, ref: bytes, role: DatabaseRole) -> None:
    """Forget the waiting mails about something."""
    table = _TABLES[role]
    connection.execute(sa.delete(table).where(table.c.ref == ref))


def delete_mail(connection: sa.Connection, mail_id: bytes, role: DatabaseRole = "issuer") -> None:
    """Forget a mail that is out, or given up."""
    table = _TABLES[role]
    connection.execute(sa.delete(table).where(table.c.mail == mail_id))
