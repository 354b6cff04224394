"""`undersigned`: every command of the terminal, and what becomes of their errors.

Commands import what they need when they run, so that `--help` is there at once.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from undersigned.cli import (
    checking,
    claims,
    desk,
    exit_codes,
    issuer,
    letter,
    mail,
    output,
    receipt,
    recover,
    roll,
    serve,
    sign,
    trustee,
    witness,
)
from undersigned.errors import UndersignedError

app = typer.Typer(
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The open letter that nobody has to sign first.",
)
app.command()(serve.serve)
app.add_typer(letter.app, name="letter")
app.add_typer(roll.app, name="roll")
app.add_typer(issuer.app, name="issuer")
app.add_typer(desk.app, name="desk")
app.command()(sign.sign)
app.command()(sign.amend)
app.command()(sign.withdraw)
app.command()(sign.follow_through)
app.add_typer(receipt.app, name="receipt")
app.add_typer(trustee.app, name="trustee")
app.add_typer(mail.app, name="mail")
app.command()(recover.recover)
app.command()(checking.mirror)
app.command()(checking.verify)
app.command()(claims.check)
app.add_typer(witness.app, name="witness")


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)
    ] = False,
) -> None:
    """The open letter that nobody has to sign first."""
    from undersigned import __version__

    if version:
        output.say(f"undersigned {__version__}")
        raise typer.Exit(exit_codes.DONE)
    if context.invoked_subcommand is None:
        output.say(context.get_help())


@app.command()
def demo(
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="A folder for the demo's site.")
    ] = Path("demo-data"),
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65_535, help="The port to serve on.")
    ] = 8000,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Replay the day, and do not serve it.")
    ] = False,
) -> None:
    """Replay November 2023 with made-up people, then serve it."""
    from undersigned.cli.demo import run

    # Without a terminal nobody could end it.
    raise typer.Exit(run(data, port, serve=not no_serve and sys.stdin.isatty()))


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code. What went wrong is one sentence on stderr."""
    try:
        code = get_command(app).main(arguments, prog_name="undersigned", standalone_mode=False)
        sys.stdout.flush()
    except UndersignedError as error:
        return output.report(error)
    except typer.TyperException as error:
        return _report_usage(error)
    except (typer.Abort, KeyboardInterrupt):
        return exit_codes.INTERRUPTED
    except SystemExit:
        # Whoever read the output has left; the library ends the program for that.
        return exit_codes.COULD_NOT
    except OSError as error:
        _forget_stdout()
        return output.report_os(error)
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        return _report_defect(error)
    return code if isinstance(code, int) else exit_codes.DONE


def _report_usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "undersigned"
    message = error.format_message().replace("Value error, ", "")
    output.problem(message, f"{command} --help")
    return exit_codes.COULD_NOT


def _forget_stdout() -> None:
    """What is left in the buffer cannot be written; at its end Python would try, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_defect(error: Exception) -> int:
    """Say where it happened, and not with which values: they may be a name, a code or a key."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    output.problem(
        f"this should not happen: {type(error).__name__} in {frame.name}, line {frame.lineno}",
        "please report it; python -X dev -m undersigned ... shows more, which may hold secrets",
    )
    return exit_codes.COULD_NOT
