"""`undersigned sign`, `amend`, `withdraw`, `follow-through`: what a member says, or is asked for."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from undersigned.cli import output
from undersigned.cli.options import Key, SiteUrl, Yes


class ModeWord(StrEnum):
    """How to sign; the words of the letter."""

    PUBLIC = "public"
    SEALED = "sealed"
    ANONYMOUS = "anonymous"


class Shown(StrEnum):
    """How much of a name is shown."""

    INITIALS = "initials"
    FULL = "full"


class DidWord(StrEnum):
    """Whether a signer did what the letter said."""

    YES = "yes"
    NOT_YET = "not-yet"
    NO = "no"


LetterUrl = Annotated[str, typer.Argument(metavar="URL", help="The address of the letter's page.")]


def sign(
    url: LetterUrl,
    mode: Annotated[ModeWord | None, typer.Option("--mode", help="How to stand.")] = None,
    when: Annotated[
        int | None,
        typer.Option("--when", metavar="N", min=0, help="Count me in once N of us stand; 0: now."),
    ] = None,
    invite: Annotated[
        str | None,
        typer.Option("--invite", metavar="CODE", help="An invite code; - reads it from stdin."),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="ADDRESS", help="Where to send a code, asked for then."),
    ] = None,
    openid: Annotated[
        bool, typer.Option("--openid", help="Sign on in a browser, with the issuer's provider.")
    ] = False,
    shown: Annotated[
        Shown | None, typer.Option("--as", help="How the name is shown [default: full].")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="TEXT",
            help="Your name: for initials, or where the roll has no names.",
        ),
    ] = None,
    role: Annotated[
        str | None,
        typer.Option("--role", metavar="TEXT", help="Your role, where a name is said with --name."),
    ] = None,
    no_role: Annotated[bool, typer.Option("--no-role", help="Do not show the role.")] = False,
    statement: Annotated[
        str | None,
        typer.Option("--statement", metavar="TEXT", help="Words beside the name; empty: none."),
    ] = None,
    receipt: Annotated[
        Path | None,
        typer.Option(
            "--receipt", metavar="FILE", help="A new file [default: SLUG-EDITION.receipt.json]."
        ),
    ] = None,
    words: Annotated[
        str | None,
        typer.Option(
            "--words",
            metavar="WORDS",
            help="The 12 words of the edition before, to be used again; - reads stdin.",
        ),
    ] = None,
    token_only: Annotated[
        bool,
        typer.Option(
            "--token-only", help="Stop when the token is there, to sign later or elsewhere."
        ),
    ] = False,
    attempt: Annotated[
        Path | None,
        typer.Option(
            "--attempt",
            metavar="FILE",
            help="What is begun and not finished, to go on with [default: SLUG-EDITION.attempt].",
        ),
    ] = None,
    wait: Annotated[
        int,
        typer.Option("--wait", metavar="SECONDS", min=0, help="Wait so long for the proof."),
    ] = 0,
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Sign a letter; what was not said is asked for."""
    from undersigned.cli.signing import Wishes, sign_letter
    from undersigned.domain.letter import Mode

    wishes = Wishes(
        url=url,
        mode=None if mode is None else Mode(mode.value),
        when=when,
        invite=_line(invite),
        email=email,
        openid=openid,
        initials=None if shown is None else shown is Shown.INITIALS,
        name=name,
        role=role,
        no_role=no_role,
        statement=statement,
        receipt=receipt,
        words=_line(words),
        token_only=token_only,
        attempt=attempt,
        wait_s=wait,
        pinned_vkey=key,
        yes=yes,
    )
    sign_letter(wishes)


Target = Annotated[
    str, typer.Argument(metavar="RECEIPT|URL", help="A receipt, or the letter's address.")
]
Words = Annotated[
    str | None,
    typer.Option("--words", metavar="WORDS", help="With a URL: the 12 words; - reads stdin."),
]


def amend(
    target: Target,
    words: Words = None,
    mode: Annotated[
        ModeWord | None, typer.Option("--mode", help="How to stand [default: as it is].")
    ] = None,
    when: Annotated[
        int | None,
        typer.Option(
            "--when",
            metavar="N",
            min=0,
            help="Count me in once N of us stand; 0: now [default: as it is].",
        ),
    ] = None,
    statement: Annotated[
        str | None,
        typer.Option(
            "--statement",
            metavar="TEXT",
            help="Write the name anew with these words beside it; empty: none.",
        ),
    ] = None,
    site: SiteUrl = None,
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Change how a signature stands: its mode, condition or name, at most 8 times."""
    from undersigned.cli.amending import Wish, amend_signature
    from undersigned.domain.letter import Mode

    wish = Wish(None if mode is None else Mode(mode.value), when, statement)
    amend_signature(target, _line(words), wish, site, key, yes=yes)


def withdraw(
    target: Target,
    words: Words = None,
    site: SiteUrl = None,
    key: Key = None,
    yes: Yes = False,
) -> None:
    """Withdraw a signature, for good."""
    from undersigned.cli.withdrawing import withdraw_signature

    withdraw_signature(target, _line(words), site, key, yes=yes)


def follow_through(
    target: Target,
    answer: Annotated[DidWord, typer.Argument(metavar="ANSWER", help="yes, not-yet or no.")],
    words: Words = None,
    site: SiteUrl = None,
    key: Key = None,
) -> None:
    """Say, after the deadline, whether you did what the letter said."""
    from undersigned.cli.following_through import follow_through as say

    say(target, answer.value, _line(words), site, key)


def _line(value: str | None) -> str | None:
    """Read a secret from stdin where `-` stands for it: arguments can be seen by others."""
    if value != "-":
        return value
    import sys

    line = sys.stdin.readline().strip()
    return line or output.needs("a line on stdin")
