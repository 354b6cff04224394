"""A mail, and its bytes: text and HTML side by side, headers, attachments (RFC 5322, MIME)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from typing import Any, Final

from undersigned.errors import FormatError

OWN_HEADERS: Final = ("List-Unsubscribe", "List-Unsubscribe-Post")
"""Headers that whoever writes a mail may add (RFC 2369, RFC 8058); all others are made here."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that comes with a mail."""

    name: str
    type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person; `id` (hex) names its file, its Message-ID and its envelope.

    `at` (UTC seconds) is when it is dated, `html` says the same as `body`. `about` (hex) is the id of its
    letter, which nobody is sent.
    """

    id: str
    recipient: str
    subject: str
    body: str
    html: str = ""
    lang: str | None = None
    at: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    about: str | None = None


def format_mail(mail: Mail, sender: str) -> bytes:
    """Write a mail as it is sent, with CRLF. Raises FormatError for what cannot be written."""
    try:
        # Bodies are 7 bits wide on every way, and a signature over them stays good.
        is_wide = not (mail.recipient + sender).isascii()
        policy = SMTP.clone(cte_type="7bit", utf8=is_wide)
        return _message(mail, sender, policy).as_bytes()
    except ValueError:
        # a name with a line end, an address that is none; the text of the error quotes it
        raise FormatError("a mail cannot be written") from None


def _message(
    mail: Mail, sender: str, policy: "EmailPolicy[EmailMessage[Any, Any]]"
) -> EmailMessage:
    local, _, domain = mail.recipient.rpartition("@")
    message = EmailMessage(policy=policy)
    message["From"] = sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    if mail.at is not None:
        message["Date"] = format_datetime(datetime.fromtimestamp(mail.at, UTC))
    message["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers:
        if name not in OWN_HEADERS:
            raise FormatError("a mail cannot have that header")
        message[name] = value
    message.set_content(mail.body)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for each in mail.attachments:
        main, _, sub = each.type.partition("/")
        message.add_attachment(each.content, maintype=main, subtype=sub, filename=each.name)
    if mail.lang is not None:
        # After the others: making parts moves whatever begins with Content into the first one.
        message["Content-Language"] = mail.lang
    return message
