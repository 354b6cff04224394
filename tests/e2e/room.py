"""Ways to take room, and rights, away from a server that runs."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tests.e2e.server import Server

DISK_BYTES = 2 * 1024 * 1024

_WITHOUT_RIGHTS = """\
import ctypes, os, sys
# Of root: to pass over the modes of files. For anyone else there is nothing to give up.
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""

AS_ANYONE = (sys.executable, "-c", _WITHOUT_RIGHTS)
"""Runs a program without the right to write what its owner may not write."""


class Room(Protocol):
    """The place where a site is, and how it fills up."""

    folder: Path

    def fill(self, server: Server) -> None:
        """Leave no room for what the server writes."""

    def clear(self, server: Server) -> None:
        """Make room again."""


class LimitedFiles:
    """No file of the server can grow any more: what quotas do, and what needs no rights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, server: Server) -> None:
        """Forbid the process to write beyond the first bytes of a file."""
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def clear(self, server: Server) -> None:
        """Take the limit away; a new process has none."""
        if server.is_alive:
            everything = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, everything)


class SmallDisk:
    """A disk of its own that becomes full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, _server: Server | None) -> None:
        """Write until nothing fits."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (4096, 1):
                while _writes(file.fileno(), size):
                    pass

    def clear(self, _server: Server | None) -> None:
        """Delete what filled the disk."""
        self._ballast.unlink(missing_ok=True)


def _writes(descriptor: int, size: int) -> bool:
    try:
        return os.write(descriptor, bytes(size)) > 0
    except OSError:
        return False


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk | None]:
    """Mount a disk in memory on a new folder; None where that is not allowed."""
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=700", "undersigned-test", str(folder)]
    if shutil.which("mount") is None or _run("mount", *options) != 0:
        yield None
        return
    try:
        yield SmallDisk(folder)
    finally:
        assert _run("umount", str(folder)) == 0


def _run(*command: str) -> int:
    return subprocess.run(command, capture_output=True).returncode
