"""Notices that people read: plain text documents of headcounts, news and corrections; formats §3.3."""

import unicodedata
from typing import Final

from undersigned.domain.canonical import LONGEST_DOCUMENT, check_string
from undersigned.domain.reasons import NoticeKind
from undersigned.errors import FormatError

LONGEST_NOTICE: Final = 10_000
"""Characters: a page or three. What is longer belongs into a letter."""

READ_BY_PEOPLE: Final = (NoticeKind.HEADCOUNT, NoticeKind.NEWS, NoticeKind.CORRECTION)


def parse_notice(data: bytes) -> str:
    """Read the text of a notice. Raises FormatError unless it is plain text within its limits."""
    if len(data) > LONGEST_DOCUMENT:
        raise FormatError(f"notice: longer than {LONGEST_NOTICE} characters")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise FormatError("notice: not UTF-8 text") from None
    check_string(text, "notice", longest=LONGEST_NOTICE, lines=True)
    if not text:
        raise FormatError("notice: empty")
    return text


def clean_notice(data: bytes) -> str:
    """Return the text that a person's file means: NFC, line feeds, no space around it.

    Raises FormatError if that is no notice.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("notice: not UTF-8 text") from None
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    format_notice(text)
    return text


def format_notice(text: str) -> bytes:
    """Write the text of a notice. Raises FormatError unless it is plain text within its limits."""
    data = text.encode(errors="surrogatepass")
    parse_notice(data)
    return data
