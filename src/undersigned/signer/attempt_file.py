"""The file in which an attempt to sign survives a crash: mode 0600, replaced whole or not at all.

It holds the twelve words and, until the token is there, a code: it is as secret as the receipt.
"""

import os
import stat
from pathlib import Path
from typing import Final

from undersigned.errors import FormatError, StoreError
from undersigned.files import part_of, replace_file, sync_folder

MODE: Final = 0o600
OTHERS: Final = 0o077

LONGEST_ATTEMPT: Final = 256 * 1024
"""Bytes: a letter's record, a blob in base64url, a token, an attestation of a name."""


def save_attempt(path: Path, text: bytes, *, is_first: bool) -> None:
    """Write the file and force it to disk; the first time there must be none.

    A crash leaves the old file or the new one, and perhaps a second one beside it, which the next
    save replaces. Raises StoreError.
    """
    if is_first and path.exists():
        raise StoreError(f"{path} exists: it is an attempt to sign that was not finished.")
    replace_file(path, text, mode=MODE)


def load_attempt(path: Path) -> bytes:
    """Read the file. Raises StoreError if there is none or others can read it, FormatError."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(LONGEST_ATTEMPT + 1)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from None
    if not stat.S_ISREG(mode) or mode & OTHERS:
        refusal = StoreError(f"{path} can be read by others: its words may be known to them.")
        refusal.add_note(f"if a browser saved it there, and nobody else was here: chmod 600 {path}")
        raise refusal
    if len(text) > LONGEST_ATTEMPT:
        raise FormatError("The file is too long to be an attempt to sign.")
    return text


def remove_attempt(path: Path) -> None:
    """Delete the file and what a crash left beside it. Raises StoreError.

    What a disk keeps of a deleted file is out of reach from here; with encryption of the disk it
    is nothing.
    """
    try:
        part_of(path).unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be deleted: {error.strerror}.") from None
