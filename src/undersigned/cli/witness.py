"""`undersigned witness`: run a witness, so that logs cannot show two faces; `docs/witness.md`."""

from pathlib import Path
from typing import Annotated

import typer

from undersigned.cli import output

app = typer.Typer(rich_markup_mode=None, help="Run a witness for the logs of others.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The witness's folder.")]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="Its name for good: your host, a slash, a word."
        ),
    ],
    log: Annotated[
        list[str] | None,
        typer.Option("--log", metavar="VKEY", help="A log that it shall know; may be repeated."),
    ] = None,
) -> None:
    """Make a witness: its key, and an empty memory."""
    from undersigned.crypto.note_key import format_vkey, parse_vkey
    from undersigned.witness.memory import make_witness, trust_log

    for vkey in log or ():
        parse_vkey(vkey)
    key = make_witness(folder, name)
    for vkey in log or ():
        trust_log(folder, vkey)
    output.facts((("witness", str(folder)), ("key", format_vkey(key))))
    if not log:
        output.next_step(f"undersigned witness trust {folder} VKEY, with the key of a log")
    output.next_step(f"undersigned witness serve {folder}; give the key above to the log")


@app.command()
def trust(
    folder: Folder,
    vkey: Annotated[str, typer.Argument(metavar="VKEY", help="The log's key, from who runs it.")],
) -> None:
    """Let the witness know a log. A witness that is being served learns it at its next start."""
    from undersigned.witness.memory import trust_log

    output.facts((("log", trust_log(folder, vkey).name),))
    output.next_step(f"undersigned witness serve {folder}")


@app.command()
def serve(
    folder: Folder,
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="The address to listen at.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", metavar="N", min=0, max=65_535, help="The port; 0: any free one."),
    ] = 8001,
) -> None:
    """Serve the witness. Ctrl-C stops it in good order."""
    from undersigned.cli.witness_serving import serve_witness

    serve_witness(folder, host, port)
