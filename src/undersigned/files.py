"""Files that are there whole or not at all, also after a crash or a power failure.

What is written goes to a second file beside the first, is forced to disk and takes its name; then the
folder is forced to disk, since otherwise a power failure may bring the old name back.
"""

import os
from pathlib import Path
from typing import Final

from undersigned.errors import StoreError

PART: Final = ".part"
"""What the second file's name ends with; a crash may leave it, and the next writing replaces it."""

PUBLIC: Final = 0o666
"""The mode of a file that everyone may read, as far as the process's umask lets them."""


def replace_file(path: Path, data: bytes, *, mode: int = PUBLIC) -> None:
    """Write a file, perhaps over another one; it is on disk when this returns.

    A crash leaves the old file or the new one. Raises StoreError.
    """
    part = part_of(path)
    try:
        # A file left by a crash is removed and not reused: its mode might not be this one.
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from None


def part_of(path: Path) -> Path:
    """Return the path of the second file, which a crash may leave."""
    return path.with_name(path.name + PART)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
