"""`undersigned trustee ack`: what a trustee is asked to stand for, and the answer."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from undersigned.cli import exit_codes, output

if TYPE_CHECKING:
    from undersigned.crypto.keys import TrusteeKey
    from undersigned.domain.proposal import Proposal


def acknowledge(url: str, load: Callable[[], "TrusteeKey"], *, yes: bool) -> None:
    """Show a proposed letter, check it against the trustee's key, ask, and send the ack."""
    from undersigned.cli.acking import fetch_proposal, locate, send_ack
    from undersigned.cli.http import open_client
    from undersigned.trustee.acking import make_ack

    located = locate(url)
    if not yes and not output.is_interactive():
        output.needs("--yes")
    key = load()
    with open_client() as client:
        proposal = fetch_proposal(client, located)
        number, sig = make_ack(proposal, key)
        _show(proposal, number)
        if not yes and not output.confirm("acknowledge it?"):
            output.note("nothing was sent")
            raise typer.Exit(exit_codes.NO)
        send_ack(client, located, number, sig)
    output.say(f"acknowledged as trustee {number} of {len(proposal.letter.trustees)}")
    output.next_step("keep the key file; you are told when it is your turn to open")


def _show(proposal: "Proposal", number: int) -> None:
    from undersigned.cli.letter_page import print_text
    from undersigned.cli.letter_summary import terms_of

    letter = proposal.letter
    output.facts(
        (
            *terms_of(letter),
            ("you are", f"trustee {number}, shown as {letter.trustees[number - 1].name}"),
        ),
        title="what this letter fixes, for good",
    )
    for text in proposal.texts:
        print_text(letter, text)
