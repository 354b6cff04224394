"""One run of the demo, shared by every test that looks at its result."""

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("undersigned")
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class DemoRun:
    """What `undersigned demo --no-serve` printed, and the folder that it left (read only, please)."""

    folder: Path
    code: int
    output: str
    errors: str

    @property
    def mirror(self) -> Path:
        """The mirror of the finished demo."""
        return self.folder / "mirror"

    def copy(self, to: Path) -> Path:
        """Copy the site to where it may be changed."""
        return Path(shutil.copytree(self.folder, to))


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_demo(folder: Path, *arguments: str) -> DemoRun:
    """Run the demo in a folder, as `make demo < /dev/null` does."""
    command = [str(SCRIPT), "demo", "--data", str(folder), "--port", str(free_port()), *arguments]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env={key: value for key, value in os.environ.items() if not key.startswith("UNDERSIGNED_")},
    )
    return DemoRun(folder, done.returncode, done.stdout, done.stderr)
