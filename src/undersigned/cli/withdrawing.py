"""Withdrawing a signature on the terminal, by its receipt or by its twelve words."""

from pathlib import Path

import httpx2
import typer

from undersigned.cli import output
from undersigned.cli.files import read_file
from undersigned.cli.http import open_client
from undersigned.cli.letter_summary import format_time
from undersigned.errors import VerificationError
from undersigned.signer.amending import Held, withdraw
from undersigned.signer.letter_view import API, LetterHead, get_letter
from undersigned.signer.receipt import LONGEST_RECEIPT, parse_receipt


def withdraw_signature(
    target: str, words: str | None, site: str | None, pinned_vkey: str | None, *, yes: bool
) -> None:
    """Withdraw by a receipt's file, or by a letter's address and the words, asked for if not given.

    Where nobody can be asked, `yes` has to be said: it is for good. Raises UnknownSignature,
    AlreadyWithdrawn, Unreachable, VerificationError, FormatError.
    """
    with open_client() as client:
        head, held = _target(client, target, words, site, pinned_vkey)
        _confirm(head, yes=yes)
        promised = withdraw(client, head, held)
    output.facts(
        (
            ("letter", f"{head.letter.slug}@{head.letter.edition}"),
            ("withdrawn in the log by", format_time(promised.promise.by)),
        )
    )
    output.next_step("nothing; a withdrawal is final, and a published name cannot be called back")


def _target(
    client: httpx2.Client, target: str, words: str | None, site: str | None, pinned: str | None
) -> tuple[LetterHead, Held]:
    if "://" in target:
        head = get_letter(client, target, pinned_vkey=pinned)
        return head, _normal(words or output.ask("your 12 words", "--words"))
    receipt = parse_receipt(read_file(Path(target), LONGEST_RECEIPT))
    if pinned is not None and pinned != receipt.log_vkey:
        raise VerificationError("The receipt is one of another log than the key's.")
    root = (site or "https://" + receipt.origin.partition("/")[0]).rstrip("/")
    return receipt.head(root + API), receipt


def _normal(words: str) -> str:
    """People write the words with capitals, or one on a line."""
    return " ".join(words.lower().split())


def _confirm(head: LetterHead, *, yes: bool) -> None:
    if yes:
        return
    if not output.is_interactive():
        output.needs("--yes")
    name = f"{head.letter.slug}@{head.letter.edition}"
    if not output.confirm(f"withdraw the signature under {name}, for good?"):
        output.note("nothing was changed")
        raise typer.Exit(output.NO)
