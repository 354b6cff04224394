"""Mails: what one is as bytes, sending it, and reading what mail servers say of it later.

A mail's text is as secret as the code in it: nothing here logs one, or an address, and files are for their
owner only.
"""

from undersigned.mail.message import Attachment, Mail
from undersigned.mail.sending import ABOUT_HEADER, Mailer, OutboxMailer, SmtpMailer
from undersigned.mail.signing import DkimKey

__all__ = [
    "ABOUT_HEADER",
    "Attachment",
    "DkimKey",
    "Mail",
    "Mailer",
    "OutboxMailer",
    "SmtpMailer",
]
