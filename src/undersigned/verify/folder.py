"""Reading a mirrored folder, every file of which may have been made by somebody hostile.

Only names that the verifier made itself are read, no link is followed, and no file is read further
than its kind can be long.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from undersigned.errors import FormatError

MAX_PAGE_BYTES: Final = 64 * 1024 * 1024
"""A page of the site that is read whole; the longest is the history of a letter, 150 bytes an epoch."""
PART_SIZE: Final = 256 * 1024
"""Bytes of a longer file that are in memory at a time."""
MAX_LISTED: Final = 100_000
"""Letters of one site; listing a folder stops there."""

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Folder:
    """A mirrored folder, read by relative paths with forward slashes."""

    __slots__ = ("_plain", "_root")

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._plain: set[str] = set()

    @property
    def root(self) -> str:
        """Where it lies."""
        return self._root

    def find(self, path: str, limit: int) -> bytes | None:
        """Return the bytes of a file, None if there is none.

        Raises FormatError if it is longer than `limit` bytes, is not a file, cannot be read, or lies
        behind a link.
        """
        full = self._check_path(path)
        return None if full is None else self._find(full, path, limit)

    def find_document(self, digest: bytes, limit: int) -> bytes | None:
        """Return the bytes of the document that is named after a hash, as `find` does."""
        folder, name = f"{self._root}/documents", digest.hex()
        if folder not in self._plain and not self._check_folder(folder):
            return None
        return self._find(f"{folder}/{name}", f"documents/{name}", limit)

    def has(self, path: str) -> bool:
        """Say whether there is a file. Raises FormatError if something else is there, or a link."""
        full = self._check_path(path)
        try:
            mode = None if full is None else os.lstat(full).st_mode
        except FileNotFoundError:
            return False
        except OSError:
            raise FormatError(f"{path} cannot be read") from None
        if mode is not None and not stat.S_ISREG(mode):
            raise FormatError(f"{path} is not a file")
        return mode is not None

    def read_parts(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file of any length, part by part.

        Raises FormatError if there is none, and as `find` does.
        """
        full = self._check_path(path)
        descriptor = None if full is None else _open(full, path)
        if descriptor is None:
            raise FormatError(f"{path} is not there")
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FormatError(f"{path} is not a file")
            while part := os.read(descriptor, PART_SIZE):
                yield part
        except OSError:
            raise FormatError(f"{path} cannot be read") from None
        finally:
            os.close(descriptor)

    def _find(self, full: str, path: str, limit: int) -> bytes | None:
        descriptor = _open(full, path)
        if descriptor is None:
            return None
        try:
            return _read(descriptor, path, limit)
        finally:
            os.close(descriptor)

    def list_folders(self, path: str) -> tuple[str, ...]:
        """Return the names of the folders in a folder, sorted. Raises FormatError."""
        full = self._check_path(f"{path}/x")
        if full is None:
            return ()
        names: list[str] = []
        try:
            with os.scandir(Path(full).parent) as entries:
                for entry in entries:
                    names.append(entry.name)
                    if len(names) > MAX_LISTED:
                        raise FormatError(f"{path} holds more than {MAX_LISTED} files")
        except FileNotFoundError:
            return ()
        except OSError:
            raise FormatError(f"{path} cannot be listed") from None
        return tuple(sorted(names))

    def _check_path(self, path: str) -> str | None:
        """Return the whole path, None if a folder on the way is missing. Raises FormatError."""
        *folders, name = path.split("/")
        if not all(_PART.fullmatch(part) for part in (*folders, name)):
            raise FormatError("a name in the mirror is not one that a mirror has")
        full = self._root
        for part in folders:
            full = f"{full}/{part}"
            if full not in self._plain and not self._check_folder(full):
                return None
        return f"{full}/{name}"

    def _check_folder(self, full: str) -> bool:
        try:
            mode = os.lstat(full).st_mode
        except FileNotFoundError:
            return False
        except OSError:
            raise FormatError("a folder of the mirror cannot be read") from None
        if not stat.S_ISDIR(mode):
            raise FormatError(f"{Path(full).name} should be a folder and is none")
        self._plain.add(full)
        return True


def _open(full: str, path: str) -> int | None:
    try:
        return os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        raise FormatError(f"{path} is a link or cannot be read") from None


def _read(descriptor: int, path: str, limit: int) -> bytes:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise FormatError(f"{path} is not a file")
    parts: list[bytes] = []
    left = limit + 1
    at_once = min(found.st_size + 1, PART_SIZE)
    try:
        while left and (part := os.read(descriptor, min(left, at_once))):
            parts.append(part)
            left -= len(part)
    except OSError:
        raise FormatError(f"{path} cannot be read") from None
    if not left:
        raise FormatError(f"{path} is longer than {limit} bytes")
    return b"".join(parts)
