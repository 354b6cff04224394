"""Signing mails of the sender's domain: DKIM (RFC 6376), RSA-SHA256, relaxed/relaxed.

The key's public half stands in the DNS under `<selector>._domainkey.<domain>`; `docs/mail.md`.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from undersigned.errors import FormatError

SIGNED_HEADERS: Final = (
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
    "Content-Language", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post",
)  # fmt: skip
"""Those of them that a mail has are signed, `From` once more than there is one: none can be added."""

_SELECTOR: Final = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key that mails are signed with: its selector, the sender's domain, an RSA key as PEM."""

    selector: str
    domain: str
    pem: str = field(repr=False)

    def __post_init__(self) -> None:
        """Check that it can sign. Raises FormatError, without a word of the key."""
        if len(self.selector) > 63 or not _SELECTOR.fullmatch(self.selector):
            raise FormatError("the DKIM selector is no name in the DNS")
        if not self.domain.isascii():
            raise FormatError(
                "the sender's domain must be written in ASCII (xn--) to be signed for"
            )
        self.sign(b"From: a@b.example\r\n\r\n\r\n")

    def sign(self, message: bytes) -> bytes:
        """Return a message (with CRLF) with its signature before it. Raises FormatError."""
        import dkim

        found = {line.split(b":", 1)[0].lower() for line in _head(message)}
        names = [name.lower().encode() for name in SIGNED_HEADERS]
        signed = [name for name in names if name in found]
        try:
            line: bytes = dkim.sign(
                message,
                self.selector.encode(),
                self.domain.encode(),
                self.pem.encode(),
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=[*signed, b"from"],
            )
        except (dkim.DKIMException, ValueError, TypeError):
            raise FormatError("the DKIM key is no RSA key in PEM") from None
        return line + message


def _head(message: bytes) -> list[bytes]:
    """Return the lines of a message's head that begin a header."""
    lines = message.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line for line in lines if line and not line[:1].isspace()]
