"""`undersigned trustee`: a key of one's own, and what it is there for."""

from pathlib import Path
from typing import Annotated

import typer

from undersigned.cli import output
from undersigned.cli.options import PolicyFile, Yes

app = typer.Typer(rich_markup_mode=None, help="Hold a key to sealed names.")

KeyFile = Annotated[
    Path, typer.Option("--key", metavar="FILE", help="The trustee's key file.", show_default=False)
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        metavar="FILE",
        help="Where the passphrase stands, in one line [default: it is asked for].",
    ),
]


@app.command()
def keygen(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file for the key.")],
    name: Annotated[
        str, typer.Option("--name", metavar="TEXT", help="Your name, as the letter will show it.")
    ] = "",
    passphrase_file: PassphraseFile = None,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Write the key as it is: whoever has it, can.")
    ] = False,
) -> None:
    """Make a trustee's key, and print what the organiser needs of it."""
    from undersigned.cli.trustee_key import make_key, table_of

    key = make_key(file, passphrase_file, no_passphrase=no_passphrase)
    output.say(table_of(key, name))
    output.note(f"keep {file} and its passphrase, each in two places: without them nothing opens")
    output.next_step("send these lines, which are no secret, to the organiser of the letter")


@app.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The key file.")],
    name: Annotated[
        str, typer.Option("--name", metavar="TEXT", help="Your name, as the letter will show it.")
    ] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Print what the organiser needs of a key, again; with it, the passphrase is tried."""
    from undersigned.cli.trustee_key import load_key, table_of

    output.say(table_of(load_key(file, passphrase_file), name))


@app.command()
def ack(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The address of the proposal, from the organiser.")
    ],
    key: KeyFile,
    passphrase_file: PassphraseFile = None,
    yes: Yes = False,
) -> None:
    """Check a proposed letter and your key in it, and acknowledge it."""
    from undersigned.cli.trustee_acking import acknowledge
    from undersigned.cli.trustee_key import load_key

    acknowledge(url, lambda: load_key(key, passphrase_file), yes=yes)


@app.command("open")
def open_(
    url: Annotated[str, typer.Argument(metavar="URL", help="The address of the letter's page.")],
    key: KeyFile,
    passphrase_file: PassphraseFile = None,
    log_key: Annotated[
        str | None,
        typer.Option(
            "--log-key", metavar="VKEY", help="The log's key, as you have it from elsewhere."
        ),
    ] = None,
    policy: PolicyFile = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            metavar="FILE",
            help="Where the last tree seen is kept [default: beside the key file].",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="Keep the copy of the log in this folder."),
    ] = None,
    wait: Annotated[
        int,
        typer.Option(
            "--wait", metavar="SECONDS", min=0, help="Wait so long for the turn and the others."
        ),
    ] = 0,
) -> None:
    """Check the log, open your shares of the names whose turn it is, and open them with the others'."""
    from undersigned.cli.trustee_key import load_key
    from undersigned.cli.trustee_opening import Part, open_names

    part = Part(url, key, log_key, policy, state, into, wait)
    raise typer.Exit(open_names(part, lambda: load_key(key, passphrase_file)))
