"""Files that hold a private key: written once, for their owner's eyes only.

A key file is never overwritten (the old key would be lost, and with it a log or a trustee's
shares), and one that others can read is not used, since somebody may have read it.
"""

import os
import stat
from pathlib import Path
from typing import Final

from undersigned.errors import FormatError, StoreError
from undersigned.files import sync_folder

MODE: Final = 0o600
OTHERS: Final = 0o077

MAX_KEY_FILE_BYTES: Final = 16 * 1024
"""The longest, an RSA key as PEM, has 1.7 kB; a larger file is not a key."""


def save_secret(path: Path, text: str) -> None:
    """Write a new file of mode 0600, on disk when this returns.

    Raises StoreError if the file exists or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    except FileExistsError:
        raise StoreError(f"{path} exists; a key is never overwritten.") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be created: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        # A crash instead of this error leaves a cut file, which every loader refuses as no key.
        path.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from None


def load_secret(path: Path) -> str:
    """Return the text of a key file.

    Raises StoreError if there is none, or if others than its owner can read it; FormatError if it
    is too long or not UTF-8.
    """
    try:
        # A pipe without a writer must not hold up the start: it is opened, seen and refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            # The open file is asked, not the path: it cannot be exchanged in between.
            _check_mode(path, os.fstat(descriptor).st_mode)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                value = file.read(MAX_KEY_FILE_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from None
    if len(value) > MAX_KEY_FILE_BYTES:
        raise FormatError("The file is too long to be a key.")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("The key file is not text.") from None


def _check_mode(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise StoreError(f"{path} is not a file.")
    if mode & OTHERS:
        raise StoreError(
            f"{path} can be read by others, so its key may be known to them. If it is not, "
            f"run: chmod 600 {path}"
        )
