"""`undersigned issuer ack`: what an issuer is asked to give tokens for, and the answer."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from undersigned.cli import exit_codes, output

if TYPE_CHECKING:
    from undersigned.domain.proposal import Proposal


def acknowledge_letter(folder: Path, url: str, *, yes: bool) -> None:
    """Show a proposed letter, check it against the issuer's keys, ask, and send the ack."""
    from undersigned.app.offering import acknowledge, check_offered
    from undersigned.cli.acking import fetch_proposal, locate, send_ack
    from undersigned.cli.http import open_client
    from undersigned.cli.settings import signs_on
    from undersigned.cli.site_folder import open_or_make_issuer

    located = locate(url)
    if not yes and not output.is_interactive():
        output.needs("--yes")
    issuer = open_or_make_issuer(folder, "issuer offer SLUG", None)
    try:
        with open_client() as client:
            proposal = fetch_proposal(client, located)
            check_offered(issuer, proposal.letter)
            _show(proposal, located.base)
            if not yes and not output.confirm("acknowledge it, and fix its roll?"):
                output.note("nothing was sent")
                raise typer.Exit(exit_codes.NO)
            given = acknowledge(issuer, proposal.letter, located.base, signs_on=signs_on())
            send_ack(client, located, "issuer", given.sig, given.roll)
    finally:
        issuer.close()
    output.say(f"acknowledged, with a roll of {given.roll.n}")
    output.next_step(f"undersigned serve --data {folder}, if it is not served already")


def _show(proposal: "Proposal", base: str) -> None:
    from undersigned.cli.letter_page import print_text
    from undersigned.cli.letter_summary import terms_of

    letter = proposal.letter
    output.facts(
        (*terms_of(letter), ("signatures are collected at", base)),
        title="what this letter fixes, for good",
    )
    for text in proposal.texts:
        print_text(letter, text)
