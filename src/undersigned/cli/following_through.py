"""Saying on the terminal whether one did what a letter said, by its receipt or by its twelve words."""

from undersigned.cli import output
from undersigned.cli.held import find_held
from undersigned.cli.http import open_client
from undersigned.domain.follow_through import FollowAnswer
from undersigned.signer.following import say_follow_through


def follow_through(
    target: str, answer: str, words: str | None, site: str | None, pinned_vkey: str | None
) -> None:
    """Say it by a receipt's file, or by a letter's address and the words, asked for if not given.

    Raises NotAskedYet, SaidBefore, UnknownSignature, Unreachable, VerificationError, FormatError.
    """
    with open_client() as client:
        head, held = find_held(client, target, words, site, pinned_vkey)
        say_follow_through(client, head, held, FollowAnswer(answer))
    output.facts(
        (
            ("letter", f"{head.letter.slug}@{head.letter.edition}"),
            ("counted", answer),
        )
    )
    output.next_step("nothing; it is counted once, and the letter's page shows the numbers")
