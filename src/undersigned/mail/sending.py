"""Sending mail: to a server by SMTP (RFC 5321), or into a folder where nothing else is set up.

What a server says is told apart, since it is answered differently:

- `MailRefused`: it will never take this mail (5xx to the recipient or to the mail itself).
- `MailDeferred`: it takes this mail later, perhaps (4xx to either, such as greylisting).
- any other StoreError: the server is down, or takes nothing from us; other mails would fare no better.
"""

import os
import re
import smtplib
import ssl
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from undersigned.errors import FormatError, MailDeferred, MailRefused, StoreError
from undersigned.mail.message import Mail, format_mail
from undersigned.mail.signing import DkimKey

TIMEOUT_S: Final = 20

_ENHANCED: Final = re.compile(rb"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")


class Mailer(Protocol):
    """Something that sends a mail, or raises StoreError: then it is tried again, unless MailRefused."""

    def send(self, mail: Mail) -> None:
        """Send one mail."""


class SmtpMailer:
    """Speaks SMTP to one server: `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`."""

    def __init__(self, url: str, sender: str, dkim: DkimKey | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise FormatError(
                "the mail server must be smtp://, smtp+starttls:// or smtps://host:port"
            )
        self._scheme = parts.scheme
        self._host = parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "")
        self._sender = sender
        self._dkim = dkim

    def send(self, mail: Mail) -> None:
        """Send one mail. Raises StoreError, MailRefused, MailDeferred without the address or the text."""
        data = _bytes_of(mail, self._sender, self._dkim)
        try:
            with self._connect() as connection:
                if self._scheme == "smtp+starttls":
                    connection.starttls(context=ssl.create_default_context())
                if self._user is not None:
                    connection.login(self._user, self._password)
                self._hand_over(connection, mail, data)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = error.recipients[mail.recipient]
            raise _told(code, said) from None
        except smtplib.SMTPDataError as error:
            raise _told(error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # ValueError: a user's name or password that cannot be written in ASCII
            raise StoreError(
                f"the mail server did not take a mail: {type(error).__name__}"
            ) from None

    def _hand_over(self, connection: smtplib.SMTP, mail: Mail, data: bytes) -> None:
        options, recipient_options = [], []
        if smtplib.quoteaddr(mail.recipient) != f"<{mail.recipient}>":
            # The library would write to whomever it reads in it.
            raise MailRefused(None, "the address is not one that a mail server is given as it is")
        connection.ehlo_or_helo_if_needed()
        if not (mail.recipient + self._sender).isascii():
            if not connection.has_extn("smtputf8"):
                # No other server is asked, and this one will not learn it overnight.
                raise MailRefused(None, "the mail server cannot write to an address beyond ASCII")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        if connection.has_extn("dsn"):
            # A bounce (RFC 3461) names the mail by this, and does not send its text about once more.
            options += ["RET=HDRS", f"ENVID={mail.id}"]
            recipient_options.append("NOTIFY=FAILURE")
        connection.sendmail(self._sender, [mail.recipient], data, options, recipient_options)

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)


def _bytes_of(mail: Mail, sender: str, dkim: DkimKey | None) -> bytes:
    """Return the bytes that are sent. Raises MailRefused: what cannot be written today never can."""
    try:
        data = format_mail(mail, sender)
        return data if dkim is None else dkim.sign(data)
    except FormatError as error:
        raise MailRefused(None, error.detail) from None


def _told(code: int, said: bytes | str) -> StoreError:
    """Return what a reply to the recipient or to the mail means; 421 is about the whole connection."""
    text = said.encode(errors="replace") if isinstance(said, str) else said
    enhanced = _ENHANCED.match(text)
    shown = f"{code} {enhanced[1].decode()}" if enhanced else str(code)
    if code == CLOSING:
        return StoreError("the mail server did not take a mail: it is closing")
    if code >= PERMANENT:
        return MailRefused(shown)
    return MailDeferred(shown)


CLOSING: Final = 421
PERMANENT: Final = 500

_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


ABOUT_HEADER: Final = "X-Undersigned-About"


class OutboxMailer:
    """Writes each mail to a file `<id>.eml`, mode 0600: for the demo, tests and trying things out.

    Its first header says which letter the mail is about, so that the file can be deleted with the letter's
    personal data; nobody who is sent a mail sees it.
    """

    def __init__(self, folder: Path, sender: str, dkim: DkimKey | None = None) -> None:
        self._folder = folder
        self._sender = sender
        self._dkim = dkim

    def send(self, mail: Mail) -> None:
        """Write one mail. Raises StoreError, MailRefused."""
        data = _bytes_of(mail, self._sender, self._dkim)
        if mail.about is not None:
            data = f"{ABOUT_HEADER}: {mail.about}\r\n".encode() + data
        try:
            part = self._folder / f"{mail.id}.part"
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            part.replace(self._folder / f"{mail.id}.eml")
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be written: {error.strerror}") from None
