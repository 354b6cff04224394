"""Mails waiting to be sent: written in the transaction that causes them, deleted once they are out."""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.schema import mail


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail: a random id (16 bytes), to whom, what it says, how often it was tried, when to try next."""

    mail: bytes
    recipient: str
    subject: str
    body: str
    tries: int
    next_at: int


_COLUMNS = tuple(mail.c[name] for name in MailRow.__slots__)


def add_mail(connection: sa.Connection, row: MailRow) -> None:
    """Put a mail into the outbox."""
    connection.execute(
        sa.insert(mail).values(**{name: getattr(row, name) for name in MailRow.__slots__})
    )


def list_due_mails(connection: sa.Connection, now: int, limit: int) -> list[MailRow]:
    """Return mails whose time has come, the one that waits longest first."""
    query = sa.select(*_COLUMNS).where(mail.c.next_at <= now).order_by(mail.c.next_at).limit(limit)
    rows = connection.execute(query)
    return [MailRow(*row) for row in rows]


def postpone_mail(connection: sa.Connection, mail_id: bytes, *, tries: int, next_at: int) -> None:
    """Say when a mail that could not be sent is tried again."""
    connection.execute(
        sa.update(mail).where(mail.c.mail == mail_id).values(tries=tries, next_at=next_at)
    )


def delete_mail(connection: sa.Connection, mail_id: bytes) -> None:
    """Forget a mail that is out, or given up."""
    connection.execute(sa.delete(mail).where(mail.c.mail == mail_id))
