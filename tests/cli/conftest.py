"""The commands as tests run them: in this process, or as the real console script."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from tests.cli.terminal import SCRIPT, Outcome, Terminal

from undersigned.cli.main import main

Run: TypeAlias = Callable[..., Outcome]
OpenTerminal: TypeAlias = Callable[..., Terminal]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run every test in a folder of its own, without settings from outside."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("UNDERSIGNED_"):
            monkeypatch.delenv(name)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def run_here(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return run_here


@pytest.fixture
def script(tmp_path: Path) -> Run:
    """Run the console script in a process."""

    def run_script(*arguments: object, stdin: str = "") -> Outcome:
        done = subprocess.run(
            [SCRIPT, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=180,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run_script


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[OpenTerminal]:
    """Run the console script on a terminal; none outlives its test, also where the test fails."""
    with ExitStack() as stack:

        def open_one(*arguments: str) -> Terminal:
            return stack.enter_context(Terminal(*arguments, cwd=tmp_path))

        yield open_one
