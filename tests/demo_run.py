"""One run of the demo, shared by every test that looks at its result."""

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(sys.executable).with_name("undersigned")
TIMEOUT_S = 900


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


def run_demo_once(base: Path) -> DemoRun:
    """Run the demo in a folder unless another worker has done so; wait while one does."""
    said = base / "demo.json"
    with (base / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            run = run_demo(base / "demo")
            said.write_text(json.dumps([run.code, run.output, run.errors]))
    code, output, errors = json.loads(said.read_text())
    return DemoRun(base / "demo", code, output, errors)
