"""The browser's side by itself: its types, its lock file, and what its script may do."""

import json
import re
import subprocess
from pathlib import Path

from tests.node import FRONTEND, run_node

LARGEST_SCRIPT = 100_000
"""Bytes after gzip of all that a page about signing loads: a slow phone on a train gets it in time."""


def test_the_types_hold() -> None:
    """The compiler, at its strictest, has nothing to say about the sources and the tests."""
    compiler = str(FRONTEND / "node_modules/typescript/bin/tsc")
    for project in (".", "test"):
        run_node(compiler, "--noEmit", "-p", project)


def test_the_scripts_are_small_and_the_same_each_time(tmp_path: Path) -> None:
    """A hash of one may stand in a letter; none needs more than `script-src 'self'`."""
    first = run_node("build.mjs", str(tmp_path / "one"))
    assert run_node("build.mjs", str(tmp_path / "other" / "place")) == first
    sizes = re.findall(r"(\d+) with gzip", first)
    assert sizes
    assert all(int(size) < LARGEST_SCRIPT for size in sizes)
    for path in (tmp_path / "one").glob("*.js"):
        script = path.read_text(encoding="utf-8")
        for forbidden in ("eval(", "new Function", "WebAssembly", "innerHTML", "document.write"):
            assert forbidden not in script


def test_the_licences_of_what_is_bundled_stand_beside_it(tmp_path: Path) -> None:
    """Every package with a text, and each under terms that the AGPL can take in."""
    run_node("build.mjs", str(tmp_path))
    licences = (tmp_path / "LICENSES.txt").read_text(encoding="utf-8")
    named = re.findall(r"^(@?[a-z][\w./-]*) [\d.]+ \((.+)\)$", licences, re.MULTILINE)
    assert len(named) > 8
    assert {terms for _, terms in named} <= {
        "MIT",
        "Apache-2.0",
        "(BSD-2-Clause OR GPL-2.0-only)",
    }


def test_the_lock_file_names_no_address() -> None:
    """Neither a registry's nor any other; every package is pinned by its hash."""
    text = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert all("integrity" in about for name, about in packages.items() if name)


def test_dependencies_are_pinned_exactly() -> None:
    """No range: what was tested is what is installed."""
    about = json.loads((FRONTEND / "package.json").read_text(encoding="utf-8"))
    for kind in ("dependencies", "devDependencies"):
        for version in about[kind].values():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_what_is_ignored_stays_out_of_git() -> None:
    """The script is built, and so are the packages installed; neither is committed."""
    paths = ["src/undersigned/web/static/dist/core.js", "frontend/node_modules/x"]
    ignored = subprocess.run(
        ["git", "check-ignore", *paths], cwd=FRONTEND.parent, capture_output=True, text=True
    )
    assert ignored.stdout.split() == paths
