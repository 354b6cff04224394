"""Sending what is in the outbox, again and again until it is out or hopeless."""

from typing import Final

from undersigned.app.clock import Clock
from undersigned.app.failures import report_failure
from undersigned.mail import Mail, Mailer
from undersigned.store import outbox
from undersigned.store.database import Database, DatabaseRole

MOST_TRIES: Final[dict[DatabaseRole, int]] = {"issuer": 6, "collector": 15}
"""A code is good for 15 minutes, so that tries after the sixth, at 155 s, would be of no use; a trustee is
told once, and for a day: a server of mail may be down for long."""

FIRST_DELAY_S = 5
"""Then 10, 20, 40, 80 s and so on."""

MOST_AT_ONCE = 50


def deliver_mails(database: Database, clock: Clock, mailer: Mailer) -> int:
    """Send the mails of a database whose time has come; return how many are out.

    The first that fails ends it: whoever calls again goes on with the next, and can end in between,
    also when the server lets everyone wait. A crash between sending and deleting sends a mail twice: the
    same code, which does no harm.
    """
    now = clock.now()
    with database.read() as connection:
        due = outbox.list_due_mails(connection, now, MOST_AT_ONCE, database.role)
    sent = 0
    for row in due:
        try:
            mailer.send(Mail(row.mail.hex(), row.recipient, row.subject, row.body))
        except Exception as error:  # noqa: BLE001 - no mail may keep back all that come after it
            _postpone(database, row, now)
            report_failure("mails", error)
            break
        with database.write() as connection:
            outbox.delete_mail(connection, row.mail, database.role)
        sent += 1
    return sent


def _postpone(database: Database, row: outbox.MailRow, now: int) -> None:
    tries = row.tries + 1
    with database.write() as connection:
        if tries >= MOST_TRIES[database.role]:
            outbox.delete_mail(connection, row.mail, database.role)
        else:
            delay = FIRST_DELAY_S * 2**row.tries
            outbox.postpone_mail(
                connection, row.mail, tries=tries, next_at=now + delay, role=database.role
            )
