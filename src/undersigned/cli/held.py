"""What a member kept of a signature, on the terminal: the receipt's file, or the twelve words."""

from pathlib import Path

import httpx2

from undersigned.cli import output
from undersigned.cli.files import read_file
from undersigned.errors import VerificationError
from undersigned.signer.amending import Held
from undersigned.signer.letter_view import API, LetterHead, get_letter
from undersigned.signer.receipt import LONGEST_RECEIPT, parse_receipt


def find_held(
    client: httpx2.Client, target: str, words: str | None, site: str | None, pinned: str | None
) -> tuple[LetterHead, Held]:
    """Read a receipt, or fetch the letter at an address and take the words, asking if they lack.

    Raises FormatError, StoreError, Unreachable, VerificationError.
    """
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
