"""Sending mail: to a server by SMTP, or into a folder where nothing else is set up.

A mail's text is as secret as the code in it: nothing here logs one, and files are for their owner only.
"""

import os
import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from undersigned.errors import FormatError, StoreError

TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one person; `id` (hex) names its file and its Message-ID."""

    id: str
    recipient: str
    subject: str
    body: str


class Mailer(Protocol):
    """Something that sends a mail, or raises StoreError so that it is tried again."""

    def send(self, mail: Mail) -> None:
        """Send one mail."""


def _message(mail: Mail, sender: str) -> EmailMessage:
    local, _, domain = mail.recipient.rpartition("@")
    message = EmailMessage()
    message["From"] = sender
    message["To"] = Address(username=local, domain=domain)
    message["Subject"] = mail.subject
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message


class SmtpMailer:
    """Speaks SMTP to one server: `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`."""

    def __init__(self, url: str, sender: str) -> None:
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

    def send(self, mail: Mail) -> None:
        """Send one mail. Raises StoreError without the address or the text."""
        try:
            with self._connect() as connection:
                if self._scheme == "smtp+starttls":
                    connection.starttls(context=ssl.create_default_context())
                if self._user is not None:
                    connection.login(self._user, self._password)
                connection.send_message(
                    _message(mail, self._sender), self._sender, [mail.recipient]
                )
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # ValueError: a user's name or password that cannot be written in ASCII
            raise StoreError(
                f"the mail server did not take a mail: {type(error).__name__}"
            ) from None

    def _connect(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=context)
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)


_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class OutboxMailer:
    """Writes each mail to a file `<id>.eml`, mode 0600: for the demo, tests and trying things out."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, mail: Mail) -> None:
        """Write one mail. Raises StoreError."""
        data = bytes(_message(mail, self._sender))
        try:
            part = self._folder / f"{mail.id}.part"
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            part.replace(self._folder / f"{mail.id}.eml")
        except OSError as error:
            raise StoreError(f"{self._folder} cannot be written: {error.strerror}") from None
