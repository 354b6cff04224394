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
    from undersigned.domain.roll_file import LONGEST_ROLL

    rows = read_file(file, LONGEST_ROLL)
    folder = data_folder(data)
    with (
        issuer_in(folder, f"roll import {slug} {file}", origin) as issuer,
        output.progress_part("importing") as tell,
    ):
        number = import_roll(issuer, slug, rows, tell)
    output.say(f"{number} entries")
    output.next_step(
        f"undersigned letter open FILE --data {folder}, or codes for these members: "
        f"undersigned roll invites {slug} --data {folder}"
    )


@app.command()
def add(
    slug: Slug,
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="Columns email, name and perhaps role.")
    ],
    data: Data = None,
) -> None:
    """Add members to a list, also of a letter that is open: the log then states the new roll."""
    from undersigned.app.roll_changes import add_entries
    from undersigned.cli.files import read_file
    from undersigned.cli.roll_folder import rolls_in
    from undersigned.cli.settings import data_folder
    from undersigned.domain.roll_file import LONGEST_ROLL, parse_roll_csv

    entries = parse_roll_csv(read_file(file, LONGEST_ROLL))
    with (
        rolls_in(data_folder(data), f"roll add {slug} {file}") as rolls,
        output.progress_part("adding") as tell,
    ):
        change = add_entries(rolls.issuer, rolls.find_collector, slug, entries, tell)
    output.say(f"{change.changed} added, {change.left} were on the roll")
    _say_stated(change.n)


@app.command()
def block(
    slug: Slug,
    address: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose entry it is.")],
    data: Data = None,
) -> None:
    """Block a member: no code and no token any more. A token that is out stays good."""
    from undersigned.app.roll_changes import block_address
    from undersigned.cli.roll_folder import rolls_in
    from undersigned.cli.settings import data_folder
    from undersigned.domain.address import canonical_address

    with rolls_in(data_folder(data), f"roll block {slug} EMAIL") as rolls:
        change = block_address(rolls.issuer, rolls.find_collector, slug, canonical_address(address))
    output.say("blocked" if change.changed else "blocked before")
    _say_stated(change.n)


@app.command()
def void(
    slug: Slug,
    mark: Annotated[str, typer.Argument(metavar="MARK", help="The mark on the card.")],
    data: Data = None,
) -> None:
    """Void the code of a card that was lost; on a roll of codes alone this blocks its entry."""
    from undersigned.app.invites import void_card
    from undersigned.cli.roll_folder import rolls_in
    from undersigned.cli.settings import data_folder

    with rolls_in(data_folder(data), f"roll void {slug} {mark}") as rolls:
        change = void_card(rolls.issuer, rolls.find_collector, slug, mark)
    output.say("void" if change.changed else "void before")
    _say_stated(change.n)


def _say_stated(n: int | None) -> None:
    """Say what the log says now, if it says something new."""
    if n is not None:
        output.note(f"the log of the letter states a roll of {n} members")


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
    from undersigned.cli.roll_folder import rolls_in
    from undersigned.cli.settings import data_folder

    folder = data_folder(data)
    with rolls_in(folder, f"roll invites {slug}", origin) as rolls:
        number = write_invites(rolls, slug, count, out)
    if number:
        output.note("the codes cannot be shown again: their hashes alone are kept")
        output.next_step("hand each code to one member, by a way that nobody else reads")
    else:
        output.note("every entry of this roll has a code already")
        output.next_step(f"undersigned letter show {slug} --data {folder}")
