"""Programs in processes of their own, which end with the one that started them."""

import os
import pwd
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PATIENCE_S: Final = 120
"""Far above what anything here takes: the machine may be doing other things."""

LOOK_S: Final = 0.1

PATH: Final = f"{os.environ['PATH']}:/usr/sbin"
"""Where programs are; Debian's users do not look where its haproxy is."""

SERVERS_USER: Final = "postgres"
"""PostgreSQL does not run as root: where root starts all of this, databases and proxies run as this user."""


class Failed(Exception):
    """What was to be started was not, or it ended; the text says where to look."""


@dataclass(slots=True)
class Program:
    """A program that is started, killed and stopped by its process; what it writes is in `output`."""

    name: str
    command: Sequence[str]
    output: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        """The number of its process."""
        if self._process is None:
            raise Failed(f"{self.name} was not started")
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Say whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; the system asks it to end should the thread that starts it be gone."""
        wrapper = ["setpriv", "--pdeathsig", "TERM"]
        if self.user is not None:
            wrapper += ["--reuid", self.user, "--regid", self.user, "--init-groups"]
        with self.output.open("ab") as file:
            self._process = subprocess.Popen(
                [*wrapper, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env={"PATH": PATH, "LC_ALL": "C.UTF-8", **self.environment},
                # A Ctrl-C at the terminal is for the one that stops them in their order.
                start_new_session=True,
            )

    def check(self) -> None:
        """Raise Failed if it has ended."""
        if not self.is_alive:
            raise Failed(f"{self.name} ended; what it said is in {self.output}")

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask_to_end(self) -> None:
        """Ask it to end, and do not wait."""
        if self._process is not None and self.is_alive:
            self._process.terminate()

    def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Ask it to end, and see to it."""
        self.ask_to_end()
        if self._process is not None:
            try:
                self._process.wait(patience_s)
            except subprocess.TimeoutExpired:
                self.kill()


def wait_until(what: str, holds: Callable[[], bool], *programs: Program) -> None:
    """Wait for a condition as long as the programs live. Raises Failed."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        for program in programs:
            program.check()
        if time.monotonic() > end:
            raise Failed(f"waited {PATIENCE_S} s in vain: {what}")
        time.sleep(LOOK_S)


def find_processes(name: str, folder: Path) -> list[int]:
    """Return the processes of a name that work in a folder, as those of a PostgreSQL do in its own."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                is_it = (entry / "comm").read_text().strip() == name
                if is_it and (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
            except OSError:  # it has ended, or is somebody else's
                continue
    return found


def kill_processes(name: str, folder: Path) -> None:
    """End without a warning the processes of a name that work in a folder."""
    while found := find_processes(name, folder):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(LOOK_S)


def servers_user() -> str | None:
    """Return the user for databases and proxies, if that is another than ours. Raises Failed."""
    if os.getuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVERS_USER)
    except KeyError:
        raise Failed(f"there is no user {SERVERS_USER}; is PostgreSQL installed?") from None
    return SERVERS_USER


def check_way(folder: Path, user: str) -> None:
    """Check that another user can get to a folder of theirs in this one. Raises Failed."""
    for part in (folder, *folder.parents):
        if part.exists() and not part.stat().st_mode & stat.S_IXOTH:
            raise Failed(f"{part} is closed to {user}, who runs the databases")


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens at now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
