"""Plain words in documents: text that says something and that a page can show as it is; §3.4."""

import unicodedata

from undersigned.domain.canonical import check_string
from undersigned.errors import FormatError


def check_words(text: str | None, member: str, *, longest: int, lines: bool = True) -> None:
    """Check that text, if there is any, says something, in at most `longest` characters.

    `lines` allows line feeds. Raises FormatError.
    """
    if text is None:
        return
    check_string(text, member, longest=longest, lines=lines)
    if not text.strip():
        raise FormatError(f"{member}: says nothing")


def clean_words(text: str) -> str | None:
    """Return the text that was typed into a form: NFC, line feeds, no tabs or space around it.

    None: nothing was typed.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return unicodedata.normalize("NFC", lines).strip() or None
