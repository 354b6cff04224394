"""`undersigned desk`: who is at the organisers' desk, and links for who cannot sign in."""

from typing import Annotated

import typer

from undersigned.cli import output
from undersigned.cli.options import Data

app = typer.Typer(rich_markup_mode=None, help="Let organisers in, and list who they are.")


@app.command()
def link(
    account: Annotated[
        str | None,
        typer.Option(
            "--account", metavar="NAME", help="Whose account it is [default: the only owner's]."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Print a link that lets somebody in once: to take over the desk, or to make a new passkey."""
    from undersigned.app.entering import is_claimed, make_claim, make_recovery
    from undersigned.cli.desk_opening import desk_in, print_link

    with desk_in(data) as desk:
        is_first = account is None and not is_claimed(desk)
        print_link(make_claim(desk) if is_first else make_recovery(desk, account))


@app.command()
def accounts(data: Data = None) -> None:
    """List the accounts of the desk with their roles."""
    from undersigned.app.accounts import get_accounts
    from undersigned.cli.desk_opening import desk_in

    with desk_in(data) as desk:
        found = get_accounts(desk).accounts
    rows = [(row.name, "revoked" if row.is_revoked else row.role) for row in found]
    if not rows:
        output.next_step("undersigned desk link prints a link with which the desk is taken over")
    output.table(("name", "role"), rows)
