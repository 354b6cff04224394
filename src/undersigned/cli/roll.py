"""`undersigned roll`: who may sign, from a list or by invite codes."""

from pathlib import Path
from typing import Annotated

import typer

from undersigned.cli import output
from undersigned.cli.options import Data, Origin

app = typer.Typer(rich_markup_mode=None, help="Say who may sign: a list, or invite codes.")

Slug = Annotated[
    str, typer.Argument(metavar="SLUG", help="The letter's `slug`, opened or not yet.")
]


@app.command("import")
def import_(
    slug: Slug,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="Columns email, name and perhaps role.")
    ],
    data: Data = None,
    origin: Origin = None,
) -> None:
    """Import the roll of a letter that is not open yet: all rows or none."""
    from undersigned.app.rolls import import_roll
    from undersigned.cli.files import read_file
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import issuer_in
    from undersigned.domain.roll import LONGEST_ROLL

    rows = read_file(file, LONGEST_ROLL)
    folder = data_folder(data)
    with issuer_in(folder, f"roll import {slug} {file}", origin) as issuer:
        number = import_roll(issuer, slug, rows)
    output.say(f"{number} entries")
    output.next_step(
        f"undersigned letter open FILE --data {folder}, or codes for these members: "
        f"undersigned roll invites {slug} --data {folder}"
    )


@app.command()
def invites(
    slug: Slug,
    count: Annotated[
        int | None,
        typer.Option("--count", metavar="N", help="How many, where the roll is codes alone."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="A new file for the codes, for your eyes only."),
    ] = None,
    data: Data = None,
    origin: Origin = None,
) -> None:
    """Make invite codes and print them, the only time that they can be seen."""
    from undersigned.cli.invites import write_invites
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import issuer_in

    folder = data_folder(data)
    with issuer_in(folder, f"roll invites {slug}", origin) as issuer:
        number = write_invites(issuer, slug, count, out)
    if number:
        output.note("the codes cannot be shown again: their hashes alone are kept")
        output.next_step("hand each code to one member, by a way that nobody else reads")
    else:
        output.note("every entry of this roll has a code already")
        output.next_step(f"undersigned letter show {slug} --data {folder}")
