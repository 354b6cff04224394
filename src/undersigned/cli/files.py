"""Reading and writing the files that a command is given."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from undersigned.errors import FormatError, StoreError
from undersigned.files import replace_file

if TYPE_CHECKING:
    from undersigned.crypto.timestamp import Roots
    from undersigned.tlog.policy import Policy


def read_file(path: Path, longest: int) -> bytes:
    """Read a file of at most `longest` bytes. Raises StoreError, FormatError."""
    try:
        with path.open("rb") as file:
            data = file.read(longest + 1)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > longest:
        raise FormatError(f"{path} is longer than {longest} bytes")
    return data


def read_policy(path: Path | None) -> "Policy | None":
    """Read a trust policy, None if none is named. Raises StoreError, FormatError."""
    if path is None:
        return None
    from undersigned.tlog.policy import MAX_POLICY_SIZE, parse_policy

    return parse_policy(read_file(path, MAX_POLICY_SIZE))


def read_roots(path: Path | None) -> "Roots":
    """Read certificates that are trusted for timestamps; none without a file.

    Raises StoreError, FormatError.
    """
    from undersigned.crypto.timestamp import LONGEST_ROOTS, parse_roots

    return () if path is None else parse_roots(read_file(path, LONGEST_ROOTS))


def check_new(path: Path, what: str) -> None:
    """Check that a file can be made here and is not there yet. Raises StoreError."""
    if path.exists():
        raise StoreError(f"{path} exists already; {what} is never written over")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise StoreError(f"{path.parent} is not a folder that can be written to")


def save_secret(path: Path, data: bytes) -> None:
    """Write a file for its owner's eyes only, replaced whole and on disk when this returns.

    A crash leaves the old file or the new one. Raises StoreError.
    """
    replace_file(path, data, mode=0o600)
