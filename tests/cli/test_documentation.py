"""docs/cli.md, README.md and the hints name the commands that there are, and all of them."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from undersigned.cli.main import app

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src" / "undersigned" / "cli").glob("*.py"))


def commands(group: Any, path: str = "undersigned") -> Iterator[tuple[str, Any]]:
    """Give every command with its path."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = dict(commands(get_command(app)))


def usage_of(path: str, command: Any) -> str:
    """Return a command with its arguments, as the documentation's headings have it."""
    names = [p.metavar for p in command.params if p.param_type_name == "argument"]
    return " ".join([path, *names])


def options_of(command: Any) -> set[str]:
    """Return the long options of a command, without `--help`."""
    return {
        name
        for parameter in command.params
        if parameter.param_type_name == "option"
        for name in parameter.opts
        if name != "--help"
    }


def documented() -> dict[str, set[str]]:
    """Return the headings of docs/cli.md, each with the options in its table."""
    text = (ROOT / "docs" / "cli.md").read_text()
    parts = re.split(r"^### `(.*)`$", text, flags=re.MULTILINE)[1:]
    return {
        heading: set(re.findall(r"^\| `(--[a-z-]+)", body, re.MULTILINE))
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }


def test_every_command_is_documented_and_no_other() -> None:
    """Headings and commands are the same, and so are the options of each."""
    assert documented() == {
        usage_of(path, command): options_of(command) for path, command in COMMANDS.items()
    }


def shell_lines(text: str) -> list[str]:
    """Return the commands of `undersigned` in code blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [
        line for block in blocks for line in block.splitlines() if line.startswith("undersigned ")
    ]


README_LINES = shell_lines((ROOT / "README.md").read_text())


def test_the_readme_has_commands() -> None:
    """The next test would hold for none."""
    assert len(README_LINES) >= 8


@pytest.mark.parametrize("line", README_LINES)
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    """It names a command, and gives it the arguments and options that it takes."""
    words = shlex.split(line, comments=True)
    group: Any = get_command(app)
    while hasattr(group, "commands"):
        words = words[1:]
        assert words[0] in group.commands
        group = group.commands[words[0]]
    # Parsing alone; a command that lacks an argument would raise.
    group.make_context("undersigned", words[1:])


def test_every_command_that_is_named_in_passing_exists() -> None:
    """Hints, next steps and documents point to commands that there are."""
    known = {tuple(path.split()[1:]) for path in COMMANDS}
    groups = {path[0] for path in known if len(path) == 2}
    texts = [path.read_text() for path in (*SOURCES, ROOT / "README.md", ROOT / "docs" / "cli.md")]
    for match in re.finditer(
        r"(?<!from )undersigned ([a-z][a-z-]*)(?: ([a-z]+))?\b", "\n".join(texts)
    ):
        first, second = match.groups()
        if (ROOT / "src" / "undersigned" / first).exists():
            continue
        if first in groups:
            assert second is None or (first, second) in known, match.group()
        else:
            assert (first,) in known, match.group()
