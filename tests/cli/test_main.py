"""The door itself: quick help, versions, usage, and what becomes of accidents."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.cli.terminal import SCRIPT

from undersigned import __version__
from undersigned.app.running import RunningSite
from undersigned.app.site import make_site
from undersigned.cli import letter_template
from undersigned.cli.main import main
from undersigned.mail import OutboxMailer

HEAVY = (
    "fastapi",
    "sqlalchemy",
    "cryptography",
    "pydantic",
    "httpx2",
    "rich",
    "msgspec",
    "uvicorn",
)

OF_THE_DOOR = ("undersigned.cli", "undersigned.errors", "undersigned.outage")

LATE = (
    "alembic",
    "authlib",
    "babel.messages",
    "cryptography.x509",
    "httpcore2",
    "httpx2",
    "joserfc",
    "psycopg",
    "rfc3161_client",
    "sqlalchemy.dialects.postgresql",
    "undersigned.verify",
    "webauthn",
)
"""What a site needs now and then, or never: sign-ons, passkeys, openings, timestamps, witnesses, webhooks,
the other engine."""


def test_the_door_imports_nothing_heavy() -> None:
    """Help is quick because commands import what they need when they run."""
    program = "import sys, undersigned.cli.main; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "typer" in loaded
    assert not loaded & set(HEAVY)
    ours = {name for name in done.stdout.split() if name.startswith("undersigned.")}
    assert all(name.startswith(OF_THE_DOOR) for name in ours)


def test_a_start_imports_nothing_that_can_wait(tmp_path: Path) -> None:
    """Also when a site that is there is opened: what takes long is imported by whoever needs it first."""
    mailer = OutboxMailer(tmp_path / "outbox", "no-reply@letters.example")
    RunningSite(make_site(tmp_path / "data", "letters.example"), mailer).close()
    program = (
        "import sys, pathlib, undersigned.cli.serving as serving\n"
        f"site = serving.open_or_make(pathlib.Path({str(tmp_path / 'data')!r}), 'serve', None)\n"
        "serving.make_app(serving.RunningSite(site, None))\n"
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert {"fastapi", "sqlalchemy.dialects.sqlite", "undersigned.web.asgi"} <= loaded
    assert not loaded & set(LATE)


def test_version(script: Run) -> None:
    """The version is printed, and nothing else."""
    assert script("--version") == (0, f"undersigned {__version__}\n", "")


def test_help_without_a_command(script: Run) -> None:
    """Bare `undersigned` lists the commands."""
    done = script()
    assert done.code == 0
    assert "Commands:" in done.out
    assert done.err == ""


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (["--loud"], ["error: no such option: --loud", "hint: undersigned --help"]),
        (["letter"], ["error: missing command", "hint: undersigned letter --help"]),
        (["mirror", "x"], ["error: missing argument 'DIR'", "hint: undersigned mirror --help"]),
    ],
)
def test_wrong_usage_is_two_lines(run: Run, arguments: list[str], lines: list[str]) -> None:
    """The hint is the help of the command that was meant."""
    done = run(*arguments)
    assert done.code == 2
    assert done.err.lower().splitlines() == [line.lower() for line in lines]


def test_a_module_runs_too(tmp_path: Path) -> None:
    """`python -m undersigned` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "undersigned", "--version"], capture_output=True, cwd=tmp_path
    )
    assert done.stdout.decode() == f"undersigned {__version__}\n"


def test_a_full_disk_behind_stdout(run: Run, tmp_path: Path) -> None:
    """What cannot be written is one sentence, and exit code 2."""
    run("letter", "new", "x")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SCRIPT, "letter", "check", "x/letter.toml"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the disk is full\nhint: make room")


def test_a_reader_who_leaves_is_no_defect(run: Run, tmp_path: Path) -> None:
    """A pipe that is closed early ends the command in silence."""
    run("letter", "new", "x")
    with subprocess.Popen(
        [SCRIPT, "letter", "check", "x/letter.toml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(120) == 2


def test_a_defect_shows_its_place_and_no_value(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of an unknown exception may hold anything, and is not printed."""

    def break_down(*_: object) -> None:
        raise KeyError("abandon-zoo")

    monkeypatch.setattr(letter_template, "write_template", break_down)
    done = run("letter", "new", "x")
    assert done.code == 2
    assert done.err.startswith("error: this should not happen: KeyError in break_down, line ")
    assert "abandon" not in done.err


def test_an_interrupt_has_its_own_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends a command with 130."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(letter_template, "write_template", interrupt)
    assert main(["letter", "new", "x"]) == 130
