"""Reading what a mail server sends back: delivery status notifications (RFC 3464, in RFC 6522 reports).

Which mail it is about is said by the envelope id that it was sent with (RFC 3461), or by the Message-ID among
the headers that come with the report. Both are 128 random bits, which only those know who carried the mail;
nothing else of a report is believed.
"""

import email
import re
from dataclasses import dataclass
from email.message import Message
from email.policy import compat32
from typing import Any, Final

from undersigned.errors import FormatError

LONGEST_BOUNCE: Final = 512 * 1024
"""Bytes that are read: the report comes first, the mail that is sent back after it."""
MOST_PARTS: Final = 50

_ENVELOPE_ID: Final = re.compile(r"\s*([0-9a-f]{32})\s*")
_MESSAGE_ID: Final = re.compile(r"\s*<([0-9a-f]{32})@[^<>@\s]{1,253}>\s*")
_STATUS: Final = re.compile(r"\s*([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s|$)")
_REPORT: Final = "message/delivery-status"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail that came back for good: its id (16 bytes), and the status (RFC 3463) that was given."""

    mail: bytes
    code: str


def parse_bounce(data: bytes) -> Bounce | None:
    """Read a mail from outside; None if it says of no mail of ours that it failed for good.

    Whatever is longer than LONGEST_BOUNCE is cut before. Raises FormatError for what is no mail at all.
    """
    try:
        message = email.message_from_bytes(data[:LONGEST_BOUNCE], policy=compat32)
        return _read(message)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # The parser of the standard library meets what it did not expect.
        raise FormatError("this is no mail that can be read") from None


def _read(message: "Message[Any, Any]") -> Bounce | None:
    if not message.keys():
        raise FormatError("this is no mail that can be read")
    if message.get_content_type() != "multipart/report":
        return None
    parts = _parts_of(message)
    reports = [part for part in parts if part.get_content_type() == _REPORT]
    code = next((found for part in reports if (found := _failed_with(part)) is not None), None)
    mail = _find_id(parts)
    return None if code is None or mail is None else Bounce(mail, code)


def _parts_of(message: "Message[Any, Any]") -> list["Message[Any, Any]"]:
    """Return the parts that a message consists of itself, not those within them."""
    payload = message.get_payload()
    parts = payload if isinstance(payload, list) else []
    return [part for part in parts[:MOST_PARTS] if isinstance(part, Message)]


def _failed_with(report: "Message[Any, Any]") -> str | None:
    """Return the status of the first recipient whom the mail failed to reach for good."""
    # The first block of fields is about the mail, each of the others about a recipient.
    for block in _parts_of(report)[1:]:
        if str(block.get("Action", "")).strip().lower() == "failed":
            match = _STATUS.match(str(block.get("Status", "")))
            return match[1] if match else "5.0.0"
    return None


def _find_id(parts: list["Message[Any, Any]"]) -> bytes | None:
    for part in parts:
        kind = part.get_content_type()
        if kind == _REPORT:
            found = _first(_parts_of(part), "Original-Envelope-Id", _ENVELOPE_ID)
        elif kind == "message/rfc822":
            found = _first(_parts_of(part), "Message-ID", _MESSAGE_ID)
        elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
            found = _first([_headers_in(part)], "Message-ID", _MESSAGE_ID)
        else:
            found = None
        if found is not None:
            return bytes.fromhex(found)
    return None


def _headers_in(part: "Message[Any, Any]") -> "Message[Any, Any]":
    content = part.get_payload(decode=True)
    return email.message_from_bytes(content if isinstance(content, bytes) else b"", policy=compat32)


def _first(blocks: list["Message[Any, Any]"], name: str, form: re.Pattern[str]) -> str | None:
    for block in blocks[:1]:
        match = form.fullmatch(str(block.get(name, "")))
        if match is not None:
            return match[1]
    return None
