"""The crowd in which a member signs, and the way out of a small one: take the token now, sign later."""

from pathlib import Path
from typing import Final

import httpx2
import msgspec

from undersigned.cli import output
from undersigned.domain.canonical import Natural, decode_json
from undersigned.domain.letter import Letter, Mode
from undersigned.errors import FormatError, Refused
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Chosen
from undersigned.signer.exchange import fetch
from undersigned.signer.letter_view import LetterView

SMALL_CROWD: Final = 8
"""Unused tokens: among fewer, who watches could guess whose signature comes next."""


class _Crowd(msgspec.Struct):
    unused: Natural
    hidden: Natural


_CROWD: Final = msgspec.json.Decoder(_Crowd)


def tell_crowd(client: httpx2.Client, view: LetterView, mode: Mode | None) -> None:
    """Say how many hold a token that is not used yet, and advise to wait if they are few."""
    if mode is Mode.PUBLIC:
        return
    crowd = decode_json(_CROWD, fetch(client, f"{view.address}/crowd").body, "crowd")
    output.note(
        f"by the log: {crowd.unused} tokens issued and not used yet, {crowd.hidden} signatures that"
        " show no name"
    )
    if crowd.unused < SMALL_CROWD:
        output.note(
            "that is a small crowd: who watches the site could guess whose signature comes next;"
            " --token-only stops here, and you sign when more have their tokens, or from elsewhere"
        )


def check_words(letter: Letter, attempt: Path, words: str | None) -> None:
    """Check that the words of an edition before can be used. Raises FormatError."""
    if words is None:
        return
    if letter.edition == 1:
        raise FormatError("--words is for a new edition: this letter has none before it")
    if attempt.exists():
        raise FormatError(f"{attempt} has its words already; leave --words out to go on with it")


def normal_words(words: str | None) -> str | None:
    """Return words as they are kept; people write them with capitals, or one on a line."""
    return None if words is None else " ".join(words.lower().split())


def conclude_token(attempt: Attempt, path: Path, url: str) -> None:
    """Say where the token is, and how to go on. Raises Refused if the record was made already."""
    if isinstance(attempt.state, Chosen):
        error = Refused("This signature was made already, and may be on its way.")
        error.add_note("run the command again without --token-only: it sends the same bytes")
        raise error
    output.facts((("token", "taken, and not used yet"), ("attempt", str(path))))
    output.note(
        f"{path} holds the token and the 12 words: whoever reads it can sign in your place and"
        " withdraw; go on with it once, here or elsewhere, and delete every copy then"
    )
    output.next_step(
        f"undersigned sign {url} --attempt {path}, or: I began elsewhere, on the letter's sign page"
    )
