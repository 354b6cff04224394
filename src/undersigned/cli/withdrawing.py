"""Withdrawing a signature on the terminal, by its receipt or by its twelve words."""

import typer

from undersigned.cli import exit_codes, output
from undersigned.cli.held import find_held
from undersigned.cli.http import open_client
from undersigned.cli.letter_summary import format_time
from undersigned.signer.amending import withdraw
from undersigned.signer.letter_view import LetterHead


def withdraw_signature(
    target: str, words: str | None, site: str | None, pinned_vkey: str | None, *, yes: bool
) -> None:
    """Withdraw by a receipt's file, or by a letter's address and the words, asked for if not given.

    Where nobody can be asked, `yes` has to be said: it is for good. Raises UnknownSignature,
    AlreadyWithdrawn, Unreachable, VerificationError, FormatError.
    """
    with open_client() as client:
        head, held = find_held(client, target, words, site, pinned_vkey)
        _confirm(head, yes=yes)
        promised = withdraw(client, head, held)
    output.facts(
        (
            ("letter", f"{head.letter.slug}@{head.letter.edition}"),
            ("withdrawn in the log by", format_time(promised.promise.by)),
        )
    )
    output.next_step("nothing; a withdrawal is final, and a published name cannot be called back")


def _confirm(head: LetterHead, *, yes: bool) -> None:
    if yes:
        return
    if not output.is_interactive():
        output.needs("--yes")
    name = f"{head.letter.slug}@{head.letter.edition}"
    if not output.confirm(f"withdraw the signature under {name}, for good?"):
        output.note("nothing was changed")
        raise typer.Exit(exit_codes.NO)
