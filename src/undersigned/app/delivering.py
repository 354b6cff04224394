"""Sending what is in the outbox, again and again until it is out or hopeless.

A mail that the server defers, or refuses for good, keeps back none of the others; a server that takes nothing
ends the round. What became of a mail is noted in the transaction that deletes or postpones it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from undersigned.app.clock import Clock
from undersigned.app.failures import report_event, report_failure
from undersigned.app.mailing import MOST_TRIES, MailKind
from undersigned.errors import MailDeferred, MailRefused
from undersigned.mail import Attachment, Mail, Mailer
from undersigned.store import letters as letter_store
from undersigned.store import outbox
from undersigned.store.database import Connection, Database
from undersigned.store.outbox import MailRow

FIRST_DELAY_S: Final = 5
"""Then 10, 20, 40, 80 s and so on."""

LONGEST_DELAY_S: Final = 12 * 3600

MOST_AT_ONCE: Final = 50

ATTACHMENT_NAME: Final = "letter.pdf"


class Fate(StrEnum):
    """What became of a mail: it is out, waits for its next try, was refused, or was tried too often."""

    SENT = "sent"
    WAITING = "waiting"
    REFUSED = "refused"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class Try:
    """One try to send a mail: how it ended, when, what the server said (a code), when the next is due."""

    fate: Fate
    at: int
    code: str | None = None
    next_at: int | None = None


Noting = Callable[[Connection, MailRow, Try], None]
"""What is told of each try, in the transaction that follows from it."""


def deliver_mails(
    database: Database, clock: Clock, mailer: Mailer, note: Noting | None = None
) -> int:
    """Send the mails of a database whose time has come; return how many are out.

    A server that takes none ends it: whoever calls again goes on with the next, and can end in between,
    also when the server lets everyone wait. A crash between sending and deleting sends a mail twice: the
    same one, with the same Message-ID, which does no harm.
    """
    now = clock.now()
    with database.read() as connection:
        due = outbox.list_due_mails(connection, now, MOST_AT_ONCE, database.role)
    sent = 0
    for row in due:
        goes_on, tried = _try(database, row, mailer, now)
        _settle(database, row, tried, note)
        sent += tried.fate is Fate.SENT
        if not goes_on:
            break
    return sent


def _try(database: Database, row: MailRow, mailer: Mailer, now: int) -> tuple[bool, Try]:
    """Send a mail; say whether the next one may go, and how it ended."""
    try:
        mailer.send(_mail_of(database, row, now))
    except MailRefused as error:
        report_event("mail refused", kind=row.kind, code=error.code or error.detail)
        return True, Try(Fate.REFUSED, now, error.code)
    except MailDeferred as error:
        report_event("mail put off", kind=row.kind, code=error.code)
        return True, _postponed(row, now, error.code)
    except Exception as error:  # noqa: BLE001 - no mail may keep back all that come after it
        report_failure("mails", error)
        return False, _postponed(row, now, None)
    return True, Try(Fate.SENT, now)


def _mail_of(database: Database, row: MailRow, now: int) -> Mail:
    attachments = []
    if row.attachment is not None:
        with database.read() as connection:
            content = letter_store.find_document(connection, row.attachment)
        if content is None:
            # A name in it was erased; another one is being made.
            raise MailDeferred("attachment")
        attachments.append(Attachment(ATTACHMENT_NAME, "application/pdf", content))
    return Mail(
        row.mail.hex(),
        row.recipient,
        row.subject,
        row.body,
        html=row.html,
        lang=row.lang,
        at=now,
        headers=tuple(json.loads(row.headers).items()),
        attachments=tuple(attachments),
        about=None if row.ref is None else row.ref.hex(),
    )


def _postponed(row: MailRow, now: int, code: str | None) -> Try:
    if row.tries + 1 >= MOST_TRIES[MailKind(row.kind)]:
        report_event("mail given up", kind=row.kind, code=code)
        return Try(Fate.GIVEN_UP, now, code)
    delay = min(FIRST_DELAY_S * 2**row.tries, LONGEST_DELAY_S)
    return Try(Fate.WAITING, now, code, now + delay)


def _settle(database: Database, row: MailRow, tried: Try, note: Noting | None) -> None:
    with database.write() as connection:
        if tried.next_at is None:
            outbox.delete_mail(connection, row.mail, database.role)
        else:
            outbox.postpone_mail(
                connection,
                row.mail,
                tries=row.tries + 1,
                next_at=tried.next_at,
                role=database.role,
            )
        if note is not None:
            note(connection, row, tried)
