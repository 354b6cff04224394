"""Explanations: the public document in which an organiser says why a signature is invalidated; §3."""

import unicodedata

from undersigned.domain.canonical import check_string
from undersigned.errors import FormatError

LONGEST_EXPLANATION = (
    2_000  # characters: it is read beside a list, and thousands may name the same one
)

_MOST_BYTES = 4 * LONGEST_EXPLANATION  # of UTF-8


def format_explanation(text: str) -> bytes:
    """Write an explanation as a document. Raises FormatError if it is none."""
    _check(text)
    return text.encode()


def parse_explanation(data: bytes) -> str:
    """Read an explanation. Raises FormatError."""
    if len(data) > _MOST_BYTES:
        raise FormatError(f"explanation: longer than {LONGEST_EXPLANATION} characters")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise FormatError("explanation: not UTF-8") from None
    _check(text)
    return text


def _check(text: str) -> None:
    check_string(text, "explanation", longest=LONGEST_EXPLANATION, lines=True)
    if not text.strip():
        raise FormatError("explanation: says nothing")


def clean_explanation(text: str) -> str:
    """Return the explanation that was typed into a form: NFC, line feeds, no space around it.

    Raises FormatError if that is none.
    """
    clean = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    _check(clean)
    return clean
